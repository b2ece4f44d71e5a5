package agents

import (
	"encoding/json"
	"maps"

	"parley/domain"
)

// patch is a checked change of an agent: its fields as they were sent.
type patch map[string]json.RawMessage

// readPatch checks the fields of a change. Those that an agent does not have, and those
// that the server keeps itself (id, status, times), are left out.
func readPatch(data []byte) (patch, error) {
	object, faults, err := parse(data)
	if err != nil {
		return nil, invalidCharacter(err)
	}
	fields := characterFields()
	delete(fields, "id")
	fields["enabled"] = is("boolean")
	for key, value := range object {
		check, known := fields[key]
		switch {
		case !known:
			delete(object, key)
		case value == nil && key != "name": // null takes the field away
		default:
			check(&faults, key, value)
		}
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	var sent patch
	if err := json.Unmarshal(data, &sent); err != nil {
		return nil, invalidCharacter(err)
	}
	maps.DeleteFunc(sent, func(key string, _ json.RawMessage) bool {
		_, wanted := object[key]
		return !wanted
	})
	return sent, nil
}

// applied returns a, whose secrets have the outside form, with the change made: fields
// replace what is there, settings are merged into it, and new secrets are encrypted.
func (p patch) applied(a Agent, v *vault) (Agent, error) {
	data, err := domain.PlainJSON(a.Character)
	if err != nil {
		return a, err
	}
	fields := object(data)
	for key, value := range p {
		switch {
		case key == "enabled":
			a.Enabled = string(value) == "true" || string(value) == "null"
		case key == "settings" && string(value) != "null":
			if fields[key], err = mergedSettings(fields[key], value, v); err != nil {
				return a, err
			}
		case key == "bio" && string(value) == "null":
			fields[key] = json.RawMessage(`""`)
		case string(value) == "null":
			delete(fields, key)
		default:
			fields[key] = value
		}
	}
	if data, err = domain.PlainJSON(fields); err != nil {
		return a, err
	}
	if len(data) > maxCharacter {
		return a, domain.Errorf(domain.Invalid, "Character validation failed: larger than %d bytes", maxCharacter)
	}
	var c Character
	if err := json.Unmarshal(data, &c); err != nil {
		return a, invalidCharacter(err)
	}
	c.Secrets = v.outside(Character{Secrets: c.Secrets}).Secrets
	a.Character = c
	return a, nil
}

// mergedSettings merges a change into settings. The secrets of the change are encrypted
// first, also empty ones.
func mergedSettings(settings, change json.RawMessage, v *vault) (json.RawMessage, error) {
	changes := object(change)
	if secrets := object(changes["secrets"]); secrets != nil {
		data, err := domain.PlainJSON(mapTexts(secrets, "", func(_, text string) string { return v.encrypt(text) }))
		if err != nil {
			return nil, err
		}
		changes["secrets"] = data
		if change, err = domain.PlainJSON(changes); err != nil {
			return nil, err
		}
	}
	merged, ok := merge(settings, change)
	if !ok {
		return json.RawMessage("{}"), nil
	}
	return merged, nil
}

// merge merges a change into a value as the reference does: an object key by key,
// anything else replaces. ok is false if nothing is left: for null, and for an object
// that became empty by a change that is not.
func merge(value, change json.RawMessage) (merged json.RawMessage, ok bool) {
	changes := object(change)
	if changes == nil {
		return change, string(change) != "null"
	}
	out := object(value)
	if out == nil {
		out = map[string]json.RawMessage{}
	}
	for key, c := range changes {
		if m, left := merge(out[key], c); left {
			out[key] = m
		} else {
			delete(out, key)
		}
	}
	if len(out) == 0 && len(changes) > 0 {
		return nil, false
	}
	data, err := domain.PlainJSON(out)
	return data, err == nil
}
