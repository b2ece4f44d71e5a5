package messaging

import (
	"context"
	"encoding/json"
	"errors"

	"parley/domain"
)

// GetMessageRequest names a message.
type GetMessageRequest struct {
	MessageID domain.MessageID `json:"messageId"`
}

// Validate returns every fault of the request.
func (r *GetMessageRequest) Validate() error {
	var f domain.Faults
	f.Require("messageId", string(r.MessageID))
	return f.Err()
}

// GetMessage returns one message. Codes: forbidden, not_found (absent or deleted),
// unavailable.
func (s *Service) GetMessage(ctx context.Context, a domain.Actor, r GetMessageRequest) (MessageRow, error) {
	m, err := s.store.Lookup(ctx, r.MessageID)
	if err == nil {
		err = s.requirePart(ctx, a, m.ChannelID)
	}
	if err == nil && m.Deleted {
		err = errNoMessage(r.MessageID)
	}
	if err != nil {
		return MessageRow{}, err
	}
	return NewMessageRow(m), nil
}

// errNoMessage is the answer where a message is absent or deleted.
func errNoMessage(id domain.MessageID) error {
	return domain.Errorf(domain.NotFound, "Message %s does not exist", id)
}

// EditRequest gives a message another text, other metadata, or both.
type EditRequest struct {
	MessageID domain.MessageID `json:"messageId"`
	// ChannelID may be left out.
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId,channel_id" access:"channel"`
	// Content may be left out where metadata are given.
	Content *string `json:"content" alias:"message,text" text:"long"`
	// Metadata replaces the values of the keys that it has.
	Metadata domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *EditRequest) Validate() error {
	var f domain.Faults
	f.Require("messageId", string(r.MessageID))
	var content string
	if r.Content != nil {
		content = *r.Content
	}
	if r.Content != nil || len(r.Metadata) == 0 {
		f.Require("content", content)
	}
	if fault := checkText(content, MaxContent); fault != "" {
		f.Add("content", "%s", fault)
	}
	return f.Err()
}

// Edit gives a message another text or other metadata and tells the room. Agents are not asked again; what
// they owe the message they still owe. In the modes open and key every member may edit
// every message, as in the reference, a bound one its own. It returns when the room has
// heard it. Codes: invalid, forbidden, not_found (absent or deleted), unavailable.
func (s *Service) Edit(ctx context.Context, a domain.Actor, r EditRequest) (MessageRow, error) {
	if r.ChannelID == "" {
		m, err := s.store.Lookup(ctx, r.MessageID)
		if err != nil {
			return MessageRow{}, err
		}
		if err := s.requirePart(ctx, a, m.ChannelID); err != nil {
			return MessageRow{}, err
		}
		r.ChannelID = m.ChannelID
	}
	m, err := s.store.Edit(ctx, r.ChannelID, r.MessageID, func(m Message) (Message, error) {
		if err := mustHaveWritten(a, m); err != nil {
			return Message{}, err
		}
		return edited(m, r), nil
	})
	if err != nil {
		return MessageRow{}, err
	}
	if err := errors.Join(s.announce(ctx, m, nil), s.tellEdited(ctx, m)); err != nil {
		return MessageRow{}, err
	}
	return NewMessageRow(m), nil
}

// tellEdited tells the dependents that a message has changed.
func (s *Service) tellEdited(ctx context.Context, m Message) error {
	return s.tell(ctx, m, func(d Dependents) error { return d.MessageEdited(ctx, m.ChannelID, m.ID) })
}

// edited is m with what r gives.
func edited(m Message, r EditRequest) Message {
	if r.Content != nil {
		m.Content, m.Raw = *r.Content, editedRaw(m.Raw, *r.Content)
	}
	m = m.withMetadata(r.Metadata)
	m.Metadata.Set("edited", true)
	return m
}

// editedRaw is the payload of a message whose text was changed. Clients read the text of
// it under one of three names, or in an object under one, so it must not say the old one
// there. A payload that is no object is dropped.
func editedRaw(raw json.RawMessage, text string) json.RawMessage {
	var fields domain.Metadata
	if len(raw) == 0 || json.Unmarshal(raw, &fields) != nil || fields == nil {
		return nil
	}
	for _, key := range []string{"message", "content", "text"} {
		var old string
		if value, ok := fields[key]; !ok {
			continue
		} else if json.Unmarshal(value, &old) == nil {
			fields.Set(key, text)
		} else if inner := editedRaw(value, text); inner != nil { // content: {text}
			fields[key] = inner
		}
	}
	changed, err := json.Marshal(fields)
	if err != nil { // it was JSON before
		return nil
	}
	return changed
}

// announce tells the room of a change and returns when it has heard it; also, if not nil,
// runs then.
func (s *Service) announce(ctx context.Context, m Message, also func()) error {
	delivered := make(chan struct{})
	s.spread(ctx, Event{Message: m, Delivered: func() {
		if also != nil {
			also()
		}
		close(delivered)
	}})
	select {
	case <-delivered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
