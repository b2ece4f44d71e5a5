package sio

import (
	"container/heap"
	"sync"
	"time"
)

// timers runs the deadlines of all connections of an Engine on one goroutine. Safe
// for concurrent use.
type timers struct {
	mu      sync.Mutex
	heap    timerHeap
	kick    chan struct{}
	quit    chan struct{}
	stopped sync.WaitGroup
}

// timer is one deadline. Its zero value with fn set is ready; fn runs on the timers'
// goroutine and must not block. After a stop fn may still run once, if it had begun.
type timer struct {
	fn    func()
	at    time.Time
	index int // position in the heap plus one, 0 when not set
}

// newTimers starts the goroutine; stop ends it.
func newTimers() *timers {
	t := &timers{kick: make(chan struct{}, 1), quit: make(chan struct{})}
	t.stopped.Go(t.run)
	return t
}

// set makes e due in d, instead of when it was due before.
func (t *timers) set(e *timer, d time.Duration) {
	at := time.Now().Add(d)
	t.mu.Lock()
	e.at = at
	if e.index == 0 {
		heap.Push(&t.heap, e)
	} else {
		heap.Fix(&t.heap, e.index-1)
	}
	first := t.heap[0] == e
	t.mu.Unlock()
	if first {
		select {
		case t.kick <- struct{}{}:
		default:
		}
	}
}

// clear makes e due never.
func (t *timers) clear(e *timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.index != 0 {
		heap.Remove(&t.heap, e.index-1)
	}
}

// stop ends the goroutine and waits for it; nothing becomes due any more.
func (t *timers) stop() {
	close(t.quit)
	t.stopped.Wait()
}

// run calls what is due and sleeps until the next deadline.
func (t *timers) run() {
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
	for {
		alarm.Reset(t.fire())
		select {
		case <-alarm.C:
		case <-t.kick:
		case <-t.quit:
			return
		}
	}
}

// fire calls all that is due and returns the time until the next deadline.
func (t *timers) fire() time.Duration {
	for {
		t.mu.Lock()
		if len(t.heap) == 0 {
			t.mu.Unlock()
			return time.Hour
		}
		next := t.heap[0]
		if wait := time.Until(next.at); wait > 0 {
			t.mu.Unlock()
			return wait
		}
		heap.Remove(&t.heap, 0)
		t.mu.Unlock()
		next.fn()
	}
}

// timerHeap is ordered by deadline; it keeps every timer's index right.
type timerHeap []*timer

// Len is part of heap.Interface.
func (h timerHeap) Len() int { return len(h) }

// Less is part of heap.Interface.
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

// Swap is part of heap.Interface.
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

// Push is part of heap.Interface.
func (h *timerHeap) Push(x any) {
	e, _ := x.(*timer)
	*h = append(*h, e)
	e.index = len(*h)
}

// Pop is part of heap.Interface.
func (h *timerHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = 0
	return e
}
