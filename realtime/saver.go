package realtime

import (
	"context"
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

// saveWorkers is how many sessions are saved at the same time.
const saveWorkers = 16

// saver saves the sessions of open connections where other replicas find them, should this
// one die. It holds no more than the sessions there are.
type saver struct {
	// news gets a value when a session has changed; nil if nothing is to be saved.
	news chan struct{}

	mu    sync.Mutex
	dirty map[*session]struct{}
}

// changed notes that a session is in other rooms than it was. It does not block.
func (v *saver) changed(s *session) {
	if v.news == nil {
		return
	}
	v.mu.Lock()
	v.dirty[s] = struct{}{}
	v.mu.Unlock()
	select {
	case v.news <- struct{}{}:
	default:
	}
}

// take returns the sessions that have changed and forgets them.
func (v *saver) take() []*session {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := make([]*session, 0, len(v.dirty))
	for s := range v.dirty {
		list = append(list, s)
	}
	v.dirty = map[*session]struct{}{}
	return list
}

// saveSessions saves sessions when they have changed, and regularly, until ctx ends.
func (g *Gateway) saveSessions(ctx context.Context) {
	if g.saver.news == nil {
		return
	}
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			g.mu.RLock()
			all := make([]*session, 0, len(g.sessions))
			for _, s := range g.sessions {
				all = append(all, s)
			}
			g.mu.RUnlock()
			g.saveAll(ctx, all)
		case <-g.saver.news:
			select {
			case <-ctx.Done():
				return
			case <-time.After(saveSoon):
			}
			g.saveAll(ctx, g.saver.take())
		}
	}
}

// saveAll saves sessions, some at the same time. It gives up for now when one cannot be saved.
func (g *Gateway) saveAll(ctx context.Context, all []*session) {
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
	return err
}
