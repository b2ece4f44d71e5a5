package realtime_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/trace"
	"parley/realtime"
)

// spanNames is a Tracer that writes the names of spans and their messages down.
type spanNames struct {
	mu    sync.Mutex
	names []string
}

// Begin notes the name.
func (s *spanNames) Begin(ctx context.Context, b trace.Beginning, _ []trace.Attr) (context.Context, trace.Recording) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, b.Name+" "+b.Message)
	return ctx, noRecording{}
}

// took returns what was noted.
func (s *spanNames) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names)
}

// noRecording keeps nothing.
type noRecording struct{}

// Set is part of trace.Recording.
func (noRecording) Set([]trace.Attr) {}

// End is part of trace.Recording.
func (noRecording) End(error) {}

// TraceID is part of trace.Recording.
func (noRecording) TraceID() string { return "" }

// wireLink carries what one gateway publishes to the other at once.
type wireLink struct {
	other   *wireLink
	receive func(channel string, payload []byte)
}

// Publish lets the other end receive.
func (l *wireLink) Publish(channel string, payload []byte, done func(error)) {
	if l.other.receive != nil {
		l.other.receive(channel, payload)
	}
	if done != nil {
		done(nil)
	}
}

// Listen keeps who hears.
func (l *wireLink) Listen(receive func(string, []byte), _ func(string), _ func()) {
	l.receive = receive
}

// Subscribe has nothing to do: everything is carried.
func (*wireLink) Subscribe(...string) {}

// Unsubscribe has nothing to do.
func (*wireLink) Unsubscribe(...string) {}

// Subscribers are both ends.
func (*wireLink) Subscribers(context.Context, string) (int, error) { return 2, nil }

// Channels lists none.
func (*wireLink) Channels(context.Context, string) ([]string, error) { return nil, nil }

func TestBothReplicasTraceAnEventInTheTraceOfItsMessage(t *testing.T) {
	here, there := &spanNames{}, &spanNames{}
	one, other := &wireLink{}, &wireLink{}
	one.other, other.other = other, one
	a := openDoor(t, func(o *realtime.Options) { o.Tracer = here })
	b := openDoor(t, func(o *realtime.Options) { o.Tracer = there })
	for _, end := range []struct {
		gateway *realtime.Gateway
		link    *wireLink
		name    string
	}{{a.gateway, one, "a"}, {b.gateway, other, "b"}} {
		if err := end.gateway.Link(end.link, end.name, func() []string { return []string{"a", "b"} }); err != nil {
			t.Fatal(err)
		}
	}
	const id, deleted domain.MessageID = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
	a.gateway.Announce(messaging.Event{Message: messaging.Message{ID: id, ChannelID: channelID, Seq: 1, Rev: 1}})
	a.gateway.Announce(messaging.Event{Message: messaging.Message{ID: deleted, ChannelID: channelID, Seq: 2, Rev: 3, Deleted: true}})
	if got, want := here.took(), []string{"fan-out publish " + string(id), "fan-out publish " + string(deleted)}; !slices.Equal(got, want) {
		t.Errorf("the publisher traces %q", got)
	}
	if got, want := there.took(), []string{"fan-out receive " + string(id), "fan-out receive " + string(deleted)}; !slices.Equal(got, want) {
		t.Errorf("the receiver traces %q", got)
	}
}
