package sio

import "sync"

// lane does jobs one after the other, on a goroutine that exists while there are any. The
// zero value is ready.
type lane struct {
	mu      sync.Mutex
	jobs    []func()
	working bool
	closed  bool
	running sync.WaitGroup
}

// put adds a job unless most wait already; false means that it will not be done.
func (l *lane) put(most int, job func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.jobs) >= most {
		return false
	}
	l.jobs = append(l.jobs, job)
	if !l.working {
		l.working = true
		l.running.Go(l.work)
	}
	return true
}

// work does the jobs until there are none.
func (l *lane) work() {
	for {
		l.mu.Lock()
		if len(l.jobs) == 0 {
			l.working, l.jobs = false, nil
			l.mu.Unlock()
			return
		}
		job := l.jobs[0]
		l.jobs = l.jobs[1:]
		l.mu.Unlock()
		job()
	}
}

// close drops the jobs that wait and returns when the one at hand is done.
func (l *lane) close() {
	l.mu.Lock()
	l.jobs, l.closed = nil, true
	l.mu.Unlock()
	l.running.Wait()
}
