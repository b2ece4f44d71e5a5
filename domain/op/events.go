package op

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Direction says who sends an event.
type Direction int

// The directions.
const (
	// ToClient events are sent by the server.
	ToClient Direction = iota
	// ToServer events are sent by clients.
	ToServer
)

// Event declares a Socket.IO event that is not the name of an operation: what the server
// tells, and what the reference's clients send. It is for the documents; the door that
// speaks it declares it.
type Event struct {
	Name string
	// Help is one sentence for the catalogue.
	Help      string
	Direction Direction
	// Payload is the type of the first argument; nil is an event without one.
	Payload reflect.Type
	// Operation names the operation that a ToServer event carries out, whose request its
	// payload is then; "" if Payload says it.
	Operation string
	// Answers are the events that answer it, beside the ack.
	Answers []string
}

// Describe declares events. It panics on a name that is taken or a declaration that
// makes no sense, which only a programmer can make.
func (r *Registry) Describe(events ...Event) {
	for _, e := range events {
		taken := slices.ContainsFunc(r.events, func(o Event) bool { return o.Name == e.Name && o.Direction == e.Direction })
		if taken || e.Name == "" || e.Help == "" || e.Direction == ToServer && r.by[e.Name] != nil {
			panic(fmt.Sprintf("event %q is declared twice, or lacks a name or a help text", e.Name))
		}
		if e.Operation != "" && r.by[e.Operation] == nil {
			panic(fmt.Sprintf("event %q carries out %s, which is no operation", e.Name, e.Operation))
		}
		r.events = append(r.events, e)
	}
}

// Events returns the declared events of one direction, ordered by name.
func (r *Registry) Events(d Direction) []Event {
	var list []Event
	for _, e := range r.events {
		if e.Direction == d {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Event) int { return strings.Compare(a.Name, b.Name) })
	return list
}
