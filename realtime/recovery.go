package realtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/realtime/fanout"
	"parley/realtime/sio"
)

// recoverFor is how long after its last sign of life a client may come back.
const recoverFor = 2 * time.Minute

// recoverWait bounds the wait for the end of a connection whose session comes back, and
// the reading of what its client missed.
const recoverWait = 10 * time.Second

// The bounds of what a client that comes back may have missed. They are half of what may
// wait on a connection, so that what happens meanwhile has room beside it. Who missed more
// gets a fresh session: to recover means that nothing is missing, and a client that is told
// so has no reason to ask.
const (
	maxMissed      = 4_000
	maxMissedBytes = 2 << 20
)

// noOffset ends the greeting: it is the offset of a client that has heard nothing yet. A
// client without an offset is never restored.
const noOffset = "-"

// lost are the ends of a connection after which its client may come back, in the words of
// Socket.IO: those that neither side meant.
var lost = map[string]bool{
	"transport error": true, "transport close": true, "forced close": true, "ping timeout": true,
	"server shutting down": true, "forced server close": true,
}

// errTooMuch says that a client has missed more than a recovery brings.
var errTooMuch = errors.New("too much was missed")

// restoration is a session that comes back, with what its client missed.
type restoration struct {
	saved SavedSession
	rooms []roomMissed
	bytes int
	count int
}

// roomMissed is what a client missed of a channel.
type roomMissed struct {
	SavedRoom
	// packets are the events after SavedRoom.Rev, of numbers up to upto.
	packets []sio.Packet
	upto    int64
	// gone says that the channel was deleted.
	gone bool
}

// identityOf is what two connections of the same client have in common.
func identityOf(a domain.Actor) string {
	return fmt.Sprintf("%d %t %t %s", a.Role, a.Keyed, a.Bound, a.Entity)
}

// restore is part of sio.Recovery: it ends the old connection, if that is still open, takes
// the session and reads what its client missed. The claim ends when the session is
// connected or abandoned.
func (g *Gateway) restore(ctx context.Context, back sio.Return) (string, any, error) {
	actor, ok := back.Identity.(domain.Actor)
	if !ok {
		return "", nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, recoverWait)
	defer cancel()
	if !g.claim(ctx, back.PID) {
		return "", nil, nil
	}
	r, err := g.takeBack(ctx, actor, back)
	if r == nil {
		g.unclaim(back.PID)
		return "", nil, err
	}
	return r.saved.SocketID, r, nil
}

// claim keeps a private id to one attempt to come back at a time, from before the session
// is taken until it is connected or given back. It waits for the attempt before.
func (g *Gateway) claim(ctx context.Context, pid string) bool {
	for {
		g.mu.Lock()
		before := g.claimed[pid]
		if before == nil {
			g.claimed[pid] = make(chan struct{})
		}
		g.mu.Unlock()
		if before == nil {
			return true
		}
		select {
		case <-before:
		case <-ctx.Done():
			return false
		}
	}
}

// unclaim ends an attempt, if there is one.
func (g *Gateway) unclaim(pid string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if claim := g.claimed[pid]; claim != nil {
		delete(g.claimed, pid)
		close(claim)
	}
}

// takeBack ends the old connection and takes the session, nil if the client gets none. A
// connection that is older than the session's last one gets none either: its client has left
// it, and on long-polling nobody sees that. It has waited here while its client came back
// over another; what that one has heard since is in no relation to what this would send.
func (g *Gateway) takeBack(ctx context.Context, actor domain.Actor, back sio.Return) (*restoration, error) {
	if !g.endOld(ctx, back, identityOf(actor)) {
		return nil, nil //nolint:nilnil // a fresh session is no fault
	}
	saved, found, err := g.takeSaved(ctx, back.PID, identityOf(actor))
	lasts := g.vault.answered(err)
	if err != nil && ctx.Err() == nil {
		if saved, found = g.takeSpare(back.PID, identityOf(actor), back.Offset); found {
			err = nil
		}
	}
	if err != nil && lasts > vaultGrace {
		g.log.Info().Err(err).Msg("sessions cannot be had; who comes back gets a fresh one")
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil || !found {
		return nil, err
	}
	if saved.Began.After(back.Began) {
		g.keep(saved)
		return nil, nil //nolint:nilnil // as above
	}
	r := &restoration{saved: saved}
	switch err := g.readMissed(ctx, actor, r, back.Offset); {
	case err == nil:
		return r, nil
	case errors.Is(err, errTooMuch), domain.IsCode(err, domain.Forbidden):
		g.log.Info().Err(err).Str("socket", saved.SocketID).Msg("session is not recovered")
		return nil, nil //nolint:nilnil // as above
	default:
		g.keep(r.saved)
		return nil, fmt.Errorf("read what a client missed: %w", err)
	}
}

// endOld ends the connection of a session that is still open, and waits until what came
// over it is handled. False means that there is one that cannot be taken over.
func (g *Gateway) endOld(ctx context.Context, back sio.Return, identity string) bool {
	g.mu.RLock()
	old := g.byPID[back.PID]
	g.mu.RUnlock()
	if old == nil {
		return true
	}
	if identityOf(old.actor) != identity || old.socket.Began().After(back.Began) {
		return false
	}
	old.socket.Sever()
	select {
	case <-old.ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// abandon is part of sio.Recovery: it keeps a session whose client has gone once more.
func (g *Gateway) abandon(state any) {
	if r, ok := state.(*restoration); ok {
		g.keep(r.saved)
		g.unclaim(r.saved.PID)
	}
}

// keep saves a session; if it cannot be saved where others find it, it is kept here for the
// time being.
func (g *Gateway) keep(saved SavedSession) {
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	err := g.opts.Sessions.Save(ctx, saved)
	if err == nil {
		return
	}
	g.log.Info().Err(err).Str("socket", saved.SocketID).Msg("session could not be saved")
	if !domain.IsCode(err, domain.Conflict) {
		g.keepSpare(saved)
	}
}

// remember keeps the session of a socket whose connection is gone. What the client has of
// each channel is not known before it says so: the trail goes with the session.
func (g *Gateway) remember(s *session, joined map[domain.ChannelID]*membership, deleted lostChannels, agents []domain.AgentID, reason string) {
	if s.socket.PID() == "" {
		return
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	saved := s.snapshot(joined, deleted, agents)
	if !lost[reason] {
		ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
		defer cancel()
		if err := g.opts.Sessions.Drop(ctx, saved); err != nil {
			g.log.Debug().Err(err).Str("socket", saved.SocketID).Msg("session could not be dropped; it will expire")
		}
		return
	}
	if reason == "ping timeout" { // the client has been silent since long before
		saved.Until = saved.Until.Add(-g.server.Silence())
	}
	g.keep(saved)
}

// snapshot is the session with what it is in.
func (s *session) snapshot(joined map[domain.ChannelID]*membership, deleted lostChannels, agents []domain.AgentID) SavedSession {
	g := s.gateway
	now, trail := g.opts.Now(), s.socket.Trail()
	saved := SavedSession{PID: s.socket.PID(), SocketID: s.socket.ID(), Generation: s.generation, Identity: identityOf(s.actor),
		Began: s.socket.Began(), Ended: now, Until: now.Add(recoverFor), Agents: agents, Trail: trail}
	if filter, ok := g.logs.get(s); ok {
		saved.Logs = &filter
	}
	saved.Gone = lately(deleted, now, g.server.Silence())
	proven := s.socket.Proven()
	for id, m := range joined {
		if _, gone := deleted[id]; gone {
			continue // the connection ended just as it was taken out of the room
		}
		saved.Rooms = append(saved.Rooms, SavedRoom{ChannelID: id, Rev: max(m.base, proven[string(id)]), Entity: m.entity, Name: m.name})
	}
	return saved
}

// readMissed reads what a client missed, whose last channel event is that of the offset,
// and encodes it. Codes: forbidden for a channel that the caller takes no part in any more.
func (g *Gateway) readMissed(ctx context.Context, actor domain.Actor, r *restoration, offset string) error {
	arrived := r.saved.Trail.Arrived(offset)
	if channel, number, ok := sio.ParseOffset(offset); ok && r.saved.Trail == nil {
		arrived[channel] = number // what came before it in the channel has arrived
	}
	for i := range r.saved.Rooms {
		// The session keeps what is known now: if this attempt comes to nothing, the next
		// one has no other offset.
		room := &r.saved.Rooms[i]
		room.Rev = max(room.Rev, arrived[string(room.ChannelID)])
		if err := g.mayStay(ctx, actor, room.ChannelID); err != nil {
			return err
		}
		missed, err := g.readRoom(ctx, r, *room)
		if err != nil {
			return err
		}
		r.rooms = append(r.rooms, missed)
	}
	return nil
}

// mayStay refuses a bound caller that takes no part in a channel any more. A channel that
// is gone is no matter of rights.
func (g *Gateway) mayStay(ctx context.Context, actor domain.Actor, channel domain.ChannelID) error {
	look := g.registry.Lookup("channels:get")
	if !actor.Bound || look == nil {
		return nil
	}
	_, failure := look.Call(ctx, actor, op.Input{Body: []byte(`{"channelId":"` + string(channel) + `"}`)})
	if failure == nil || failure.Code == domain.NotFound {
		return nil
	}
	return failure
}

// readRoom reads what a client missed of a channel.
func (g *Gateway) readRoom(ctx context.Context, r *restoration, room SavedRoom) (roomMissed, error) {
	out := roomMissed{SavedRoom: room, upto: room.Rev}
	head, err := g.sequencer.Head(ctx, room.ChannelID, room.Rev)
	if err != nil {
		return out, err
	}
	if out.gone = head < room.Rev; out.gone {
		return out, nil
	}
	for out.upto < head {
		page, err := g.recent.Since(ctx, room.ChannelID, out.upto, head, messaging.MaxCatchUp)
		if err != nil {
			return out, err
		}
		for _, m := range page {
			packet, err := missedPacket(m, r.saved.SocketID)
			if err != nil {
				return out, err
			}
			r.count++
			r.bytes += packet.Size()
			if r.count > maxMissed || r.bytes > maxMissedBytes {
				return out, errTooMuch
			}
			out.packets = append(out.packets, packet)
		}
		if len(page) < messaging.MaxCatchUp {
			out.upto = head
			break
		}
		out.upto = page[len(page)-1].Rev
	}
	return out, nil
}

// missedPacket is an event as its channel's room heard it; to the socket that sent the
// message, as that would have heard it.
func missedPacket(m messaging.Message, socket string) (sio.Packet, error) {
	event, payload := channelEvent(m)
	if b, ok := payload.(broadcast); ok && m.Metadata.String("socket_id") == socket {
		b.ClientMessageID = m.SourceID
		payload = b
	}
	packet, err := sio.EncodeEvent("/", event, payload, offset(m))
	return packet.Marked(string(m.ChannelID), m.Rev), err
}

// takeRooms notes the rooms of a session that comes back, before it is in any of them: what
// this connection does not bring, the next one will.
func (s *session) takeRooms(r *restoration) {
	s.deleted = since(r.saved.Gone, s.gateway.opts.Now())
	for _, room := range r.rooms {
		s.joined[room.ChannelID] = &membership{base: room.Rev, had: room.Rev, entity: room.Entity, name: room.Name, returning: true}
	}
}

// resume brings a session back into its rooms, each with what was missed of it first. If
// that fails the connection ends, and its client comes again.
func (s *session) resume(r *restoration) {
	g := s.gateway
	for _, agent := range r.saved.Agents {
		if err := s.watchAgent(agent); err != nil {
			g.log.Debug().Err(err).Str("socket", s.socket.ID()).Msg("socket gone while it came back")
		}
	}
	if r.saved.Logs != nil && s.actor.Role == domain.Admin {
		g.logs.set(s, *r.saved.Logs)
	}
	ctx, cancel := context.WithTimeout(s.socket.Context(), recoverWait)
	defer cancel()
	for _, channel := range r.saved.Gone {
		s.tellDeleted(channel)
	}
	defer g.hearRooms(ctx, r.rooms)()
	for _, room := range r.rooms {
		if !s.socket.Open() {
			return
		}
		if err := s.resumeRoom(ctx, room); err != nil {
			g.log.Warn().Err(err).Str("socket", s.socket.ID()).Str("channel", string(room.ChannelID)).Msg("room could not be restored")
			s.socket.Close()
			return
		}
	}
	g.ends.each(r.saved.Ended.Add(-g.server.Silence()), func(c messaging.Completion) {
		if s.in(c.ChannelID) {
			s.emit("messageComplete", completed(c))
		}
	})
	*r = restoration{} // the socket keeps it for life
}

// resumeRoom brings a session back into one room.
func (s *session) resumeRoom(ctx context.Context, room roomMissed) error {
	g, channel := s.gateway, room.ChannelID
	if room.gone {
		s.lostChannel(channel)
		return nil
	}
	g.server.Batch(func() {
		for _, packet := range room.packets {
			s.socket.Send(packet)
		}
	})
	replay := func(events []messaging.Message) {
		for _, m := range events {
			packet, err := missedPacket(m, s.socket.ID())
			if err != nil {
				g.log.Error().Err(err).Msg("event could not be encoded")
				continue
			}
			s.socket.Send(packet)
		}
	}
	err := g.sequencer.Resume(ctx, channel, room.upto, replay, func() error { return s.enterAgain(channel) })
	if errors.Is(err, fanout.ErrBegunAnew) {
		s.lostChannel(channel)
		return nil
	}
	return err
}

// enterAgain puts the session into a room that it returns to.
func (s *session) enterAgain(channel domain.ChannelID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.joined[channel]
	if s.gone || !ok {
		return domain.Errorf(domain.Canceled, "The socket has gone")
	}
	if err := s.socket.Join(string(channel)); err != nil {
		return err
	}
	m.returning = false
	if m.entity != "" {
		s.gateway.opts.Presence.Enter(channel, m.entity, m.name, s.socket.ID())
	}
	return nil
}

// lostChannel tells a session that comes back that a channel was deleted meanwhile.
func (s *session) lostChannel(channel domain.ChannelID) {
	s.noteDeleted(channel)
	s.mu.Lock()
	delete(s.joined, channel)
	s.mu.Unlock()
	s.tellDeleted(channel)
}
