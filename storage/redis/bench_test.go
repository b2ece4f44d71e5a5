package redis_test

import (
	"context"
	"testing"
	"time"

	"parley/domain"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// BenchmarkLink is one message there and back, with 64 on the way at a time.
func BenchmarkLink(b *testing.B) {
	server := redistest.Start(b)
	c, err := redis.New(redis.Options{URL: domain.Secret(server.URL()), Replica: "bench", Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	l := c.Link()
	came, ready := make(chan struct{}, 64), make(chan struct{}, 1)
	l.Listen(func(string, []byte) { came <- struct{}{} }, func(string) {}, func() { ready <- struct{}{} })
	l.Subscribe("bench")
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	<-ready
	b.ReportAllocs()
	waiting := 0
	for b.Loop() {
		l.Publish("bench", make([]byte, 300), nil)
		if waiting++; waiting == 64 {
			<-came
			waiting--
		}
	}
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}
