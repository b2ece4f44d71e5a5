package diff

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"parley/domain"
)

// Kind says what kind of difference it is.
type Kind string

// The kinds.
const (
	// Status: the HTTP statuses differ.
	Status Kind = "status"
	// Missing: the reference has a field, an entry or an event that Parley lacks.
	Missing Kind = "missing"
	// Extra: Parley has one that the reference lacks.
	Extra Kind = "extra"
	// Type: the JSON types differ.
	Type Kind = "type"
	// Value: the values differ, of one type.
	Value Kind = "value"
	// Order: the same events came in another order.
	Order Kind = "order"
)

// Difference is one place where two answers to a step differ.
type Difference struct {
	// Step is the name of the step.
	Step string
	Kind Kind
	// Path leads to the place: body.data.agents[0].id, events.ann.messageBroadcast.text.
	Path string
	// Reference and Parley are what stands there, shortened, "" for nothing.
	Reference, Parley string
}

// String is a line for people.
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s at %s: reference %s, Parley %s", d.Step, d.Kind, d.Path, orNothing(d.Reference), orNothing(d.Parley))
}

// orNothing names what is not there.
func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}

// Event is something that a socket heard.
type Event struct {
	// Socket is the script's name of the socket.
	Socket string
	Name   string
	// Payload is the first argument, normalised.
	Payload any
}

// Answer is all that came of a step.
type Answer struct {
	// Status is the HTTP status, 0 for a step on a socket.
	Status int
	// Body is the normalised body: decoded JSON, or a text.
	Body any
	// Events are those that the sockets heard because of the step.
	Events []Event
}

// Compare lists the differences between two answers to a step.
func Compare(step string, reference, parley Answer) []Difference {
	c := comparison{step: step}
	if reference.Status != parley.Status {
		c.add(Status, "status", strconv.Itoa(reference.Status), strconv.Itoa(parley.Status))
	}
	c.values("body", reference.Body, parley.Body)
	c.events(reference.Events, parley.Events)
	return c.found
}

// comparison gathers the differences of a step.
type comparison struct {
	step  string
	found []Difference
}

// add notes a difference.
func (c *comparison) add(kind Kind, path, reference, parley string) {
	c.found = append(c.found, Difference{Step: c.step, Kind: kind, Path: path, Reference: reference, Parley: parley})
}

// values compares two values, and what is in them.
func (c *comparison) values(path string, reference, parley any) {
	switch r := reference.(type) {
	case map[string]any:
		if p, ok := parley.(map[string]any); ok {
			c.objects(path, r, p)
			return
		}
	case []any:
		if p, ok := parley.([]any); ok {
			c.lists(path, r, p)
			return
		}
	}
	a, b := show(reference), show(parley)
	switch {
	case a == b:
	case typeOf(reference) != typeOf(parley):
		c.add(Type, path, a, b)
	default:
		c.add(Value, path, a, b)
	}
}

// objects compares two objects field by field.
func (c *comparison) objects(path string, reference, parley map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(reference)) {
		if value, ok := parley[key]; ok {
			c.values(path+"."+key, reference[key], value)
			continue
		}
		c.add(Missing, path+"."+key, show(reference[key]), "")
	}
	for _, key := range slices.Sorted(maps.Keys(parley)) {
		if _, ok := reference[key]; !ok {
			c.add(Extra, path+"."+key, "", show(parley[key]))
		}
	}
}

// lists compares two lists entry by entry.
func (c *comparison) lists(path string, reference, parley []any) {
	for i := range max(len(reference), len(parley)) {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i >= len(parley):
			c.add(Missing, at, show(reference[i]), "")
		case i >= len(reference):
			c.add(Extra, at, "", show(parley[i]))
		default:
			c.values(at, reference[i], parley[i])
		}
	}
}

// events compares what the sockets heard: socket by socket, the n-th event of a name with
// the n-th of the same name, and then the order of the names that both have.
func (c *comparison) events(reference, parley []Event) {
	type key struct {
		socket, name string
		n            int
	}
	index := func(events []Event) (map[key]Event, []key) {
		seen, counts, order := map[key]Event{}, map[key]int{}, []key(nil)
		for _, e := range events {
			k := key{socket: e.Socket, name: e.Name}
			k.n = counts[k]
			counts[key{socket: e.Socket, name: e.Name}]++
			seen[k] = e
			order = append(order, k)
		}
		return seen, order
	}
	theirs, theirOrder := index(reference)
	ours, ourOrder := index(parley)
	for _, k := range theirOrder {
		path := "events." + k.socket + "." + k.name
		if e, ok := ours[k]; ok {
			c.values(path, theirs[k].Payload, e.Payload)
			continue
		}
		c.add(Missing, path, show(theirs[k].Payload), "")
	}
	for _, k := range ourOrder {
		if _, ok := theirs[k]; !ok {
			c.add(Extra, "events."+k.socket+"."+k.name, "", show(ours[k].Payload))
		}
	}
	both := func(order []key, other map[key]Event, socket string) (names []string) {
		for _, k := range order {
			if _, ok := other[k]; ok && k.socket == socket {
				names = append(names, k.name)
			}
		}
		return names
	}
	sockets := map[string]bool{}
	for _, k := range theirOrder {
		sockets[k.socket] = true
	}
	for _, socket := range slices.Sorted(maps.Keys(sockets)) {
		a, b := both(theirOrder, ours, socket), both(ourOrder, theirs, socket)
		if !slices.Equal(a, b) {
			c.add(Order, "events."+socket, fmt.Sprint(a), fmt.Sprint(b))
		}
	}
}

// typeOf is the JSON type of a normalised value.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64:
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// show is a value in a line for people.
func show(value any) string {
	data, err := domain.PlainJSON(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	const most = 160
	if len(data) > most {
		return string(data[:most]) + "..."
	}
	return string(data)
}
