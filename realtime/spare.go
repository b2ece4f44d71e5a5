package realtime

import (
	"context"
	"maps"
	"slices"

	"parley/domain"
	"parley/realtime/sio"
)

// spare keeps the sessions that the vault could not be given, until it answers again. It has
// the bounds of MemorySessions. A session in it keeps its generation when it is handed out:
// for the vault its connection has never ended. If another replica has taken it since, that
// one's is higher, and the first save ends the connection.
type spare struct{ *MemorySessions }

// keepSpare keeps a session that the vault did not take; it is given to it later.
func (g *Gateway) keepSpare(saved SavedSession) {
	if g.saver.news == nil {
		return
	}
	_ = g.spare.Save(context.Background(), saved) // never fails
	wake(g.saver.news)
}

// takeSpare takes a session while the vault does not answer. One whose client has heard at
// another replica what was not sent here has been taken by that one.
func (g *Gateway) takeSpare(pid, identity, offset string) (SavedSession, bool) {
	saved, found := g.spare.get(pid)
	if !found || saved.Identity != identity || !saved.sent(offset) {
		return SavedSession{}, false
	}
	g.spare.drop(pid)
	return saved, true
}

// sent reports whether what an offset stands for may have come from this session.
func (s SavedSession) sent(offset string) bool {
	channel, number, ok := sio.ParseOffset(offset)
	last := s.Trail.Last(channel)
	for _, room := range s.Rooms {
		if string(room.ChannelID) == channel {
			last = max(last, room.Rev)
		}
	}
	return !ok || number <= last
}

// giveSpare gives a session that is in the spare to the vault, if there is one. That refuses
// it if somebody has taken it since. The caller has a claim on it.
func (g *Gateway) giveSpare(ctx context.Context, pid string) error {
	saved, found := g.spare.get(pid)
	if !found {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	err := g.opts.Sessions.Save(ctx, saved)
	if err != nil && !domain.IsCode(err, domain.Conflict) {
		return err
	}
	g.spare.drop(pid)
	return nil
}

// emptySpare gives the vault all that is in the spare, until ctx ends. It gives up when one
// cannot be given, and reports whether all are.
func (g *Gateway) emptySpare(ctx context.Context) bool {
	for _, pid := range g.spare.pids() {
		if err := g.giveUnclaimed(ctx, pid); err != nil {
			g.log.Debug().Err(err).Msg("sessions could not be given back; it is tried again")
			return false
		}
	}
	return true
}

// giveUnclaimed is giveSpare once no attempt to come back has a claim.
func (g *Gateway) giveUnclaimed(ctx context.Context, pid string) error {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	if !g.claim(ctx, pid) {
		return ctx.Err()
	}
	defer g.unclaim(pid)
	return g.giveSpare(ctx, pid)
}

// get returns the session of a private id and leaves it there.
func (m spare) get(pid string) (SavedSession, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, s, _ := m.find(pid, "")
	return s, e != nil
}

// drop forgets the session of a private id.
func (m spare) drop(pid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byPID[pid]; e != nil {
		m.forget(e)
	}
}

// pids are the private ids of all sessions.
func (m spare) pids() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.byPID))
}
