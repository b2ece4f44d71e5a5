package realtime

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"parley/domain"
)

// saveTimeout is how long the saving of a session may take.
const saveTimeout = 2 * time.Second

// saveSoon is how long a change of a session waits for others before it is saved, and
// saveEvery how often a session without changes is, so that it does not expire and knows what
// has arrived.
const (
	saveSoon  = 50 * time.Millisecond
	saveEvery = 25 * time.Second
)

// saveAgain is the pause after sessions could not be saved.
const saveAgain = 2 * time.Second

// saveWorkers is how many sessions are saved at the same time.
const saveWorkers = 16

// saver saves the sessions of open connections where other replicas find them, should this
// one die. It holds no more than the sessions there are.
type saver struct {
	// news gets a value when a session has changed; nil if nothing is to be saved.
	news chan struct{}

	mu    sync.Mutex
	dirty map[*session]struct{}
	// all says that none may be saved.
	all bool
}

// changed notes that a session is in other rooms than it was. It does not block.
func (v *saver) changed(s *session) {
	if v.news == nil {
		return
	}
	v.mu.Lock()
	v.dirty[s] = struct{}{}
	v.mu.Unlock()
	wake(v.news)
}

// anew notes that what was saved may be lost. It does not block.
func (v *saver) anew() {
	if v.news == nil {
		return
	}
	v.mu.Lock()
	v.all = true
	v.mu.Unlock()
	wake(v.news)
}

// take returns the sessions that have changed, or says that it may be all, and forgets that.
func (v *saver) take() (list []*session, all bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	list, all = slices.Collect(maps.Keys(v.dirty)), v.all
	v.dirty, v.all = map[*session]struct{}{}, false
	return list, all
}

// saveSessions saves sessions when they have changed or may be lost, and regularly, until ctx
// ends.
func (g *Gateway) saveSessions(ctx context.Context) {
	if g.saver.news == nil {
		return
	}
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for wait := saveSoon; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			g.saver.anew()
			continue
		case <-g.saver.news:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = saveSoon
		list, all := g.saver.take()
		if all {
			g.mu.RLock()
			list = slices.Collect(maps.Values(g.sessions))
			g.mu.RUnlock()
		}
		if !g.saveAll(ctx, list) {
			g.saver.anew()
			wait = saveAgain
		} else if !g.emptySpare(ctx) {
			wake(g.saver.news)
			wait = saveAgain
		}
	}
}

// saveAll saves sessions, some at the same time. It gives up when one cannot be saved, and
// reports whether all are.
func (g *Gateway) saveAll(ctx context.Context, all []*session) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan *session)
	var group sync.WaitGroup
	for range min(saveWorkers, len(all)) {
		group.Go(func() {
			for s := range work {
				if err := s.save(ctx); err != nil && ctx.Err() == nil {
					g.log.Debug().Err(err).Msg("sessions could not be saved; it is tried again")
					cancel()
				}
			}
		})
	}
	for _, s := range all {
		select {
		case work <- s:
		case <-ctx.Done():
		}
	}
	close(work)
	group.Wait()
	return ctx.Err() == nil
}

// save saves the session of an open connection. One that another connection has taken over
// is a leftover: it ends.
func (s *session) save(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	if s.gone || s.socket.PID() == "" {
		s.mu.Unlock()
		return nil
	}
	saved := s.snapshot(s.joined, s.deleted, s.agents)
	s.mu.Unlock()
	saved.Trail = nil
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	err := s.gateway.opts.Sessions.Save(ctx, saved)
	if domain.IsCode(err, domain.Conflict) {
		s.socket.Sever()
		return nil
	}
	s.gateway.vault.answered(err)
	return err
}
