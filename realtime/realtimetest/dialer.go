package realtimetest

import (
	"sync"

	"parley/domain/documents/documentstest"
	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

// Dialer connects clients with servers of one registry, and holds all that they hear
// against the document. It is safe for concurrent use.
type Dialer struct {
	reports *documentstest.Reports
	checker func() (*Checker, error)
}

// NewDialer returns a dialer that reports to a test until it ends. All operations and
// events must be declared before the first client connects.
func NewDialer(t documentstest.Test, registry *op.Registry) *Dialer {
	return &Dialer{reports: documentstest.NewReports(t),
		checker: sync.OnceValues(func() (*Checker, error) { return NewChecker(registry) })}
}

// Dial connects a client as siotest.Dial does. Who calls it closes the client.
func (d *Dialer) Dial(url string, o siotest.Options) (*siotest.Client, error) {
	checker, err := d.checker()
	if err != nil {
		return nil, err
	}
	o.Observer = observer{reports: d.reports, checker: checker}
	return siotest.Dial(url, o)
}

// observer is the siotest.Observer of all clients of a dialer.
type observer struct {
	reports *documentstest.Reports
	checker *Checker
}

var _ siotest.Observer = observer{}

// Heard is part of siotest.Observer.
func (o observer) Heard(e siotest.Event) { o.reports.Add(o.checker.Event(e)) }

// Acked is part of siotest.Observer.
func (o observer) Acked(event string, answer siotest.Event) {
	o.reports.Add(o.checker.Ack(event, answer))
}
