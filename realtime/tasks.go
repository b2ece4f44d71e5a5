package realtime

import (
	"context"
	"sync"
)

// tasks are short goroutines that end with the gateway. Safe for concurrent use.
type tasks struct {
	ctx  context.Context // of all of them; set once by newTasks
	stop context.CancelFunc

	mu    sync.Mutex
	ended bool
	all   sync.WaitGroup
}

// newTasks returns no tasks; end must be called.
func newTasks() *tasks {
	t := &tasks{}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

// start runs f beside, which must return soon after its ctx has ended, and reports whether it
// does: after end nothing begins.
func (t *tasks) start(f func(ctx context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.all.Go(func() { f(t.ctx) })
	}
	return !t.ended
}

// end ends all tasks and waits for them.
func (t *tasks) end() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.stop()
	t.all.Wait()
}
