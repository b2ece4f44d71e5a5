package redis_test

import (
	"context"
	"testing"
	"time"

	"parley/domain/bus"
	"parley/domain/bus/bustest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// patience is how long what must come may take.
const patience = 30 * time.Second

// running runs something until the test ends.
func running(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// openBus joins one more process to the bus of a server.
func openBus(t *testing.T, s *redistest.Server, replica string) *redis.Bus {
	t.Helper()
	b := open(t, s, replica).Bus()
	running(t, b.Run)
	return b
}

// apart is two processes: what one publishes the other hears.
type apart struct{ publisher, subscriber bus.Bus }

func (a apart) Publish(ctx context.Context, topic string, payload []byte) error {
	return a.publisher.Publish(ctx, topic, payload)
}

func (a apart) Subscribe(topic string, s bus.Subscriber) func() {
	return a.subscriber.Subscribe(topic, s)
}

func TestTheBusKeepsTheContractWithinAProcess(t *testing.T) {
	server := redistest.Start(t)
	bustest.Run(t, func(t *testing.T) bus.Bus { return openBus(t, server, "one") })
}

func TestTheBusKeepsTheContractBetweenProcesses(t *testing.T) {
	server := redistest.Start(t)
	bustest.Run(t, func(t *testing.T) bus.Bus { return apart{openBus(t, server, "one"), openBus(t, server, "two")} })
}

func TestWithoutRedisTheBusServesItsOwnProcess(t *testing.T) {
	server := redistest.Start(t)
	b := openBus(t, server, "one")
	server.Kill()
	heard := make(chan string, 1)
	cancel := b.Subscribe("t", bus.Subscriber{Receive: func(payload []byte) { heard <- string(payload) }})
	defer cancel()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := b.Publish(ctx, "t", []byte("note")); err == nil {
		t.Error("others have heard")
	}
	if got := <-heard; got != "note" {
		t.Errorf("heard %q", got)
	}
}

func TestAfterABreakSubscribersOfTheBusLapse(t *testing.T) {
	server := redistest.Start(t)
	one, two := openBus(t, server, "one"), openBus(t, server, "two")
	lapsed, heard := make(chan struct{}, 64), make(chan string, 64)
	cancel := two.Subscribe("t", bus.Subscriber{Receive: func(payload []byte) { heard <- string(payload) }, Lapsed: func() { lapsed <- struct{}{} }})
	defer cancel()
	await(t, lapsed)
	if err := one.Publish(t.Context(), "t", []byte("before")); err != nil {
		t.Fatal(err)
	}
	if got := await(t, heard); got != "before" {
		t.Errorf("heard %q", got)
	}
	for len(lapsed) > 0 {
		<-lapsed
	}
	server.Restart()
	await(t, lapsed)
	if err := one.Publish(t.Context(), "t", []byte("after")); err != nil {
		t.Fatal(err)
	}
	if got := await(t, heard); got != "after" {
		t.Errorf("heard %q", got)
	}
}

// await waits for something on a channel.
func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("it did not come")
		panic("unreachable")
	}
}
