package agents

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/domain"
)

// key is the lane of one agent in a channel.
func key(channel string) Lane { return Lane{Agent: "a", Channel: domain.ChannelID(channel)} }

// takeNow takes a lane that must be there.
func takeNow(t *testing.T, l *lanes) Lane {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	k, ok := l.take(ctx)
	if !ok {
		t.Fatal("no lane is ready")
	}
	return k
}

func TestLanesAreServedInTurn(t *testing.T) {
	l := newLanes(10)
	for _, c := range []string{"flooded", "flooded", "flooded", "quiet"} {
		l.hint(key(c))
	}
	var served []domain.ChannelID
	for range 4 {
		k := takeNow(t, l)
		served = append(served, k.Channel)
		l.done(k, true)
	}
	want := []domain.ChannelID{"flooded", "quiet", "flooded", "quiet"}
	if !slices.Equal(served, want) {
		t.Errorf("served %v, want %v", served, want)
	}
}

func TestAHintDuringServiceBringsTheLaneBack(t *testing.T) {
	l := newLanes(10)
	l.hint(key("c"))
	k := takeNow(t, l)
	l.hint(k)
	l.done(k, false)
	k = takeNow(t, l)
	l.done(k, false)
	if l.size() != 0 {
		t.Errorf("%d lanes are left", l.size())
	}
}

func TestALaneIsServedByOneAtATime(t *testing.T) {
	l := newLanes(10)
	l.hint(key("c"))
	takeNow(t, l)
	l.hint(key("c"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := l.take(ctx); ok {
		t.Error("somebody else got the lane too")
	}
}

func TestTooManyLanesAreRefusedUntilThereIsRoom(t *testing.T) {
	l := newLanes(4)
	for i := range 10_000 {
		if got, want := l.hint(key(fmt.Sprint(i))), i < 4; got != want {
			t.Fatalf("hint %d accepted: %t", i, got)
		}
	}
	for range 2 {
		select {
		case <-l.drained:
			t.Fatal("says that there is room before there is")
		default:
		}
		l.done(takeNow(t, l), false)
	}
	select {
	case <-l.drained:
	default:
		t.Error("does not say that there is room again")
	}
}

func TestTakingEndsWithItsContext(t *testing.T) {
	l := newLanes(1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() {
		_, ok := l.take(ctx)
		ended <- ok
	}()
	cancel()
	if <-ended {
		t.Error("a lane appeared from nowhere")
	}
}
