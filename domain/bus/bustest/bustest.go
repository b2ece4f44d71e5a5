// Package bustest is the contract of bus.Bus: every implementation must pass it.
package bustest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/domain/bus"
)

// patience is how long a note may take to arrive.
const patience = 20 * time.Second

// Run checks the buses of one cluster: each call of open joins one more process to it.
func Run(t *testing.T, open func(t *testing.T) bus.Bus) {
	t.Helper()
	t.Run("a note reaches every subscriber of its topic and no other", func(t *testing.T) { reaches(t, open(t)) })
	t.Run("notes of one publisher keep their order", func(t *testing.T) { keepsOrder(t, open(t)) })
	t.Run("nothing comes after cancel", func(t *testing.T) { cancels(t, open(t)) })
	t.Run("a subscriber that is too slow lapses and goes on", func(t *testing.T) { lapses(t, open(t)) })
}

// ear is a subscriber that writes down what it hears.
type ear struct {
	t     *testing.T
	mu    sync.Mutex
	heard []string
	news  chan struct{}
}

// listen subscribes an ear and waits until the subscription is in force.
func listen(t *testing.T, b bus.Bus, topic string) (*ear, func()) {
	t.Helper()
	e := &ear{t: t, news: make(chan struct{}, 1)}
	cancel := b.Subscribe(topic, bus.Subscriber{Receive: e.receive})
	t.Cleanup(cancel)
	for deadline := time.Now().Add(patience); !e.has("hello"); {
		if time.Now().After(deadline) {
			t.Fatalf("the subscription to %s is not in force", topic)
		}
		publish(t, b, topic, "hello")
		e.wait(50 * time.Millisecond)
	}
	return e, cancel
}

// receive writes a note down.
func (e *ear) receive(payload []byte) {
	e.mu.Lock()
	e.heard = append(e.heard, string(payload))
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// wait waits for a note, at most as long as given.
func (e *ear) wait(most time.Duration) {
	select {
	case <-e.news:
	case <-time.After(most):
	}
}

// has reports whether a note was heard.
func (e *ear) has(note string) bool { return slices.Contains(e.notes(), note) }

// notes are those heard until now.
func (e *ear) notes() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// want waits for a note.
func (e *ear) want(note string) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); !e.has(note); {
		if time.Now().After(deadline) {
			e.t.Fatalf("%q was not heard among %d notes", note, len(e.notes()))
		}
		e.wait(50 * time.Millisecond)
	}
}

// publish hands a note to a bus.
func publish(t *testing.T, b bus.Bus, topic, note string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.Publish(ctx, topic, []byte(note)); err != nil {
		t.Fatalf("publish to %s: %v", topic, err)
	}
}

func reaches(t *testing.T, b bus.Bus) {
	first, _ := listen(t, b, "a")
	second, _ := listen(t, b, "a")
	other, _ := listen(t, b, "b")
	publish(t, b, "a", "to a")
	first.want("to a")
	second.want("to a")
	publish(t, b, "b", "to b")
	other.want("to b")
	if other.has("to a") || first.has("to b") {
		t.Error("a note came to another topic")
	}
}

func keepsOrder(t *testing.T, b bus.Bus) {
	e, _ := listen(t, b, "order")
	const notes = 500
	for i := range notes {
		publish(t, b, "order", fmt.Sprintf("note %04d", i))
	}
	e.want(fmt.Sprintf("note %04d", notes-1))
	var got []string
	for _, note := range e.notes() {
		if note != "hello" {
			got = append(got, note)
		}
	}
	if len(got) != notes || !slices.IsSorted(got) {
		t.Errorf("of %d notes %d came, in order: %v", notes, len(got), slices.IsSorted(got))
	}
}

func cancels(t *testing.T, b bus.Bus) {
	e, cancel := listen(t, b, "c")
	stays, _ := listen(t, b, "c")
	cancel()
	cancel()
	publish(t, b, "c", "late")
	stays.want("late")
	if e.has("late") {
		t.Error("a note came after cancel")
	}
}

func lapses(t *testing.T, b bus.Bus) {
	var mu sync.Mutex
	release, lapsed, last := make(chan struct{}), make(chan struct{}, 16), make(chan struct{}, 1)
	busy := make(chan struct{})
	blocked := false
	cancel := b.Subscribe("slow", bus.Subscriber{
		Receive: func(payload []byte) {
			mu.Lock()
			first := !blocked
			blocked = true
			mu.Unlock()
			if first {
				close(busy)
				<-release
			}
			if string(payload) == "last" {
				select {
				case last <- struct{}{}:
				default:
				}
			}
		},
		Lapsed: func() {
			select {
			case lapsed <- struct{}{}:
			default:
			}
		},
	})
	defer cancel()
	for waits := true; waits; { // until the subscription is in force and the subscriber has something to do
		publish(t, b, "slow", "flood")
		select {
		case <-busy:
			waits = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	probe, _ := listen(t, b, "probe") // what was published before it has been delivered to this process
	for range 2*bus.MaxWaiting + 2 {
		publish(t, b, "slow", "flood")
	}
	publish(t, b, "probe", "flooded")
	probe.want("flooded")
	for len(lapsed) > 0 { // that the subscription came into force
		<-lapsed
	}
	close(release)
	select {
	case <-lapsed:
	case <-time.After(patience):
		t.Fatal("the subscriber did not hear that it missed notes")
	}
	for deadline := time.Now().Add(patience); ; {
		publish(t, b, "slow", "last")
		select {
		case <-last:
			return
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("after the lapse nothing came any more")
		}
	}
}
