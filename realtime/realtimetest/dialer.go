package realtimetest

import (
	"sync"

	"parley/domain/documents/documentstest"
	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

// maxFaults is how many kinds of faults a test is told of; the first ones tell what is wrong.
const maxFaults = 20

// Test is what is told of faults until it ends; a testing.TB is one.
type Test interface {
	documentstest.Reporter
	Cleanup(func())
}

// Dialer connects clients with servers of one registry, and holds all that they hear
// against the document. It is safe for concurrent use.
type Dialer struct {
	test    Test
	checker func() (*Checker, error)

	mu    sync.Mutex
	known map[string]bool // the faults that were reported, without what was said
	ended bool
}

// NewDialer returns a dialer that reports to a test until it ends. All operations and
// events must be declared before the first client connects.
func NewDialer(t Test, registry *op.Registry) *Dialer {
	d := &Dialer{test: t, known: map[string]bool{}, checker: sync.OnceValues(func() (*Checker, error) { return NewChecker(registry) })}
	t.Cleanup(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ended = true
	})
	return d
}

// Dial connects a client as siotest.Dial does. Who calls it closes the client.
func (d *Dialer) Dial(url string, o siotest.Options) (*siotest.Client, error) {
	checker, err := d.checker()
	if err != nil {
		return nil, err
	}
	o.Observer = observer{dialer: d, checker: checker}
	return siotest.Dial(url, o)
}

// report tells the test of a fault, if it still runs and does not know of it.
func (d *Dialer) report(f *Fault) {
	if f == nil {
		return
	}
	d.test.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	kind := f.What + f.Err.Error()
	if d.ended || d.known[kind] || len(d.known) >= maxFaults {
		return
	}
	d.known[kind] = true
	d.test.Errorf("against the AsyncAPI document: %v", f)
}

// observer is the siotest.Observer of all clients of a dialer.
type observer struct {
	dialer  *Dialer
	checker *Checker
}

var _ siotest.Observer = observer{}

// Heard is part of siotest.Observer.
func (o observer) Heard(e siotest.Event) { o.dialer.report(o.checker.Event(e)) }

// Acked is part of siotest.Observer.
func (o observer) Acked(event string, answer siotest.Event) {
	o.dialer.report(o.checker.Ack(event, answer))
}
