package realtime

import (
	"context"
	"sync"
	"time"

	"parley/domain"
)

// hearWait is how long the first join of a channel at this replica waits to hear what arises
// there at others.
const hearWait = time.Second

// hearing is what goes before the first member of a channel at this replica: the link must
// bring what other replicas broadcast, and they must tell which answers arise there, so that
// no member begins in the middle of one.
type hearing struct {
	// inForce is closed when broadcasts arrive, ready when all is done or was waited for.
	inForce, ready chan struct{}
	// answers gets a value for each replica that has told its answers.
	answers chan struct{}
	// users are those that have not called end, and what prepares it; guarded by Gateway.mu.
	users int
}

// hear returns when this replica hears of a channel, or cannot in time. It goes on to hear of
// it until end is called, which is to be once the member is in the room or does not come.
// Without other replicas it does nothing.
func (g *Gateway) hear(ctx context.Context, channel domain.ChannelID) (end func()) {
	if !g.linked.Load() {
		return func() {}
	}
	g.mu.Lock()
	h := g.hearings[channel]
	if h == nil && g.ns.Members(string(channel)) == 0 {
		h = &hearing{inForce: make(chan struct{}), ready: make(chan struct{}), answers: make(chan struct{}, maxReplicas), users: 1}
		if g.tasks.start(func(ctx context.Context) { g.prepare(ctx, channel, h) }) { // it is for all who join
			g.hearings[channel] = h
		} else {
			h = nil
		}
	}
	if h != nil {
		h.users++
	}
	g.mu.Unlock()
	if h == nil {
		return func() {}
	}
	select {
	case <-h.ready:
	case <-ctx.Done():
	}
	return func() { g.unhear(channel, h) }
}

// hearRooms returns when this replica hears of the rooms of a session that comes back, or
// cannot in time; see hear for what it returns.
func (g *Gateway) hearRooms(ctx context.Context, rooms []roomMissed) (end func()) {
	if !g.linked.Load() {
		return func() {}
	}
	ends := make([]func(), len(rooms))
	var hearing sync.WaitGroup
	for i, room := range rooms {
		hearing.Go(func() { ends[i] = g.hear(ctx, room.ChannelID) })
	}
	hearing.Wait()
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// unhear ends one use of a hearing; with the last one the replica hears of the channel only
// if it has members.
func (g *Gateway) unhear(channel domain.ChannelID, h *hearing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(g.hearings, channel)
		g.ns.Unhear(string(channel))
	}
}

// maxReplicas is how many replicas' answers a join waits for at most.
const maxReplicas = 256

// prepare makes this replica hear of a channel.
func (g *Gateway) prepare(ctx context.Context, channel domain.ChannelID, h *hearing) {
	ctx, cancel := context.WithTimeout(ctx, hearWait)
	defer cancel()
	defer g.unhear(channel, h)
	defer close(h.ready)
	g.ns.Hear(string(channel))
	select {
	case <-h.inForce:
	case <-ctx.Done():
		return
	}
	others := 0
	if g.members != nil {
		for _, name := range g.members() {
			if name != g.replica {
				others++
			}
		}
	}
	if others == 0 || g.sendNoteWithin(ctx, note{Kind: noteStreamsAsked, Channel: channel}) != nil {
		return
	}
	for range min(others, maxReplicas) {
		select {
		case <-h.answers:
		case <-ctx.Done():
			return
		}
	}
}

// hears takes the word of the link that it brings what others broadcast to a room.
func (g *Gateway) hears(room string) {
	channel := domain.ChannelID(room)
	g.mu.Lock()
	if h := g.hearings[channel]; h != nil {
		select {
		case <-h.inForce:
		default:
			close(h.inForce)
		}
	}
	g.mu.Unlock()
	g.sequencer.Check(channel)
}

// prepares reports whether the first member of a channel is about to come.
func (g *Gateway) prepares(channel domain.ChannelID) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.hearings[channel] != nil
}

// tellStreams tells another replica which answers arise here in a channel.
func (g *Gateway) tellStreams(n note) {
	shard := g.streams.shard(n.Channel)
	shard.mu.Lock()
	list := shard.snapshot(n.Channel, true)
	shard.mu.Unlock()
	g.tellReplicas(note{Kind: noteStreams, To: n.From, Channel: n.Channel, Streams: list})
}

// toldStreams takes the answers that arise at another replica. An answer of this one stays its
// own, whatever a replica that has lost the turn still says of it.
func (g *Gateway) toldStreams(n note) {
	now := g.opts.Now()
	shard := g.streams.shard(n.Channel)
	shard.mu.Lock()
	for _, so := range n.Streams {
		if len(shard.open[n.Channel]) < maxRemoteAnswers {
			shard.begin(n.Channel, so).hear(so.Attempt, now)
		}
	}
	shard.mu.Unlock()
	g.mu.RLock()
	defer g.mu.RUnlock()
	if h := g.hearings[n.Channel]; h != nil {
		select {
		case h.answers <- struct{}{}:
		default:
		}
	}
}
