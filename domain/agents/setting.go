package agents

import (
	"bytes"
	"encoding/json"
	"strings"

	"parley/domain"
)

// Setting returns an agent's setting as it counts while it runs: the first that is set of
// secrets, settings, settings.secrets and the environment; decrypted. It is a string, a
// bool (the texts true and false become one), a json.Number, the json.RawMessage of a
// list or object, or nil if it is not set or empty.
func (s *Service) Setting(id domain.AgentID, key string) any {
	a, ok := s.agent(id)
	if !ok {
		return nil
	}
	for _, values := range []map[string]json.RawMessage{
		a.Character.Secrets, a.Character.Settings, object(a.Character.Settings["secrets"]),
	} {
		if value := s.plain(values[key]); value != nil {
			return value
		}
	}
	return s.textSetting(s.env[key].Reveal())
}

// SettingText is Setting as a text, "" if it is not set.
func (s *Service) SettingText(id domain.AgentID, key string) string {
	switch v := s.Setting(id, key).(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case json.Number:
		return v.String()
	case json.RawMessage:
		return string(v)
	default:
		return ""
	}
}

// plain is the value of a setting, nil if it counts as not set.
func (s *Service) plain(raw json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if len(raw) == 0 || decoder.Decode(&value) != nil {
		return nil
	}
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return s.textSetting(v)
	case bool, json.Number:
		return v
	default:
		return raw
	}
}

// textSetting is a text as a setting.
func (s *Service) textSetting(text string) any {
	switch plain := s.vault.decrypt(text); plain {
	case "":
		return nil
	case "true":
		return true
	case "false":
		return false
	default:
		return plain
	}
}

// withEnvironment adds the settings that the environment holds for a character, as
// CHARACTER.<ID>.<KEY>, to its secrets; what the character says itself wins.
func (s *Service) withEnvironment(c Character) Character {
	name := string(c.ID)
	if name == "" {
		name = c.Name
	}
	prefix := "CHARACTER." + strings.ReplaceAll(strings.ToUpper(name), " ", "_") + "."
	nested := object(c.Settings["secrets"])
	secrets := map[string]json.RawMessage{}
	for variable, value := range s.env {
		key, ok := strings.CutPrefix(variable, prefix)
		if !ok || key == "" || nested[key] != nil {
			continue
		}
		if data, err := domain.PlainJSON(value.Reveal()); err == nil {
			secrets[key] = data
		}
	}
	if len(secrets) == 0 {
		return c
	}
	for key, value := range c.Secrets {
		secrets[key] = value
	}
	c.Secrets = secrets
	return c
}
