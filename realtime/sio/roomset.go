package sio

import (
	"iter"
	"maps"
	"slices"
)

// fewRooms is how many rooms a roomSet keeps in a list, which for one or two takes a tenth
// of what a map takes.
const fewRooms = 8

// roomSet is a set of rooms; its zero value is empty.
type roomSet struct {
	few  []string
	many map[string]struct{} // instead of few, once they were more
}

// len is how many there are.
func (r *roomSet) len() int { return len(r.few) + len(r.many) }

// has reports whether a room is in the set.
func (r *roomSet) has(room string) bool {
	_, in := r.many[room]
	return in || slices.Contains(r.few, room)
}

// add adds a room that is not in the set.
func (r *roomSet) add(room string) {
	switch {
	case r.many != nil:
		r.many[room] = struct{}{}
	case len(r.few) < fewRooms:
		r.few = append(r.few, room)
	default:
		r.many = map[string]struct{}{room: {}}
		for _, other := range r.few {
			r.many[other] = struct{}{}
		}
		r.few = nil
	}
}

// remove takes a room out and reports whether it was in the set.
func (r *roomSet) remove(room string) bool {
	if i := slices.Index(r.few, room); i >= 0 {
		r.few = slices.Delete(r.few, i, i+1)
		return true
	}
	_, in := r.many[room]
	delete(r.many, room)
	return in
}

// all lists the rooms in no order; the set must not change meanwhile.
func (r *roomSet) all() iter.Seq[string] {
	if r.many != nil {
		return maps.Keys(r.many)
	}
	return slices.Values(r.few)
}
