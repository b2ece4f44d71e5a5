package realtime

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/realtime/sio"
)

// vaultGrace is how long clients that come back are sent away to come again, while nobody can
// tell whether they have a session: a fresh one has no rooms. After that they get one.
const vaultGrace = 5 * time.Second

// outage notes since when something has not answered. The zero value is ready. Safe for
// concurrent use.
type outage struct {
	mu    sync.Mutex
	since time.Time
}

// answered takes the outcome of a question and returns how long there has been no answer.
func (o *outage) answered(err error) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case domain.IsCode(err, domain.Canceled): // says nothing
	case err == nil:
		o.since = time.Time{}
	case o.since.IsZero():
		o.since = time.Now()
	}
	if o.since.IsZero() {
		return 0
	}
	return time.Since(o.since)
}

// takeSaved takes a session. If its connection is still open on another replica, that ends
// it first. One that was never saved can be only where its private id comes from.
func (g *Gateway) takeSaved(ctx context.Context, pid, identity string) (SavedSession, bool, error) {
	if err := g.giveSpare(ctx, pid); err != nil {
		return SavedSession{}, false, err
	}
	for asked := (Place{Generation: -1}); ; {
		place, found, err := g.look(ctx, pid, identity)
		if err != nil {
			return SavedSession{}, false, err
		}
		if !found {
			place = Place{Owner: sio.OwnerOf(pid)}
		}
		if place == asked {
			return SavedSession{}, false, nil
		}
		asked = place
		if place.Owner != "" && place.Owner != g.replica {
			g.release(ctx, place.Owner, pid, identity)
		}
		saved, found, err := g.take(ctx, pid, identity, place.Generation)
		if err != nil || found {
			return saved, found, err
		}
	}
}

// look tells where a session is, within saveTimeout.
func (g *Gateway) look(ctx context.Context, pid, identity string) (Place, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return g.opts.Sessions.Look(ctx, pid, identity)
}

// take takes a session, within saveTimeout.
func (g *Gateway) take(ctx context.Context, pid, identity string, generation int64) (SavedSession, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return g.opts.Sessions.Take(ctx, pid, identity, generation)
}

// releaseWait is how long another replica may take to end a connection whose client has
// come back here.
const releaseWait = 2 * time.Second

// release makes another replica end the connection of a session, if it is still open there,
// and save what its client has. One that is dead, or does not answer in time, has saved what
// it could.
func (g *Gateway) release(ctx context.Context, owner, pid, identity string) {
	if !g.linked.Load() || g.members != nil && !slices.Contains(g.members(), owner) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, releaseWait)
	defer cancel()
	released := make(chan struct{})
	g.mu.Lock()
	g.releases[pid] = released // one attempt at a time has a claim on a private id
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.releases, pid)
		g.mu.Unlock()
	}()
	g.tellReplicas(note{Kind: noteRelease, To: owner, PID: pid, Identity: identity})
	select {
	case <-released:
	case <-ctx.Done():
		g.log.Info().Str("replica", owner).Msg("another replica did not give a session back in time")
	}
}

// releaseHere ends the connection of a session whose client has come back to another
// replica, and tells that one once the session is saved. If the client is about to come back
// here, it waits for that first.
func (g *Gateway) releaseHere(n note) {
	g.tasks.start(func(ctx context.Context) { // ends within releaseWait, or with the session, which has been severed
		ctx, cancel := context.WithTimeout(ctx, releaseWait)
		defer cancel()
		if g.claim(ctx, n.PID) {
			g.mu.RLock()
			old := g.byPID[n.PID]
			g.mu.RUnlock()
			if old != nil && identityOf(old.actor) == n.Identity {
				old.socket.Sever()
				<-old.ended
			}
			if err := g.giveSpare(ctx, n.PID); err != nil {
				g.log.Debug().Err(err).Msg("session could not be given back; it is tried again")
			}
			g.unclaim(n.PID)
		}
		g.tellReplicas(note{Kind: noteReleased, To: n.From, PID: n.PID})
	})
}

// releasedThere lets the attempt go on that waits for a session.
func (g *Gateway) releasedThere(n note) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if released := g.releases[n.PID]; released != nil {
		delete(g.releases, n.PID)
		close(released)
	}
}
