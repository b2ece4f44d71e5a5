package realtime

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley/domain"
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
// it first.
func (g *Gateway) takeSaved(ctx context.Context, pid, identity string) (SavedSession, bool, error) {
	looking, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	place, found, err := g.opts.Sessions.Look(looking, pid, identity)
	if err != nil || !found {
		return SavedSession{}, false, err
	}
	if place.Owner != "" && place.Owner != g.replica {
		g.release(ctx, place.Owner, pid, identity)
	}
	return g.opts.Sessions.Take(ctx, pid, identity, place.Generation)
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
// replica, and tells that one once the session is saved.
func (g *Gateway) releaseHere(n note) {
	answer := note{Kind: noteReleased, To: n.From, PID: n.PID}
	g.mu.RLock()
	old := g.byPID[n.PID]
	g.mu.RUnlock()
	if old == nil || identityOf(old.actor) != n.Identity {
		g.tellReplicas(answer)
		return
	}
	old.socket.Sever()
	go func() { // ends with the session, which has been severed
		<-old.ended
		g.tellReplicas(answer)
	}()
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
