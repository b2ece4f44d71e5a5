package messaging

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"parley/domain"
)

// maxIngest bounds the messages of one request.
const maxIngest = 500

// IngestMessage is a message of another platform in the form for several at once.
type IngestMessage struct {
	// ID is the platform's own id of it.
	ID       string `json:"id"`
	AuthorID string `json:"authorId"`
	// AuthorName is the display name, "" if it is not known.
	AuthorName string `json:"authorName"`
	Content    string `json:"content"`
	// Timestamp is kept in the metadata; the order of the channel is that of arrival.
	Timestamp   json.RawMessage `json:"timestamp"`
	Attachments json.RawMessage `json:"attachments"`
	Metadata    domain.Metadata `json:"metadata"`
}

// IngestRequest takes over messages from another platform. Ids that are not UUIDs are the
// platform's own. It has three forms: one message in the reference's words (author_id,
// source_type, source_id), one in those of its published interface (userId, platform,
// messageId), and several (messages).
type IngestRequest struct {
	ChannelID  string `json:"channelId" alias:"channel_id"`
	ServerID   string `json:"serverId" alias:"server_id,message_server_id,messageServerId"`
	AuthorID   string `json:"authorId" alias:"author_id,userId"`
	AuthorName string `json:"authorDisplayName" alias:"author_display_name,authorName"`
	Content    string `json:"content" text:"long"`
	Source     string `json:"sourceType" alias:"source_type"`
	Platform   string `json:"platform"`
	// SourceID is what the platform calls the message: one that comes twice is stored once.
	SourceID    string          `json:"sourceId" alias:"source_id,messageId"`
	Raw         json.RawMessage `json:"rawMessage" alias:"raw_message"`
	InReplyTo   string          `json:"inReplyToMessageId" alias:"in_reply_to_message_id"`
	Attachments json.RawMessage `json:"attachments"`
	Metadata    domain.Metadata `json:"metadata"`
	// Messages are several at once, at most 500, instead of the fields of one.
	Messages []IngestMessage `json:"messages"`
}

// Validate returns every fault of the request.
func (r *IngestRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", r.ChannelID)
	checkNames(&f, map[string]string{"channelId": r.ChannelID, "serverId": r.ServerID, "sourceType": r.Source, "platform": r.Platform})
	f.Require("serverId", r.server())
	if r.Messages == nil {
		r.single().check(&f, "", "sourceId")
		return f.Err()
	}
	if n := len(r.Messages); n == 0 || n > maxIngest {
		f.Add("messages", "must have 1 to %d entries", maxIngest)
	}
	for i, m := range r.Messages {
		m.check(&f, fmt.Sprintf("messages.%d.", i), "id")
	}
	return f.Err()
}

// server is the server named; the published forms, which name the platform and no server,
// mean the default one.
func (r *IngestRequest) server() string {
	if r.ServerID == "" && r.Platform != "" {
		return string(domain.DefaultServer)
	}
	return r.ServerID
}

// single is the one message of the request.
func (r *IngestRequest) single() IngestMessage {
	return IngestMessage{ID: r.SourceID, AuthorID: r.AuthorID, AuthorName: r.AuthorName, Content: r.Content,
		Attachments: r.Attachments, Metadata: r.Metadata}
}

// check notes what is wrong with a message whose fields stand at path.
func (m IngestMessage) check(f *domain.Faults, path, id string) {
	f.Require(path+"authorId", m.AuthorID)
	f.Require(path+"content", m.Content)
	checkNames(f, map[string]string{path + "authorId": m.AuthorID, path + id: m.ID, path + "authorName": m.AuthorName})
	if fault := checkText(m.Content, MaxContent); fault != "" {
		f.Add(path+"content", "%s", fault)
	}
	if len(m.Attachments) > 0 && m.Attachments[0] != '[' {
		f.Add(path+"attachments", "must be a list")
	}
}

// Ingested answers messages:ingest.
type Ingested struct {
	Message   string           `json:"-"`
	MessageID domain.MessageID `json:"messageId"`
	// MessageIDs are there if several were given, in their order.
	MessageIDs []domain.MessageID `json:"messageIds,omitempty"`
	// Duplicate says that all of them had been stored earlier.
	Duplicate bool `json:"duplicate,omitempty"`
}

// HTTPStatus is 200 for what was there already.
func (i Ingested) HTTPStatus() int {
	if i.Duplicate {
		return 200
	}
	return 0
}

// Lift puts the sentence that the reference says beside data.
func (i Ingested) Lift() map[string]any {
	fields := map[string]any{"message": i.Message}
	if i.Duplicate {
		fields["duplicate"] = true
	}
	return fields
}

// externalID is the id of something of another platform.
func externalID[T ~string](source, id string) T {
	if known, err := domain.ParseID[T](id); err == nil {
		return known
	}
	return domain.StringToUUID[T](source + ":" + id)
}

// Ingest stores messages of another platform and tells the room and the agents; a message
// that came before, by source type and source id, is not stored again. A channel that is
// missing is made, and so is a server that is not named by a UUID. Codes: invalid,
// not_found (unknown server), unavailable.
func (s *Service) Ingest(ctx context.Context, _ domain.Actor, r IngestRequest) (Ingested, error) {
	source := cmp.Or(r.Source, r.Platform, "external")
	channel, err := s.channelForIngest(ctx, source, &r)
	if err != nil {
		return Ingested{}, err
	}
	list := r.Messages
	if list == nil {
		list = []IngestMessage{r.single()}
	}
	out := Ingested{Message: "Message ingested and published to bus", Duplicate: true}
	type outcome struct {
		posted Posted
		err    error
	}
	outcomes := make([]chan outcome, len(list))
	for i, m := range list {
		outcomes[i] = make(chan outcome, 1)
		s.post(ctx, channel, r.message(channel, source, m), Origin{}, func(p Posted, err error) { outcomes[i] <- outcome{p, err} })
	}
	for _, c := range outcomes {
		select {
		case o := <-c:
			if o.err != nil {
				return Ingested{}, o.err
			}
			out.MessageID = cmp.Or(out.MessageID, o.posted.ID)
			out.Duplicate = out.Duplicate && o.posted.Duplicate
			if r.Messages != nil {
				out.MessageIDs = append(out.MessageIDs, o.posted.ID)
			}
		case <-ctx.Done():
			return Ingested{}, ctx.Err()
		}
	}
	return out, nil
}

// message is the document of one of the request's messages.
func (r *IngestRequest) message(channel Channel, source string, given IngestMessage) Message {
	m := Message{
		ID: domain.NewID[domain.MessageID](), ChannelID: channel.ID, ServerID: channel.ServerID,
		AuthorID: externalID[domain.EntityID](source, given.AuthorID), AuthorName: given.AuthorName, Content: given.Content,
		SourceType: source, SourceID: given.ID, Metadata: metadataOf(given.Metadata),
	}
	if r.Messages == nil {
		m.Raw = r.Raw
		if id, err := domain.ParseID[domain.MessageID](r.InReplyTo); err == nil {
			m.InReplyTo = id
		}
	}
	if name := m.Metadata.String("user_display_name"); m.AuthorName == "" && checkText(name, maxClientID) == "" {
		m.AuthorName = name
	}
	if len(given.Attachments) > 0 {
		m.Metadata["attachments"] = given.Attachments
	}
	if len(given.Timestamp) > 0 && m.Metadata["timestamp"] == nil {
		m.Metadata["timestamp"] = given.Timestamp
	}
	m.Dedupe = DedupeID(m.ID)
	if given.ID != "" {
		m.Dedupe = DedupeSource(source, given.ID)
	}
	return m
}

// channelForIngest returns the channel of a request, and makes it if it is missing.
func (s *Service) channelForIngest(ctx context.Context, source string, r *IngestRequest) (Channel, error) {
	id := externalID[domain.ChannelID](source, r.ChannelID)
	c, err := s.channels.get(ctx, id)
	if !domain.IsCode(err, domain.NotFound) {
		return c, err
	}
	server, err := s.serverForIngest(ctx, source, r.server())
	if err != nil {
		return Channel{}, err
	}
	c = Channel{ID: id, ServerID: server, Type: ChannelType(r.Metadata.String("channelType")), Name: r.Metadata.String("channelName"),
		SourceType: source, Metadata: domain.Metadata{}}
	if !c.Type.Valid() {
		c.Type = TypeGroup
	}
	if c.Name == "" || checkText(c.Name, maxName) != "" {
		c.Name = "Chat " + string(id[:8])
	}
	if !domain.IsUUID(r.ChannelID) {
		c.SourceID = r.ChannelID
	}
	if r.Messages == nil {
		c.Participants = []domain.EntityID{externalID[domain.EntityID](source, r.AuthorID)}
	}
	c.Metadata.Set("created_by", "external_ingestion")
	c.Metadata.Set("created_at", domain.ISO(s.stamp()))
	c.Metadata.Set("channel_type", c.Type)
	stored, _, err := s.ensureChannel(ctx, c)
	return stored, err
}

// serverForIngest returns the id of a server; one in the platform's own words is made.
func (s *Service) serverForIngest(ctx context.Context, source, name string) (domain.ServerID, error) {
	id := externalID[domain.ServerID](source, name)
	err := s.requireServer(ctx, id)
	if !domain.IsCode(err, domain.NotFound) || domain.IsUUID(name) {
		return id, err
	}
	_, err = s.makeServer(ctx, Server{ID: id, Name: name, SourceType: source, SourceID: name})
	return id, err
}
