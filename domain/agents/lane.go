package agents

import (
	"context"
	"sync"

	"parley/domain"
)

// Lane names a lane: the line of duties of one agent in one channel.
type Lane struct {
	agent   domain.AgentID
	channel domain.ChannelID
}

// lanes are the lanes that may have work, in the order in which they are served. A
// lane holds no messages, so a flood of hints takes no memory: what is next in it is
// asked of the store. Safe for concurrent use.
type lanes struct {
	limit int

	mu    sync.Mutex
	ready *sync.Cond
	// again tells, for every lane here, whether it was hinted at since it was taken.
	again map[Lane]bool
	// queue holds the lanes that nobody serves, the longest waiting first.
	queue []Lane
	// lost says that a hint was refused since the last sweep began.
	lost bool
	// drained gets a value when there is room again after a hint was refused.
	drained chan struct{}
}

// newLanes returns lanes that hold at most limit at a time; one takes about 200 bytes.
func newLanes(limit int) *lanes {
	l := &lanes{limit: limit, again: map[Lane]bool{}, drained: make(chan struct{}, 1)}
	l.ready = sync.NewCond(&l.mu)
	return l
}

// hint says that the lane may have work. It reports false if there are too many
// lanes; then a sweep will find the work.
func (l *lanes) hint(key Lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.again[key]; known {
		l.again[key] = true
		return true
	}
	if len(l.again) >= l.limit {
		l.lost = true
		return false
	}
	l.again[key] = false
	l.push(key)
	return true
}

// push puts a lane at the end of the queue. The caller holds the lock.
func (l *lanes) push(key Lane) {
	l.queue = append(l.queue, key)
	l.ready.Signal()
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
	key := l.queue[0]
	l.queue = l.queue[1:]
	l.again[key] = false
	return key, true
}

// done gives a lane back. It goes to the end of the queue if it may have more work
// or was hinted at meanwhile, so that every lane gets its turn; else it is forgotten.
func (l *lanes) done(key Lane, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if more || l.again[key] {
		l.push(key)
		return
	}
	l.forget(key)
}

// drop forgets a lane that cannot be served now, whatever hints there were.
func (l *lanes) drop(key Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(key)
}

// forget removes a lane that is not in the queue. The caller holds the lock.
func (l *lanes) forget(key Lane) {
	delete(l.again, key)
	if l.lost && len(l.again) <= l.limit/2 {
		select {
		case l.drained <- struct{}{}:
		default:
		}
	}
}

// sweeping notes that a sweep begins, which makes up for the hints refused before.
func (l *lanes) sweeping() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = false
}

// waiting is the number of lanes that nobody serves.
func (l *lanes) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// size is the number of lanes.
func (l *lanes) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.again)
}
