package agents

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"parley/domain"
)

// CreateRequest says of what to make an agent: the first of the three that is given, else
// the request itself, if it has a name, is the character.
type CreateRequest struct {
	// CharacterJSON is a character, as an object or as JSON text.
	CharacterJSON json.RawMessage `json:"characterJson"`
	// CharacterPath names a character file, or its address where that is allowed; used where
	// there is no characterJson.
	CharacterPath string `json:"characterPath"`
	// Agent is a character too, where neither of the other two is given.
	Agent json.RawMessage `json:"agent"`
	// Body is the whole request.
	Body json.RawMessage `json:"-" op:"payload"`
}

// Payload is what the request may hold beside its fields: a character; see package schema.
func (CreateRequest) Payload() any { return Character{} }

// Created answers agents:create.
type Created struct {
	ID domain.AgentID `json:"id"`
	// Character is the stored one, its secrets in encrypted form.
	Character Character `json:"character"`
	// Created is false if the agent existed; it is as it was, then.
	Created bool `json:"created"`
}

// Create makes an agent, which does not run yet, unless its id exists already. Codes:
// invalid (reason CREATE_ERROR), conflict (another id owns the name), unavailable.
func (s *Service) Create(ctx context.Context, _ domain.Actor, r CreateRequest) (Created, error) {
	c, err := s.character(ctx, r)
	if err != nil {
		return Created{}, createError(err)
	}
	c = s.withEnvironment(c)
	if c.ID == "" {
		c.ID = domain.StringToUUID[domain.AgentID](c.Name)
	}
	a, created, err := s.ensure(ctx, c, false)
	return Created{ID: a.ID, Character: a.Character, Created: created}, err
}

// createError gives what is wrong with a character the reference's code.
func createError(err error) error {
	var known *domain.Error
	if !errors.As(err, &known) || known.Code != domain.Invalid && known.Code != domain.NotFound {
		return err
	}
	named := *known
	named.Code, named.Reason = domain.Invalid, "CREATE_ERROR"
	return &named
}

// character reads the character of a request.
func (s *Service) character(ctx context.Context, r CreateRequest) (Character, error) {
	switch {
	case given(r.CharacterJSON):
		return readEither(r.CharacterJSON)
	case r.CharacterPath != "":
		return s.library.Find(ctx, r.CharacterPath)
	case given(r.Agent):
		return readEither(r.Agent)
	case object(r.Body)["name"] != nil:
		return readCharacter(r.Body)
	default:
		return Character{}, domain.Errorf(domain.Invalid, "No character configuration provided: "+
			"send characterJson, characterPath, agent, or the fields of a character")
	}
}

// given reports whether a field is there; the reference takes what JavaScript calls false
// for absent.
func given(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", `""`, "false", "0":
		return false
	default:
		return true
	}
}

// readEither reads a character that is given as an object or as JSON text.
func readEither(raw json.RawMessage) (Character, error) {
	if text, ok := asText(raw); ok {
		return readCharacter([]byte(text))
	}
	return readCharacter(raw)
}
