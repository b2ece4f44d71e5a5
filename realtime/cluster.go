package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/messaging"
	"parley/domain/trace"
	"parley/realtime/fanout"
	"parley/realtime/sio"
)

// topicGateways is the bus topic of what gateways tell one another.
const topicGateways = "gateways"

// noteTimeout is how long the bus may take for a note.
const noteTimeout = 5 * time.Second

// maxNotes bounds the notes that wait to be told.
const maxNotes = 1024

// remoteAnswerFor is how long an answer that arises on another replica counts as open after
// its last chunk: that replica may have died.
const remoteAnswerFor = 3 * time.Minute

// maxRemoteAnswers bounds the open answers of other replicas in one channel, and
// maxRemoteText what is kept of one, in bytes.
const (
	maxRemoteAnswers = 64
	maxRemoteText    = 1 << 20
)

// noteKind says what a note is about.
type noteKind string

// The kinds of notes.
const (
	// noteHead: a channel has come to Number. Whoever did not hear of it fetches it.
	noteHead noteKind = "head"
	// noteCheck: so much could not be told that every channel is to be checked.
	noteCheck noteKind = "check"
	// noteDeleted: a channel is deleted.
	noteDeleted noteKind = "deleted"
	// noteParticipants: others take part in a channel now.
	noteParticipants noteKind = "participants"
	// noteAgentRemoved: an agent is deleted.
	noteAgentRemoved noteKind = "agentRemoved"
	// noteStreamEnded: an answer that arose will get no more chunks; Number is its attempt.
	noteStreamEnded noteKind = "streamEnded"
	// noteStreamsAsked: the sender wants to know which answers arise in a channel.
	noteStreamsAsked noteKind = "streamsAsked"
	// noteStreams: those that arise at the sender.
	noteStreams noteKind = "streams"
	// noteEndsAsked: the sender may have missed completions, and deletions of agents.
	noteEndsAsked noteKind = "endsAsked"
	// noteEnds: the last completions that the sender knows of.
	noteEnds noteKind = "ends"
	// noteRelease: the client of a session that is To's has come back to the sender.
	noteRelease noteKind = "release"
	// noteReleased: that session is saved, or not there.
	noteReleased noteKind = "released"
)

// note is what gateways tell one another beside events.
type note struct {
	// From is the sender, which has done what is to be done.
	From string   `json:"from"`
	Kind noteKind `json:"kind"`
	// To is the only one that it is for, "" for all.
	To      string           `json:"to,omitempty"`
	Channel domain.ChannelID `json:"channel,omitempty"`
	Number  int64            `json:"number,omitempty"`
	Agent   domain.AgentID   `json:"agent,omitempty"`
	Message domain.MessageID `json:"message,omitempty"`
	// Age is how many milliseconds ago it was.
	Age     int64         `json:"age,omitempty"`
	Streams []streamSoFar `json:"streams,omitempty"`
	Ends    []endTold     `json:"ends,omitempty"`
	// PID and Identity are a session's; they give a right to it, and go into no log.
	PID      string `json:"pid,omitempty"`
	Identity string `json:"identity,omitempty"`
}

// Link makes the gateway one with those of other replicas on the same link and bus. Call it
// once, between Bind and the first socket; Shutdown ends it. replica names this one.
func (g *Gateway) Link(link sio.Link, replica string, members func() []string) error {
	g.replica, g.members = replica, members
	g.ns.OnRemote(g.remote)
	detach, err := g.ns.Attach(link, sio.LinkOptions{UID: replica, Members: members,
		Logged:     logged,
		Subscribed: g.hears,
		Lapsed:     g.linkLapsed,
		Failed:     func(channel string, number int64) { g.heads.untold(domain.ChannelID(channel), number) },
	})
	if err != nil {
		return fmt.Errorf("attach to the link: %w", err)
	}
	cancel := g.opts.Bus.Subscribe(topicGateways, bus.Subscriber{Receive: g.noted, Lapsed: g.Lapsed})
	g.unlink = []func(){cancel, detach}
	g.linked.Store(true)
	return nil
}

// Announce hands a committed event to the members of its channel, on all replicas; it makes
// the gateway messaging's Announcer. Here it passes the channel's sequencer. What the event
// brings about (the broadcast, the echo, the ack, messageComplete) leaves in one write per
// connection.
func (g *Gateway) Announce(e messaging.Event) {
	g.published.Add(1)
	out := fanout.Event{Event: e}
	if g.linked.Load() {
		g.publish(&out)
	}
	g.server.Batch(func() { g.sequencer.Announce(out) })
}

// publish tells the other replicas of an event. What was told before they hear of as a
// number alone: who has it does nothing.
func (g *Gateway) publish(e *fanout.Event) {
	m := e.Message
	if e.Repeat {
		g.heads.untold(m.ChannelID, m.Rev)
		return
	}
	packet, err := encodeEvent(m)
	if err != nil {
		g.log.Error().Err(err).Msg("event of a channel could not be encoded")
		return
	}
	e.Encoded = packet
	_, span := trace.InMessage(context.Background(), g.opts.Tracer, m.ID, "fan-out publish", trace.Producer,
		trace.Text("parley.channel", m.ChannelID), trace.Number("parley.rev", m.Rev))
	g.ns.Publish(packet, []string{string(m.ChannelID)})
	span.End(nil)
}

// Lapsed makes up for what this replica may have missed of others: it compares the numbers
// of all channels that have members here with the store, and who is in them with who may be,
// and exchanges the completions of the last minutes with the others. It does not wait for the store.
func (g *Gateway) Lapsed() {
	g.lapses.Add(1)
	g.sequencer.Check()
	g.doubts.add()
	g.tellReplicas(note{Kind: noteEndsAsked})
	g.heads.untoldNote(noteEnds) // while this replica was deaf others may have asked
}

// logged reports whether an event of another server is one of a channel's log, as channelEvent
// names them: servers of another kind may broadcast events of their own that end with a text
// like an offset.
func logged(event, channel string, number int64) bool {
	switch event {
	case "messageBroadcast", "messageDeleted", "channelCleared":
		id, err := domain.ParseID[domain.ChannelID](channel)
		return err == nil && string(id) == channel && number > 0
	default:
		return false
	}
}

// linkLapsed is Lapsed after the link was broken. What keeps the sessions may have lost them
// with it.
func (g *Gateway) linkLapsed() {
	g.Lapsed()
	g.saver.anew()
}

// remote takes an event of another replica; what it has handled is not delivered.
func (g *Gateway) remote(p sio.RemotePacket) (handled bool) {
	if channel, number, ok := p.Packet.Mark(); ok {
		defer g.traceReceive(p, channel, number).End(nil)
		g.sequencer.Announce(fanout.Event{Encoded: p.Packet,
			Event: messaging.Event{Message: messaging.Message{ChannelID: domain.ChannelID(channel), Rev: number}}})
		return true
	}
	switch p.Event {
	case "messageStreamChunk":
		return g.remoteChunk(p)
	case "messageStreamError":
		var told streamError
		if argument(p.Packet, &told) {
			g.endStream(told.ChannelID, told.MessageID)
		}
	case "messageComplete":
		var told completion
		return argument(p.Packet, &told) && !g.ends.add(told.what())
	}
	return false
}

// argument reads the first argument of an event and reports whether it could.
func argument(p sio.Packet, into any) bool {
	var all []json.RawMessage
	return json.Unmarshal(p.JSON(), &all) == nil && len(all) > 1 && json.Unmarshal(all[1], into) == nil
}

// remoteChunk brings a chunk of an answer that arises on another replica to the channel's
// room, and keeps it for who joins in the middle.
func (g *Gateway) remoteChunk(p sio.RemotePacket) (handled bool) {
	var c streamChunk
	if !argument(p.Packet, &c) || g.ns.Members(string(c.ChannelID)) == 0 && !g.prepares(c.ChannelID) {
		return false
	}
	now := g.opts.Now()
	shard := g.streams.shard(c.ChannelID)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.expire(c.ChannelID, now)
	known := shard.find(c.ChannelID, c.MessageID)
	if known == nil && len(shard.open[c.ChannelID]) < maxRemoteAnswers || known != nil && known.text.Len() < maxRemoteText {
		known = shard.add(c.chunk())
		known.hear(c.Attempt, now)
	}
	if known != nil && known.first > 0 {
		return true // nobody here has its beginning: the message will bring the whole text
	}
	g.ns.BroadcastLocal(p.Packet, p.Rooms, p.Except...)
	return true
}

// remoteAnswerEnded forgets the answer that a message of another replica ends, if it does.
func (g *Gateway) remoteAnswerEnded(channel domain.ChannelID, p sio.Packet) {
	shard := g.streams.shard(channel)
	shard.mu.Lock()
	open := len(shard.open[channel]) > 0
	shard.mu.Unlock()
	var m struct {
		ID domain.MessageID `json:"id"`
	}
	if open && argument(p, &m) {
		g.endStream(channel, m.ID)
	}
}

// errNotes says that a note was not told because too many wait.
var errNotes = errors.New("too many notes wait to be told")

// tellReplicas tells the other gateways soon. It does not wait: what happens here must not
// depend on how they are reached.
func (g *Gateway) tellReplicas(n note) {
	if !g.linked.Load() {
		return
	}
	select {
	case g.notes <- n:
	default:
		g.untold(n, errNotes)
	}
}

// tellNotes tells the other gateways what waits, in order, until ctx ends.
func (g *Gateway) tellNotes(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-g.notes:
			if err := g.sendNote(n); err != nil {
				g.untold(n, err)
			}
		}
	}
}

// untold makes up for a note of which others have not heard: later, or by what the store can
// tell them.
func (g *Gateway) untold(n note, err error) {
	g.log.Warn().Err(err).Str("note", string(n.Kind)).Msg("other replicas could not be told")
	switch n.Kind { //nolint:exhaustive // what is asked for is asked again, and the rest ends by itself
	case noteDeleted, noteParticipants:
		g.heads.untoldAll()
	case noteAgentRemoved:
		g.heads.untoldNote(noteEnds) // it is told with them
	case noteEndsAsked, noteEnds:
		g.heads.untoldNote(n.Kind)
	}
}

// sendNote publishes a note.
func (g *Gateway) sendNote(n note) error {
	ctx, cancel := context.WithTimeout(context.Background(), noteTimeout)
	defer cancel()
	return g.sendNoteWithin(ctx, n)
}

// sendNoteWithin publishes a note while ctx lasts.
func (g *Gateway) sendNoteWithin(ctx context.Context, n note) error {
	n.From = g.replica
	payload, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a note: %w", err)
	}
	return g.opts.Bus.Publish(ctx, topicGateways, payload)
}

// noted takes a note of another gateway.
func (g *Gateway) noted(payload []byte) {
	var n note
	if err := json.Unmarshal(payload, &n); err != nil || n.From == g.replica || n.To != "" && n.To != g.replica {
		return
	}
	switch n.Kind {
	case noteHead:
		g.sequencer.Hint(n.Channel, n.Number)
	case noteCheck:
		g.Lapsed()
	case noteDeleted:
		g.recent.Drop(n.Channel)
		if g.ns.Members(string(n.Channel)) > 0 {
			g.deleted.add(n.Channel)
		}
	case noteParticipants:
		if g.ns.Members(string(n.Channel)) > 0 {
			g.doubts.add(n.Channel)
		}
	case noteAgentRemoved:
		g.emptyAgentRoom(n.Agent, g.opts.Now().Add(-time.Duration(n.Age)*time.Millisecond))
	case noteStreamEnded:
		g.streamEndedThere(n)
	case noteStreamsAsked:
		g.tellStreams(n)
	case noteStreams:
		g.toldStreams(n)
	case noteEndsAsked:
		g.tellEnds(n)
	case noteEnds:
		g.toldEnds(n)
	case noteRelease:
		g.releaseHere(n)
	case noteReleased:
		g.releasedThere(n)
	}
}
