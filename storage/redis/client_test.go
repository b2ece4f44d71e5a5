package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// open returns a client of a server, closed at the test's end.
func open(t *testing.T, s *redistest.Server, replica string) *redis.Client {
	t.Helper()
	c, err := redis.New(redis.Options{URL: domain.Secret(s.URL()), Replica: replica, Now: time.Now, Logger: zerolog.New(zerolog.NewTestWriter(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestAClientNoticesThatRedisGoesAndComes(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, server, "one")
	ctx, stop := context.WithCancel(t.Context())
	changes, ended := make(chan bool, 16), make(chan struct{})
	go func() {
		defer close(ended)
		c.Watch(ctx, func(up bool) { changes <- up })
	}()
	for _, step := range []struct {
		do func()
		up bool
	}{{func() {}, true}, {server.Kill, false}, {server.Restart, true}} {
		step.do()
		select {
		case up := <-changes:
			if up != step.up || c.Up() != step.up {
				t.Fatalf("up is %v, want %v", up, step.up)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("nothing was noticed, want up %v", step.up)
		}
	}
	stop()
	<-ended
	server.Kill()
	if err := c.Ping(t.Context()); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("error without Redis is %v", err)
	}
}
