package messaging

import (
	"context"
	"encoding/json"
	"errors"

	"parley/domain"
)

// Act posts a message that tells how a running action goes; UpdateAction changes it. No
// agent is asked about it. Codes: as Submit.
func (s *Service) Act(ctx context.Context, _ domain.Actor, r SubmitRequest) (MessageRow, error) {
	channel, err := s.channels.get(ctx, r.ChannelID)
	if err != nil {
		return MessageRow{}, err
	}
	a, err := s.put(ctx, channel, r.message(channel, SourceAction))
	if err != nil {
		return MessageRow{}, err
	}
	return NewMessageRow(a.Message), nil
}

// ActionRequest changes what is given of an action's message.
type ActionRequest struct {
	// MessageID is the message that tells how the action goes.
	MessageID domain.MessageID `json:"id" alias:"messageId"`
	Content   *string          `json:"content" alias:"text" text:"long"`
	Raw       json.RawMessage  `json:"rawMessage" alias:"raw_message"`
	Source    *string          `json:"sourceType" alias:"source_type"`
	InReplyTo domain.MessageID `json:"inReplyToMessageId" alias:"in_reply_to_message_id,inReplyTo"`
	// Metadata replaces the values of the keys that it has.
	Metadata domain.Metadata `json:"metadata"`
	// AuthorID, if given, must be the author's.
	AuthorID domain.EntityID `json:"authorId" alias:"author_id,agentId" access:"self,filter"`
}

// Validate returns every fault of the request.
func (r *ActionRequest) Validate() error {
	var f domain.Faults
	f.Require("id", string(r.MessageID))
	var content, source string
	if r.Content != nil {
		content = *r.Content
		f.Require("content", content)
	}
	if r.Source != nil {
		source = *r.Source
		f.Require("sourceType", source)
	}
	checkBody(&f, content, source, r.Raw)
	return f.Err()
}

// apply is m with what the request gives.
func (r *ActionRequest) apply(m Message) (Message, error) {
	if r.AuthorID != "" && r.AuthorID != m.AuthorID {
		return m, domain.Errorf(domain.Forbidden, "Message %s is by another author", m.ID)
	}
	if r.Content != nil {
		m.Content = *r.Content
		m.Raw = editedRaw(m.Raw, m.Content)
	}
	if len(r.Raw) > 0 {
		m.Raw = r.Raw
	}
	if r.Source != nil {
		m.SourceType = *r.Source
	}
	if r.InReplyTo != "" {
		m.InReplyTo = r.InReplyTo
	}
	if len(r.Metadata) > 0 {
		m = m.withMetadata(r.Metadata)
	}
	return m, nil
}

// UpdateAction changes an action's message and tells the room of it under the same id.
// Codes: invalid, forbidden (another author's), not_found (absent or deleted), unavailable.
func (s *Service) UpdateAction(ctx context.Context, _ domain.Actor, r ActionRequest) (MessageRow, error) {
	found, err := s.store.Lookup(ctx, r.MessageID)
	if err != nil {
		return MessageRow{}, err
	}
	m, err := s.store.Edit(ctx, found.ChannelID, r.MessageID, r.apply)
	if err != nil {
		return MessageRow{}, err
	}
	return NewMessageRow(m), errors.Join(s.announce(ctx, m, nil), s.tellEdited(ctx, m))
}
