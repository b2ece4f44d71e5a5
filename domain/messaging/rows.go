package messaging

import (
	"cmp"
	"encoding/json"

	"parley/domain"
)

// SourceAgent is the SourceType of what agents say.
const SourceAgent = "agent_response"

// ServerRow is a message server on the wire.
type ServerRow struct {
	ID         domain.ServerID `json:"id"`
	Name       string          `json:"name"`
	SourceType string          `json:"sourceType"`
	SourceID   string          `json:"sourceId,omitempty"`
	Metadata   domain.Metadata `json:"metadata,omitempty"`
	CreatedAt  string          `json:"createdAt"`
	UpdatedAt  string          `json:"updatedAt"`
}

// newServerRow is the wire form of s.
func newServerRow(s Server) ServerRow {
	return ServerRow{ID: s.ID, Name: s.Name, SourceType: s.SourceType, SourceID: s.SourceID, Metadata: s.Metadata,
		CreatedAt: domain.ISO(s.CreatedAt), UpdatedAt: domain.ISO(s.UpdatedAt)}
}

// ServerList answers servers:list; both names carry the same list.
type ServerList struct {
	Servers        []ServerRow `json:"servers"`
	MessageServers []ServerRow `json:"messageServers"`
}

// TotalCount is how many servers there are.
func (l ServerList) TotalCount() (int, bool) { return len(l.Servers), true }

// ChannelRow is a channel on the wire.
type ChannelRow struct {
	ID              domain.ChannelID `json:"id"`
	MessageServerID domain.ServerID  `json:"messageServerId"`
	Name            string           `json:"name"`
	Type            ChannelType      `json:"type"`
	SourceType      string           `json:"sourceType,omitempty"`
	SourceID        string           `json:"sourceId,omitempty"`
	Topic           string           `json:"topic,omitempty"`
	Metadata        domain.Metadata  `json:"metadata,omitempty"`
	CreatedAt       string           `json:"createdAt"`
	UpdatedAt       string           `json:"updatedAt"`
}

// newChannelRow is the wire form of c.
func newChannelRow(c Channel) ChannelRow {
	return ChannelRow{ID: c.ID, MessageServerID: c.ServerID, Name: c.Name, Type: c.Type, SourceType: c.SourceType,
		SourceID: c.SourceID, Topic: c.Topic, Metadata: c.Metadata,
		CreatedAt: domain.ISO(c.CreatedAt), UpdatedAt: domain.ISO(c.UpdatedAt)}
}

// ChannelList answers channels:list.
type ChannelList struct {
	Channels []ChannelRow `json:"channels"`
	total    int
}

// TotalCount is how many channels there are in all.
func (l ChannelList) TotalCount() (int, bool) { return l.total, true }

// CreatedChannel answers channels:create: the row itself, and the same nested.
type CreatedChannel struct {
	ChannelRow
	Channel      ChannelRow        `json:"channel"`
	Participants []domain.EntityID `json:"participants"`
}

// MessageRow is a message in a list of history.
type MessageRow struct {
	ID         domain.MessageID  `json:"id"`
	ChannelID  domain.ChannelID  `json:"channelId"`
	ServerID   domain.ServerID   `json:"serverId"`
	AuthorID   domain.EntityID   `json:"authorId"`
	AuthorName string            `json:"authorDisplayName,omitempty"`
	Content    string            `json:"content"`
	Raw        json.RawMessage   `json:"rawMessage,omitempty"`
	SourceType string            `json:"sourceType"`
	SourceID   string            `json:"sourceId,omitempty"`
	Metadata   domain.Metadata   `json:"metadata"`
	InReplyTo  *domain.MessageID `json:"inReplyToRootMessageId"`
	CreatedAt  string            `json:"createdAt"`
	UpdatedAt  string            `json:"updatedAt"`
	CreatedMS  int64             `json:"created_at"`
	UpdatedMS  int64             `json:"updated_at"`
	Seq        int64             `json:"seq"`
	Rev        int64             `json:"rev"`
}

// NewMessageRow is the wire form of m; thought, actions and attachments of the raw
// message stand in the metadata too, where clients look for them.
func NewMessageRow(m Message) MessageRow {
	row := MessageRow{ID: m.ID, ChannelID: m.ChannelID, ServerID: m.ServerID, AuthorID: m.AuthorID,
		AuthorName: m.AuthorName, Content: m.Content, Raw: m.Raw, SourceType: m.SourceType, SourceID: m.SourceID, Metadata: m.Extras(),
		CreatedAt: domain.ISO(m.CreatedAt), UpdatedAt: domain.ISO(m.UpdatedAt),
		CreatedMS: domain.Millis(m.CreatedAt), UpdatedMS: domain.Millis(m.UpdatedAt), Seq: m.Seq, Rev: m.Rev}
	if m.InReplyTo != "" {
		row.InReplyTo = &m.InReplyTo
	}
	return row
}

// ByAgent reports whether m is what an agent wrote, by what it says of itself.
func (m Message) ByAgent() bool {
	return m.SourceType == SourceAgent || m.SourceType == SourceAction ||
		m.AuthorID != "" && string(m.Metadata["agent_id"]) == `"`+string(m.AuthorID)+`"`
}

// Extras is the metadata with thought, actions and attachments filled in from the raw
// message of an agent where the metadata lacks them. A raw message that is no object, as
// old data has it, may be JSON text; one that is neither is no fault.
func (m Message) Extras() domain.Metadata {
	var raw domain.Metadata
	if !m.ByAgent() || len(m.Raw) == 0 || json.Unmarshal(m.Raw, &raw) != nil && !unquote(m.Raw, &raw) {
		return m.Metadata
	}
	out := m.Metadata.Clone()
	for _, key := range []string{"thought", "actions", "attachments"} {
		if value, ok := raw[key]; ok && out[key] == nil {
			out[key] = value
		}
	}
	return out
}

// unquote reads an object out of JSON text, and reports whether it could.
func unquote(raw json.RawMessage, into *domain.Metadata) bool {
	var text string
	return json.Unmarshal(raw, &text) == nil && json.Unmarshal([]byte(text), into) == nil
}

// PostedRow is a stored message as the answer to its sender.
type PostedRow struct {
	ID              domain.MessageID `json:"id"`
	ChannelID       domain.ChannelID `json:"channel_id"`
	ServerID        domain.ServerID  `json:"server_id"`
	MessageServerID domain.ServerID  `json:"message_server_id"`
	AuthorID        domain.EntityID  `json:"author_id"`
	AuthorName      string           `json:"author_display_name,omitempty"`
	Content         string           `json:"content"`
	CreatedAt       int64            `json:"created_at"`
	SourceType      string           `json:"source_type"`
	SourceID        string           `json:"source_id,omitempty"`
	Raw             json.RawMessage  `json:"raw_message,omitempty"`
	Metadata        domain.Metadata  `json:"metadata,omitempty"`
	InReplyTo       domain.MessageID `json:"in_reply_to_message_id,omitempty"`
	Seq             int64            `json:"seq"`
	Rev             int64            `json:"rev"`
}

// Posted answers messages:send. UserMessage repeats the row under the name that
// newer clients read.
type Posted struct {
	PostedRow
	UserMessage PostedRow `json:"userMessage"`
	// Duplicate says that the message had been stored by an earlier send.
	Duplicate bool `json:"duplicate,omitempty"`
	// AgentResponse is there only if the sender waited for it.
	AgentResponse *AgentResponse `json:"agentResponse,omitempty"`
}

// Lift puts the message and the answer to it beside data.
func (p Posted) Lift() map[string]any {
	fields := map[string]any{"userMessage": p.UserMessage}
	if p.AgentResponse != nil {
		fields["agentResponse"] = p.AgentResponse
	}
	return fields
}

// newPosted is the answer to an append. It names the client's id also if that is of a
// message that was deleted meanwhile, whose tombstone no longer knows it. A socket does
// not get back its own payload, which would stand beside the fields made of it.
func newPosted(a Appended, origin Origin) Posted {
	m := a.Message
	row := PostedRow{ID: m.ID, ChannelID: m.ChannelID, ServerID: m.ServerID, MessageServerID: m.ServerID,
		AuthorID: m.AuthorID, AuthorName: m.AuthorName, Content: m.Content, CreatedAt: domain.Millis(m.CreatedAt),
		SourceType: m.SourceType, SourceID: cmp.Or(m.SourceID, origin.ClientMessageID), Metadata: m.Metadata,
		InReplyTo: m.InReplyTo, Seq: m.Seq, Rev: m.Rev}
	if origin.Socket == "" {
		row.Raw = m.Raw
	}
	return Posted{PostedRow: row, UserMessage: row, Duplicate: a.Duplicate}
}
