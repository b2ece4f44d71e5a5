package documentstest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"parley/domain"
	"parley/domain/op"
)

// thingRequest and thing are those of the operation of Things.
type thingRequest struct {
	ThingID domain.ChannelID `json:"thingId"`
}

type thing struct {
	ID    domain.ChannelID `json:"id"`
	Names []string         `json:"names"`
	Note  string           `json:"note,omitempty"`
}

// Things is a registry with one operation, things:get, of both doors, to test checkers with:
// also GET /api/things/:thingId and the event "get thing".
func Things() *op.Registry {
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:get", Help: "Returns a thing.", Routes: []string{"GET /api/things/:thingId"}, Events: []string{"get thing"}},
		func(context.Context, domain.Actor, thingRequest) (thing, error) { return thing{}, nil })
	return r
}

// Notes is a Test that keeps what it is told. It is safe for concurrent use.
type Notes struct {
	mu   sync.Mutex
	list []string
	ends []func()
}

var _ Test = (*Notes)(nil)

// Helper is part of Test.
func (*Notes) Helper() {}

// Cleanup is part of Test.
func (n *Notes) Cleanup(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ends = append(n.ends, f)
}

// Errorf is part of Test.
func (n *Notes) Errorf(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, fmt.Sprintf(format, args...))
}

// Take returns what was told since the last time, "" for nothing.
func (n *Notes) Take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := strings.Join(n.list, "\n")
	n.list = nil
	return text
}

// End ends the test.
func (n *Notes) End() {
	n.mu.Lock()
	ends := n.ends
	n.ends = nil
	n.mu.Unlock()
	for _, f := range ends {
		f()
	}
}
