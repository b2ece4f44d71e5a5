package rest_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/identity/jwt"
	"parley/domain/identity/jwt/jwttest"
	"parley/domain/op"
	"parley/rest"
)

// tick is the request of the operation that these tests stream.
type tick struct {
	Count int    `json:"count"`
	Last  string `json:"lastEventId"`
}

// ticks is a registry with one operation that can stream: count events, then it waits.
func ticks(t *testing.T) *op.Registry {
	t.Helper()
	r := op.NewRegistry(op.Options{})
	op.DefineStream(r, op.Spec{Name: "ticks:watch", Help: "Ticks.", Routes: []string{"GET /api/ticks"}, Errors: []domain.Code{domain.NotFound}},
		func(_ context.Context, _ domain.Actor, q tick) (tick, error) { return q, nil },
		func(ctx context.Context, _ domain.Actor, q tick, out op.Sink) error {
			if q.Count < 0 {
				return domain.Errorf(domain.NotFound, "No such tick")
			}
			for i := range q.Count {
				if err := out.Send("tick", "id-"+q.Last, map[string]int{"n": i}); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return ctx.Err()
		})
	return r
}

func TestStreamsOfEvents(t *testing.T) {
	draining, drain := context.WithCancel(t.Context())
	defer drain()
	open := func(o *identity.Options) { o.Mode = identity.Open }
	server := serve(t, rest.Options{Registry: ticks(t), Draining: draining}, open)

	resp, body := exchange{method: "GET", path: "/api/ticks?count=2"}.do(t, server)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, `"count":2`) {
		t.Errorf("without asking for events: %d %s", resp.StatusCode, body)
	}
	resp, body = exchange{method: "GET", path: "/api/ticks?count=-1", header: map[string]string{"Accept": "text/event-stream"}}.do(t, server)
	if resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "NOT_FOUND") {
		t.Errorf("a failure before the first event: %d %s", resp.StatusCode, body)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/ticks?count=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", "7")
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("Content-Type %s", kind)
	}
	lines := bufio.NewScanner(resp.Body)
	var got []string
	for len(got) < 8 && lines.Scan() {
		got = append(got, lines.Text())
	}
	if want := "id: id-7|event: tick|data: {\"n\":0}||id: id-7|event: tick|data: {\"n\":1}|"; strings.Join(got, "|") != want {
		t.Fatalf("events %q", got)
	}
	drain()
	ended := make(chan bool, 1)
	go func() { ended <- !lines.Scan() }()
	select {
	case ok := <-ended:
		if !ok {
			t.Errorf("one more line: %q", lines.Text())
		}
	case <-time.After(time.Minute):
		t.Error("the stream goes on while the server stops")
	}
}

func TestStreamsAreCounted(t *testing.T) {
	open := func(o *identity.Options) { o.Mode = identity.Open }
	server := serve(t, rest.Options{Registry: ticks(t)}, open)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range 21 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/ticks?count=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 20]; resp.StatusCode != want {
			t.Fatalf("stream %d: %d", i, resp.StatusCode)
		}
	}
}

func TestAStreamEndsWithItsCallersToken(t *testing.T) {
	secret, err := jwt.NewSecret(jwttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := jwt.NewVerifier(jwt.Options{Keys: jwt.Static{secret}})
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, rest.Options{Registry: ticks(t)}, func(o *identity.Options) { o.Mode, o.Tokens = identity.JWT, tokens })
	token := jwttest.HS256(map[string]any{"sub": "zed", "exp": float64(time.Now().Add(3*time.Second).UnixMilli()) / 1000})
	// In the query, where a browser's EventSource has to put it.
	watch := exchange{method: "GET", path: "/api/ticks?count=1&apiKey=" + token, header: map[string]string{"Accept": "text/event-stream"}}
	resp, body := watch.do(t, server)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "event: tick") || !strings.Contains(body, `"code":"TIMEOUT"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := watch.do(t, server); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "token") {
		t.Errorf("coming back with it: %d %s", resp.StatusCode, body)
	}
}
