package redis_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// message is what a link has delivered.
type message struct{ channel, payload string }

// hearer is a link that is listened to.
type hearer struct {
	*redis.Link
	messages   chan message
	subscribed chan string
	lapsed     chan struct{}
}

// openLink runs a link of a client.
func openLink(t *testing.T, c *redis.Client) *hearer {
	t.Helper()
	h := &hearer{Link: c.Link(), messages: make(chan message, 1<<16), subscribed: make(chan string, 1<<14), lapsed: make(chan struct{}, 64)}
	h.Listen(func(channel string, payload []byte) { h.messages <- message{channel, string(payload)} },
		func(channel string) { h.subscribed <- channel }, func() { h.lapsed <- struct{}{} })
	running(t, h.Run)
	await(t, h.lapsed)
	return h
}

func TestALinkDeliversInOrderWhatItIsSubscribedTo(t *testing.T) {
	server := redistest.Start(t)
	one, two := openLink(t, open(t, server, "one")), openLink(t, open(t, server, "two"))
	two.Subscribe("a", "b")
	for range 2 {
		if got := await(t, two.subscribed); got != "a" && got != "b" {
			t.Errorf("subscribed to %q", got)
		}
	}
	const count = 5000
	outcomes := make(chan error, count)
	for i := range count {
		one.Publish([]string{"a", "other"}[i%2], fmt.Appendf(nil, "%05d", i), func(err error) { outcomes <- err })
	}
	for range count {
		if err := await(t, outcomes); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for range count / 2 {
		m := await(t, two.messages)
		if m.channel != "a" {
			t.Fatalf("a message of %q came", m.channel)
		}
		got = append(got, m.payload)
	}
	if !slices.IsSorted(got) {
		t.Error("the order is lost")
	}
	two.Unsubscribe("a")
	two.Subscribe("c")
	await(t, two.subscribed)
	one.Publish("a", []byte("late"), nil)
	one.Publish("b", []byte("b"), nil)
	if m := await(t, two.messages); m.payload != "b" {
		t.Errorf("came %q", m)
	}
}

func TestALinkKnowsWhoIsSubscribed(t *testing.T) {
	server := redistest.Start(t)
	one, two := openLink(t, open(t, server, "one")), openLink(t, open(t, server, "two"))
	one.Subscribe("all", "own#1")
	two.Subscribe("all", "own#2")
	for range 2 {
		await(t, one.subscribed)
		await(t, two.subscribed)
	}
	if n, err := one.Subscribers(t.Context(), "all"); n != 2 || err != nil {
		t.Errorf("subscribers are %d, %v", n, err)
	}
	if names, err := one.Channels(t.Context(), "own#*"); !slices.Equal(names, []string{"own#1", "own#2"}) || err != nil {
		t.Errorf("channels are %v, %v", names, err)
	}
}

func TestAfterRestartsOfRedisALinkGoesOnAndLapses(t *testing.T) {
	server := redistest.Start(t)
	one, two := openLink(t, open(t, server, "one")), openLink(t, open(t, server, "two"))
	var rooms []string
	for i := range 3000 {
		rooms = append(rooms, fmt.Sprintf("room%d", i))
	}
	two.Subscribe(rooms...)
	for range rooms {
		await(t, two.subscribed)
	}
	for range 3 {
		server.Restart()
		await(t, two.lapsed)
		publishUntilSent(t, one, "room2999", "again")
		if m := await(t, two.messages); m.payload != "again" {
			t.Errorf("came %q", m)
		}
	}
}

// publishUntilSent publishes until Redis has taken it.
func publishUntilSent(t *testing.T, l *hearer, channel, payload string) {
	t.Helper()
	outcome := make(chan error, 1)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		l.Publish(channel, []byte(payload), func(err error) { outcome <- err })
		if await(t, outcome) == nil {
			return
		}
	}
	t.Fatal("Redis takes nothing")
}

func TestAFloodIsDroppedAndTold(t *testing.T) {
	server := redistest.Start(t)
	one := openLink(t, open(t, server, "one"))
	slow := open(t, server, "slow").Link()
	entered, release, lapsed := make(chan struct{}, 1<<17), make(chan struct{}), make(chan struct{}, 64)
	last := make(chan struct{})
	slow.Listen(func(_ string, payload []byte) {
		if string(payload) == "last" {
			close(last)
			return
		}
		entered <- struct{}{}
		<-release
	}, func(string) {}, func() { lapsed <- struct{}{} })
	slow.Subscribe("flood")
	running(t, slow.Run)
	await(t, lapsed)
	published := make(chan error, 1<<17)
	publish := func(n int) (failed int) {
		for range n {
			one.Publish("flood", make([]byte, 16), func(err error) { published <- err })
		}
		for range n {
			if await(t, published) != nil {
				failed++
			}
		}
		return failed
	}
	publish(1)
	await(t, entered)
	for range 40 {
		if n := publish(1000); n > 0 {
			t.Fatalf("%d were not published", n)
		}
	}
	close(release)
	await(t, lapsed)
	publishUntilSent(t, one, "flood", "last")
	await(t, last)
	if n := len(entered); n > 2*16384 {
		t.Errorf("%d messages had waited", n)
	}
}

func TestWithoutRedisPublishingFailsAndEndsClean(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("run", func(t *testing.T) {
		server := redistest.Start(t)
		l := open(t, server, "one").Link()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		outcome := make(chan error, 1)
		publish := func() error {
			l.Publish("c", []byte("x"), func(err error) { outcome <- err })
			return await(t, outcome)
		}
		if err := publish(); err != nil {
			t.Fatal(err)
		}
		server.Kill()
		if publish() == nil {
			t.Error("a message was published without Redis")
		}
		stop()
		if err := await(t, ended); err != nil {
			t.Error(err)
		}
		if publish() == nil {
			t.Error("a message was published after the end")
		}
	})
}
