package messaging

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"

	"parley/domain"
)

// SourceAction is the source type of a message which tells how a running action goes.
const SourceAction = "agent_action"

// SubmitRequest posts a message of an agent, or of the system. In the snake_case spelling,
// which agents use, it must be complete; in camelCase the server, the source type and the
// raw message have defaults.
type SubmitRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"channel_id,roomId" access:"channel"`
	ServerID  domain.ServerID  `json:"serverId" alias:"server_id,message_server_id,messageServerId"`
	AuthorID  domain.EntityID  `json:"authorId" alias:"author_id,agentId" access:"self"`
	Content   string           `json:"content" alias:"text" text:"long"`
	Source    string           `json:"sourceType" alias:"source_type"`
	// Raw is an object: text, thought, actions and whatever else belongs to it.
	Raw       json.RawMessage  `json:"rawMessage" alias:"raw_message"`
	InReplyTo domain.MessageID `json:"inReplyToMessageId" alias:"in_reply_to_message_id,inReplyTo"`
	Metadata  domain.Metadata  `json:"metadata"`
	// MessageID is the id that the message is to have; the same one again stores nothing.
	MessageID domain.MessageID `json:"messageId" alias:"message_id"`
	// Payload is the request as received.
	Payload json.RawMessage `json:"-" op:"payload"`
}

// snake reports whether the request is spelled as agents spell it.
func (r *SubmitRequest) snake() bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(r.Payload, &fields) != nil {
		return false
	}
	for _, name := range []string{"channel_id", "server_id", "message_server_id", "author_id", "source_type", "raw_message"} {
		if _, ok := fields[name]; ok {
			return true
		}
	}
	return false
}

// Validate returns every fault of the request.
func (r *SubmitRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("authorId", string(r.AuthorID))
	f.Require("content", r.Content)
	if r.snake() {
		f.Require("serverId", string(r.ServerID))
		f.Require("sourceType", r.Source)
		f.Require("rawMessage", string(r.Raw))
	}
	checkBody(&f, r.Content, r.Source, r.Raw)
	return f.Err()
}

// checkBody notes what is wrong with the parts of an agent's message.
func checkBody(f *domain.Faults, content, source string, raw json.RawMessage) {
	if fault := checkText(content, MaxContent); fault != "" {
		f.Add("content", "%s", fault)
	}
	if fault := checkText(source, maxClientID); fault != "" {
		f.Add("sourceType", "%s", fault)
	}
	if len(raw) > 0 && !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		f.Add("rawMessage", "must be an object")
	}
}

// message is what the request posts.
func (r *SubmitRequest) message(channel Channel, source string) Message {
	m := Message{
		ID: r.MessageID, ChannelID: channel.ID, ServerID: channel.ServerID, AuthorID: r.AuthorID,
		AuthorName: cmp.Or(r.Metadata.String("agentName"), "Agent"), Content: r.Content, Raw: r.Raw,
		SourceType: cmp.Or(r.Source, source), InReplyTo: r.InReplyTo, Metadata: metadataOf(r.Metadata),
	}
	if checkText(m.AuthorName, maxClientID) != "" {
		m.AuthorName = "Agent"
	}
	if m.ID == "" {
		m.ID = domain.NewID[domain.MessageID]()
	}
	if len(m.Raw) == 0 {
		if raw, err := domain.PlainJSON(map[string]string{"text": r.Content}); err == nil {
			m.Raw = raw
		}
	}
	return m
}

// Submit posts a message of an agent and tells the room; the other agents of the channel
// are asked, its author is not. Nobody hears messageComplete of it: its author says that
// (see Complete). Codes: invalid, not_found (unknown channel), conflict (the id is
// another message's), unavailable.
func (s *Service) Submit(ctx context.Context, _ domain.Actor, r SubmitRequest) (MessageRow, error) {
	channel, err := s.channels.get(ctx, r.ChannelID)
	if err != nil {
		return MessageRow{}, err
	}
	m := r.message(channel, SourceAgent)
	m.Awaiting = s.duties.Awaiting(ctx, channel, m)
	a, err := s.put(ctx, channel, m)
	if err != nil {
		return MessageRow{}, err
	}
	return NewMessageRow(a.Message), nil
}

// CompleteRequest says that an agent has ended its turn.
type CompleteRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"channel_id,roomId" access:"channel"`
	ServerID  domain.ServerID  `json:"serverId" alias:"server_id,message_server_id,messageServerId"`
}

// Validate returns every fault of the request.
func (r *CompleteRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("serverId", string(r.ServerID))
	return f.Err()
}

// CompletionTold answers messages:complete.
type CompletionTold struct {
	Message string `json:"message"`
}

// Complete tells a room that nothing more is to be waited for, whether the channel exists
// or not, as the reference does.
func (s *Service) Complete(_ context.Context, _ domain.Actor, r CompleteRequest) (CompletionTold, error) {
	s.completed(Completion{ChannelID: r.ChannelID, ServerID: r.ServerID})
	return CompletionTold{Message: "Completion event emitted"}, nil
}
