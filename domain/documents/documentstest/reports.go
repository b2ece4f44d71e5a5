package documentstest

import "sync"

// Test is told of faults until it ends; a testing.TB is one.
type Test interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(f func())
}

// Fault is what is wrong with something that a server said.
type Fault struct {
	// What was said, such as event "typing".
	What string
	// Err is what is wrong with it.
	Err error
	// Said is its text, shortened.
	Said string
}

// NewFault returns what is wrong with a text that was said, nil if err is.
func NewFault(what string, err error, said []byte) *Fault {
	if err == nil {
		return nil
	}
	const most = 600
	if len(said) > most {
		said = append(said[:most:most], "..."...)
	}
	return &Fault{What: what, Err: err, Said: string(said)}
}

// Error is part of error.
func (f *Fault) Error() string { return f.What + ": " + f.Err.Error() + "\n" + f.Said }

// maxKinds is how many kinds of faults a test is told of; the first ones tell what is wrong.
const maxKinds = 20

// Reports tells a test of faults, each kind of one once, until the test ends. It is safe
// for concurrent use.
type Reports struct {
	test Test

	mu    sync.Mutex
	known map[string]bool // the faults that were told, without what was said
	ended bool
}

// NewReports returns the reports to a test.
func NewReports(t Test) *Reports {
	r := &Reports{test: t, known: map[string]bool{}}
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = true
	})
	return r
}

// Add tells the test of a fault; nil is none.
func (r *Reports) Add(f *Fault) {
	if f == nil {
		return
	}
	r.test.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := f.What + "\n" + f.Err.Error()
	if r.ended || r.known[kind] || len(r.known) >= maxKinds {
		return
	}
	r.known[kind] = true
	r.test.Errorf("against the document: %v", f)
}
