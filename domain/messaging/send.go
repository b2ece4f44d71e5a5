package messaging

import (
	"context"
	"encoding/json"

	"parley/domain"
	"parley/domain/trace"
)

// maxClientID is the longest client message id, in bytes.
const maxClientID = 256

// SendRequest posts a message. The names are those of the reference's socket event;
// those of its REST body are aliases.
type SendRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId,channel_id" access:"channel,new"`
	// ServerID may be left out if the channel exists.
	ServerID domain.ServerID `json:"serverId" alias:"messageServerId,server_id,message_server_id"`
	// AuthorID may be left out by a caller that said who it is at the handshake.
	AuthorID   domain.EntityID `json:"senderId" alias:"authorId,author_id" access:"self"`
	AuthorName string          `json:"senderName" alias:"author_display_name"`
	// Text is what is said, at most 100,000 characters.
	Text string `json:"message" alias:"content,text" text:"long"`
	// ClientMessageID is the client's own id: a repeat of it by the same author in the
	// same channel stores nothing and gets the first answer.
	ClientMessageID string `json:"messageId" alias:"clientMessageId"`
	// Source is from where the message comes, such as client_chat; agents always answer one
	// whose source contains that.
	Source string `json:"source" alias:"sourceType,source_type"`
	// Attachments is a list of objects, each with a url, and id, title and contentType if
	// there are such.
	Attachments json.RawMessage `json:"attachments"`
	// Metadata is free; isDm, channelType and targetUserId in it say what channel to make
	// where there is none.
	Metadata domain.Metadata `json:"metadata"`
	// TargetUserID is the other party where the channel has to be made as a direct one.
	TargetUserID string `json:"targetUserId"`
	// InReplyTo is dropped if it is not a UUID.
	InReplyTo  string          `json:"inReplyTo" alias:"inReplyToMessageId,in_reply_to_message_id"`
	RawMessage json.RawMessage `json:"rawMessage" alias:"raw_message"`
	// SourceID is what another platform calls the message; over REST only.
	SourceID string `json:"sourceId" alias:"source_id"`
	// Transport is how the answer is to be heard: websocket (the default), http or sse.
	Transport string `json:"transport"`
	// Mode says the same as transport in older words: websocket, sync or stream.
	Mode string `json:"mode"`
	// Payload is the request as received.
	Payload json.RawMessage `json:"-" op:"payload"`
}

// Validate returns every fault of the request.
func (r *SendRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("message", r.Text)
	if fault := checkText(r.Text, MaxContent); fault != "" {
		f.Add("message", "%s", fault)
	}
	for path, text := range map[string]string{"senderName": r.AuthorName, "source": r.Source, "messageId": r.ClientMessageID, "sourceId": r.SourceID} {
		if fault := checkText(text, maxClientID); fault != "" {
			f.Add(path, "%s", fault)
		}
	}
	if len(r.Attachments) > 0 && r.Attachments[0] != '[' {
		f.Add("attachments", "must be a list")
	}
	if _, ok := readTransport(r.Transport, r.Mode); !ok {
		f.Add("transport", "must be websocket, http or sse")
	}
	return f.Err()
}

// transport is how the answer is to be heard.
func (r *SendRequest) transport() Transport {
	t, _ := readTransport(r.Transport, r.Mode)
	return t
}

// WantsStream reports whether the answer is to be a stream; see op.Streamer.
func (r *SendRequest) WantsStream() bool { return r.transport() == TransportSSE }

// fillAuthor sets the author to the caller if none is given.
func (r *SendRequest) fillAuthor(actor domain.Actor) error {
	if r.AuthorID == "" {
		r.AuthorID = actor.Entity
	}
	if r.AuthorID == "" {
		return &domain.Error{Code: domain.Invalid, Message: "senderId is required",
			Issues: []domain.Issue{{Path: "senderId", Message: "is required"}}}
	}
	return nil
}

// isDM reports whether the request speaks of a direct conversation.
func (r *SendRequest) isDM() bool {
	return r.Metadata.True("isDm") || r.Metadata.String("channelType") == string(TypeDM) ||
		r.Metadata.String("channel_type") == string(TypeDM)
}

// nameAuthor puts the name that the caller's credential gives it, if there is one, where
// the request says another.
func (r *SendRequest) nameAuthor(a domain.Actor) {
	if a.Name == "" || checkText(a.Name, maxClientID) != "" {
		return
	}
	r.AuthorName = a.Name
	if _, named := r.Metadata["user_display_name"]; named {
		r.Metadata.Set("user_display_name", a.Name)
	}
}

// target returns the other party of a direct conversation, "" if none is named.
func (r *SendRequest) target() domain.EntityID {
	for _, text := range []string{r.Metadata.String("targetUserId"), r.Metadata.String("recipientId"), r.TargetUserID} {
		if id, err := domain.ParseID[domain.EntityID](text); err == nil {
			return id
		}
	}
	return ""
}

// Send stores a message and tells everybody: the room, then the author, then done.
// It submits in the order of calls and may answer after it has returned. With the
// transport http it answers when the agent has. Codes: invalid, forbidden (a bound caller
// that takes no part, or speaks as an agent), not_found (unknown server; an agent that does
// not run), timeout (no answer in time), internal with reason MODEL_ERROR (the agent
// failed), unavailable.
func (s *Service) Send(ctx context.Context, actor domain.Actor, r SendRequest, done func(Posted, error)) {
	if r.transport() == TransportHTTP {
		s.askHTTP(ctx, actor, r, done)
		return
	}
	if err := r.fillAuthor(actor); err != nil {
		done(Posted{}, err)
		return
	}
	r.nameAuthor(actor)
	channel, err := s.channelForSend(ctx, actor, &r)
	if err == nil {
		err = maySend(actor, channel, &r)
	}
	if err != nil {
		done(Posted{}, err)
		return
	}
	s.post(ctx, channel, s.newMessage(actor, channel, &r), Origin{Socket: actor.Socket, ClientMessageID: r.ClientMessageID}, done)
}

// newMessage builds the document of a send.
func (s *Service) newMessage(actor domain.Actor, channel Channel, r *SendRequest) Message {
	m := Message{
		ID: domain.NewID[domain.MessageID](), ChannelID: channel.ID, ServerID: channel.ServerID,
		AuthorID: r.AuthorID, AuthorName: r.AuthorName, Content: r.Text, Raw: r.RawMessage,
		SourceType: r.Source, SourceID: r.ClientMessageID, Metadata: metadataOf(r.Metadata),
	}
	if name := r.Metadata.String("user_display_name"); m.AuthorName == "" && checkText(name, maxClientID) == "" {
		m.AuthorName = name
	}
	if id, err := domain.ParseID[domain.MessageID](r.InReplyTo); err == nil {
		m.InReplyTo = id
	}
	if len(r.Attachments) > 0 {
		m.Metadata["attachments"] = r.Attachments
	}
	if actor.Socket == "" && r.SourceID != "" {
		m.SourceID = r.SourceID
	}
	if actor.Socket != "" {
		m.Raw = r.Payload
		m.Metadata.Set("user_display_name", displayName(m.AuthorName))
		m.Metadata.Set(socketKey, actor.Socket)
		m.Metadata.Set("serverId", channel.ServerID)
	}
	if m.SourceType == "" {
		m.SourceType = "eliza_gui"
		if actor.Socket != "" {
			m.SourceType = "socketio_client"
		}
	}
	m.Dedupe = DedupeID(m.ID)
	if r.ClientMessageID != "" {
		m.Dedupe = DedupeClient(m.AuthorID, r.ClientMessageID)
	}
	return m
}

// displayName is the name to show for an author that gave none.
func displayName(name string) string {
	if name == "" {
		return "User"
	}
	return name
}

// post appends m and, once it is durable, tells the room, the origin, done, and the
// agents that owe an answer, in this order.
func (s *Service) post(ctx context.Context, channel Channel, m Message, origin Origin, done func(Posted, error)) {
	m.Awaiting = s.duties.Awaiting(ctx, channel, m)
	err := s.store.Append(ctx, m, func(a Appended, err error) {
		if err != nil {
			if domain.IsCode(err, domain.NotFound) {
				s.channels.drop(m.ChannelID) // it was deleted while it was remembered
			}
			done(Posted{}, err)
			return
		}
		s.spread(ctx, Event{
			Message: a.Message, Origin: origin, Repeat: a.Duplicate,
			Delivered: func() {
				done(newPosted(a, origin), nil)
				s.afterPost(a)
			},
		})
	})
	if err != nil {
		done(Posted{}, err)
	}
}

// spread announces an event. Where ctx is traced, so is the announcement, and that of a
// message which is new begins the message's own trace.
func (s *Service) spread(ctx context.Context, e Event) {
	m := e.Message
	_, span := trace.Start(ctx, "announce", trace.Producer, trace.Text("parley.channel", m.ChannelID),
		trace.Text("parley.message", m.ID), trace.Number("parley.rev", m.Rev))
	if span.On() {
		var first trace.Span
		if !e.Repeat && m.Kind == KindPost && m.Rev == m.Seq {
			first = trace.Posted(ctx, m.ID, trace.Text("parley.channel", m.ChannelID), trace.Text("parley.message", m.ID),
				trace.Number("parley.seq", m.Seq))
		}
		delivered := e.Delivered
		e.Delivered = func() {
			first.End(nil)
			span.End(nil)
			if delivered != nil {
				delivered()
			}
		}
	}
	s.announcer.Announce(e)
}

// afterPost starts the agents' work, or ends the wait if there is none to do. A
// repeat of a message that is still being answered leaves its turn alone.
func (s *Service) afterPost(a Appended) {
	if len(a.Message.Awaiting) > 0 {
		s.duties.Hint(a.Message)
		return
	}
	s.completed(Completion{ChannelID: a.Message.ChannelID, ServerID: a.Message.ServerID,
		MessageID: a.Message.ID, Result: ResultNone})
}

// PostReply stores one message of an agent's turn. The same id again stores nothing,
// which makes it safe to repeat after a crash. It returns when the room has heard it.
func (s *Service) PostReply(ctx context.Context, m Message) error {
	channel, err := s.channels.get(ctx, m.ChannelID)
	if err != nil {
		return err
	}
	m.Awaiting = s.duties.Awaiting(ctx, channel, m)
	_, err = s.put(ctx, channel, m)
	return err
}

// put stores a message of an agent, tells the room, whoever follows the message that it
// answers, and the agents that it awaits; it returns when they have heard it. Nobody
// waits for answers to it.
func (s *Service) put(ctx context.Context, channel Channel, m Message) (Appended, error) {
	m.ServerID, m.Dedupe = channel.ServerID, DedupeID(m.ID)
	type outcome struct {
		Appended
		err error
	}
	outcomes := make(chan outcome, 1)
	err := s.store.Append(ctx, m, func(a Appended, err error) {
		if err != nil {
			outcomes <- outcome{err: err}
			return
		}
		s.spread(ctx, Event{Message: a.Message, Repeat: a.Duplicate, Delivered: func() {
			if len(a.Message.Awaiting) > 0 {
				s.duties.Hint(a.Message)
			}
			if a.Message.InReplyTo != "" {
				s.answers.replied(a.Message)
			}
			outcomes <- outcome{Appended: a}
		}})
	})
	if err != nil {
		return Appended{}, err
	}
	select {
	case o := <-outcomes:
		if domain.IsCode(o.err, domain.NotFound) {
			s.channels.drop(m.ChannelID) // it was deleted while it was remembered
		}
		return o.Appended, o.err
	case <-ctx.Done():
		return Appended{}, ctx.Err()
	}
}
