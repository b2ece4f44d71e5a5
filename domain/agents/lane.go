package agents

import (
	"context"
	"sync"
	"time"
)

// lanes are the lanes that may have work, in the order in which they are served. A
// lane holds no messages, so a flood of hints takes no memory: what is next in it is
// asked of the store. Safe for concurrent use.
type lanes struct {
	limit int

	mu    sync.Mutex
	ready *sync.Cond
	known map[Lane]*laneState
	// queue holds the lanes that wait for a worker, the longest waiting first.
	queue []Lane
	// lost says that a hint was refused since the last sweep began.
	lost bool
	// drained gets a value when there is room again after a hint was refused.
	drained chan struct{}
	// eased gets a value when a worker has taken a lane.
	eased chan struct{}

	// shared says that other processes are to hear of hints; fresh are the lanes of which
	// they have not heard yet, and told gets a value when there is one.
	shared bool
	fresh  map[Lane]bool
	told   chan struct{}
}

// laneState is what is known of a lane.
type laneState struct {
	// serving says that a worker has it; else it is in the queue, or parked.
	serving bool
	// again says that it was hinted at since it was taken.
	again bool
	// own says that this process knows of work in it that it has accepted itself.
	own bool
	// parked is what puts it in the queue again, nil if it is not parked.
	parked *time.Timer
	// hint is the shared queue's hint at it that this process has to finish, "" if none.
	hint string
}

// newLanes returns lanes that hold at most limit at a time; one takes about 250 bytes.
func newLanes(limit int) *lanes {
	l := &lanes{limit: limit, known: map[Lane]*laneState{}, fresh: map[Lane]bool{},
		drained: make(chan struct{}, 1), eased: make(chan struct{}, 1), told: make(chan struct{}, 1)}
	l.ready = sync.NewCond(&l.mu)
	return l
}

// share says whether other processes are to hear of hints; it is called before the first.
func (l *lanes) share(shared bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shared = shared
}

// signal puts a value in a channel that holds one, unless there is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// hint says that the lane may have work that this process has accepted. It reports false
// if there are too many lanes; then a sweep will find the work.
func (l *lanes) hint(lane Lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.note(lane)
	if l.shared && (s == nil || !s.serving) && len(l.fresh) < l.limit {
		l.fresh[lane] = true // others may have a worker free
		signal(l.told)
	}
	if s == nil {
		return false
	}
	s.own = true
	return true
}

// hintSwept says that the lane has work, whoever has accepted it; see hint.
func (l *lanes) hintSwept(lane Lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.known[lane]; s != nil && s.parked != nil {
		return true // it comes back by itself
	}
	return l.note(lane) != nil
}

// hintTaken says that the shared queue has handed a hint out. surplus says that it can be
// finished at once, as an earlier one at the lane is not finished.
func (l *lanes) hintTaken(h Hint) (surplus bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.note(h.Lane)
	switch {
	case s == nil || s.hint == h.ID:
		return false
	case s.hint != "":
		return true
	default:
		s.hint = h.ID
		return false
	}
}

// note notes that a lane may have work; nil if there are too many. The caller holds the lock.
func (l *lanes) note(lane Lane) *laneState {
	s := l.known[lane]
	switch {
	case s == nil && len(l.known) >= l.limit:
		l.lost = true
		return nil
	case s == nil:
		s = &laneState{}
		l.known[lane] = s
		l.push(lane)
	case s.parked != nil:
		l.unpark(lane, s)
	default:
		s.again = true
	}
	return s
}

// push puts a lane at the end of the queue. The caller holds the lock.
func (l *lanes) push(lane Lane) {
	l.queue = append(l.queue, lane)
	l.ready.Signal()
}

// unpark puts a parked lane in the queue. The caller holds the lock.
func (l *lanes) unpark(lane Lane, s *laneState) {
	s.parked.Stop()
	s.parked = nil
	l.push(lane)
}

// take waits for a lane and returns it; nobody else gets it until done. It reports
// false when ctx has ended.
func (l *lanes) take(ctx context.Context) (Lane, bool) {
	stop := context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ready.Broadcast()
	})
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && ctx.Err() == nil {
		l.ready.Wait()
	}
	if ctx.Err() != nil {
		return Lane{}, false
	}
	lane := l.queue[0]
	l.queue = l.queue[1:]
	s := l.known[lane]
	s.again, s.serving = false, true
	signal(l.eased)
	return lane, true
}

// done gives a lane back. It goes to the end of the queue if it may have more work
// or was hinted at meanwhile, so that every lane gets its turn; else it is forgotten, and
// finished is the hint of the shared queue that is worked off with it, if there is one.
func (l *lanes) done(lane Lane, more bool) (finished Hint, some bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.known[lane]
	s.serving = false
	if more || s.again {
		l.push(lane)
		return Hint{}, false
	}
	l.forget(lane)
	return Hint{Lane: lane, ID: s.hint}, s.hint != ""
}

// drop forgets a lane that cannot be served now, whatever hints there were. A hint of the
// shared queue stays unfinished, and comes to somebody again.
func (l *lanes) drop(lane Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(lane)
}

// park gives a lane back on which another process works: it is looked at again after a
// time, or when it is hinted at. One that only a sweep has found is left to the next one.
func (l *lanes) park(lane Lane, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.known[lane]
	s.serving = false
	switch {
	case s.again:
		l.push(lane)
	case !s.own && s.hint == "":
		l.forget(lane)
	default:
		s.parked = time.AfterFunc(wait, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.known[lane] == s && s.parked != nil {
				l.unpark(lane, s)
			}
		})
	}
}

// forget removes a lane that is not in the queue. The caller holds the lock.
func (l *lanes) forget(lane Lane) {
	delete(l.known, lane)
	if l.lost && len(l.known) <= l.limit/2 {
		signal(l.drained)
	}
}

// own tells whether this process knows of work in a lane that it has accepted itself.
func (l *lanes) own(lane Lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[lane].own
}

// untold takes the lanes of which other processes have not heard, at most most.
func (l *lanes) untold(most int) []Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Lane
	for lane := range l.fresh {
		if len(list) == most {
			signal(l.told)
			break
		}
		delete(l.fresh, lane)
		list = append(list, lane)
	}
	return list
}

// leave forgets the lanes that no worker has, and returns them with the hints of the shared
// queue at them. Nobody may take one any more.
func (l *lanes) leave() (all []Lane, hints []Hint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for lane, s := range l.known {
		if s.serving {
			continue
		}
		if s.parked != nil {
			s.parked.Stop()
		}
		delete(l.known, lane)
		all = append(all, lane)
		if s.hint != "" {
			hints = append(hints, Hint{Lane: lane, ID: s.hint})
		}
	}
	l.queue, l.fresh = nil, map[Lane]bool{}
	return all, hints
}

// sweeping notes that a sweep begins, which makes up for the hints refused before.
func (l *lanes) sweeping() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = false
}

// waiting is the number of lanes that wait for a worker.
func (l *lanes) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// size is the number of lanes that wait for a worker or have one.
func (l *lanes) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, s := range l.known {
		if s.parked == nil {
			n++
		}
	}
	return n
}
