package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/rest/resttest"
)

// serverKey is the key of these tests' servers; nobody may ever tell it.
const serverKey = "hunter2-the-server-key"

// buffer is the log of a running server.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends a line.
func (b *buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

// String is all that was written.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// server is a running one.
type server struct {
	t     *testing.T
	url   string
	log   *buffer
	dir   string
	http  *http.Client
	stop  context.CancelFunc
	ended chan error
}

// start runs a server on a free port with the key, and logs everything.
func start(t *testing.T, change ...func(*config.Config)) *server {
	t.Helper()
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.LogLevel, cfg.ServerKey = 0, t.TempDir(), t.TempDir(), "trace", serverKey
	cfg.BuiltinPace, cfg.DrainTimeout = 0, time.Minute
	for _, c := range change {
		c(&cfg)
	}
	s := &server{t: t, log: &buffer{}, dir: cfg.WorkDir, ended: make(chan error, 1)}
	a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s.stop, s.url = stop, "http://"+a.Addr()
	s.http = &http.Client{Transport: resttest.NewTransport(t, a.Registry(), http.DefaultTransport)}
	go func() { s.ended <- a.Run(ctx); close(s.ended) }()
	t.Cleanup(func() {
		stop()
		for err := range s.ended {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// call sends a request with the key and returns status, head and body.
func (s *server) call(method, path, body string) (int, http.Header, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-API-KEY", serverKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return w.StatusCode, w.Header, string(text)
}

// eliza is the agent that every new server has, exampleChannel any channel.
const (
	eliza          = "b850bc30-45f8-0041-a00a-83df46d8555d"
	exampleChannel = "11111111-1111-4111-8111-111111111111"
)

func TestNoLineOfTheLogTellsABodyOrAKey(t *testing.T) {
	s := start(t, func(c *config.Config) { c.RemoteEnv = true })
	const marker = "marker-of-a-body"
	s.call("POST", "/api/messaging/central-channels/"+exampleChannel+"/messages", `{"author_id":"22222222-2222-4222-8222-222222222222",
		"content":"`+marker+`","server_id":"00000000-0000-0000-0000-000000000000","metadata":{"x":"`+marker+`","clientMessageId":"`+marker+`"}}`)
	s.call("POST", "/api/messaging/central-channels/"+exampleChannel+"/messages", `{"author_id":"`+marker+`","content":"`+marker)
	s.call("GET", "/api/messaging/central-channels/"+exampleChannel+"/messages?before="+marker, "")
	s.call("POST", "/api/system/env/local", `{"content":{"A":"`+marker+`","B":5}}`)
	s.call("POST", "/api/system/env/local", `{"content":{"A":"`+marker+`"}}`)
	s.call("GET", "/api/"+marker+"?apiKey="+serverKey, "")
	s.call("GET", "/api/server/logs/stream?format=json&apiKey="+serverKey+"&agentName="+marker, "")
	log := s.log.String()
	if strings.Contains(log, marker) || strings.Contains(log, serverKey) {
		t.Errorf("the log tells it:\n%s", log)
	}
	for _, op := range []string{"messages:send", "messages:list", "system:write-env", "system:follow-logs"} {
		if !strings.Contains(log, `"op":"`+op+`"`) {
			t.Errorf("the log has no line about %s", op)
		}
	}
}

func TestNoReplyAboutTheServerTellsTheKey(t *testing.T) {
	s := start(t, func(c *config.Config) { c.RemoteEnv = true })
	for _, path := range []string{"/api/server/debug/state", "/api/server/debug/metrics", "/api/server/debug/metrics?format=prometheus", "/metrics",
		"/api/server/debug/servers", "/api/server/servers", "/api/system/env", "/api/system/environment", "/api/system/capabilities",
		"/api/system/config", "/api/server/logs?since=0&limit=1000", "/api/server/health", "/api/server/status", "/api/system/version"} {
		status, header, body := s.call("GET", path, "")
		if status != 200 || strings.Contains(body, serverKey) || strings.Contains(fmt.Sprint(header), serverKey) {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if status, _, body := s.call("HEAD", path, ""); status != 200 || body != "" {
			t.Errorf("HEAD %s: %d, %q", path, status, body)
		}
	}
}

func TestMetricsAndStateShowWhatHappened(t *testing.T) {
	s := start(t)
	s.call("GET", "/api/agents/"+eliza, "")
	s.call("GET", "/api/agents/none", "")
	_, _, body := s.call("GET", "/api/server/debug/metrics", "")
	var reply struct {
		Data struct {
			Counters, Gauges map[string]float64
			Histograms       map[string]struct {
				Count   uint64
				Buckets map[string]uint64
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		`parley_http_requests_total{method="GET",route="/api/agents/:agentId",status="200"}`: 1,
		`parley_http_requests_total{method="GET",route="/api/agents/:agentId",status="400"}`: 1,
	} {
		if reply.Data.Counters[name] != want {
			t.Errorf("%s is %v", name, reply.Data.Counters[name])
		}
	}
	if h := reply.Data.Histograms[`parley_http_request_seconds{route="/api/agents/:agentId"}`]; h.Count != 2 || h.Buckets["10"] != 2 {
		t.Errorf("%+v", h)
	}
	if reply.Data.Gauges["parley_store_bytes"] <= 0 || reply.Data.Gauges["go_goroutines"] <= 0 {
		t.Errorf("%v", reply.Data.Gauges)
	}
	status, header, text := s.call("GET", "/api/server/debug/metrics?format=prometheus", "")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || !strings.Contains(text, "# TYPE parley_http_requests_total counter") {
		t.Errorf("%d %v %.200s", status, header, text)
	}
	_, _, state := s.call("GET", "/api/server/debug/state", "")
	for _, part := range []string{`"name":"Eliza","status":"active","startedAt":"20`, `"status":"inactive","startedAt":null`, `"driver":"sqlite"`} {
		if !strings.Contains(state, part) {
			t.Errorf("the state lacks %s: %s", part, state)
		}
	}
}

func TestLogStreamShowsAnAgentsLines(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/server/logs/stream?agentName=Eliza&level=info&apiKey="+serverKey, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	if kind := w.Header.Get("Content-Type"); w.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("%d %s", w.StatusCode, kind)
	}
	event := ""
	for lines := bufio.NewScanner(w.Body); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			event = name
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case !ok:
		case event == "open":
			s.call("POST", "/api/agents/"+eliza+"/stop", "")
		default:
			var entry struct {
				Level                   int
				Time                    int64
				Msg, AgentName, AgentID string
			}
			if err := json.Unmarshal([]byte(data), &entry); err != nil {
				t.Fatal(err)
			}
			if event != "log" || entry.AgentName != "Eliza" || entry.AgentID != eliza || entry.Level < 30 || entry.Msg == "" ||
				time.Since(time.UnixMilli(entry.Time)).Abs() > time.Minute {
				t.Errorf("%s: %s", event, data)
			}
			return
		}
	}
	t.Error("the stream ended")
}

func TestLogStreamNeedsTheKeyAndEndsWithTheServer(t *testing.T) {
	s := start(t)
	w, err := s.http.Get(s.url + "/api/server/logs/stream?apiKey=wrong")
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Body.Close()
	if w.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a wrong key: %d", w.StatusCode)
	}
	w, err = s.http.Get(s.url + "/api/server/logs/stream?apiKey=" + serverKey)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	s.stop()
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, w.Body); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
}

func TestStopAnswersAndThenStops(t *testing.T) {
	s := start(t, func(c *config.Config) { c.RemoteStop = true })
	status, _, body := s.call("POST", "/api/server/stop", "")
	if status != 200 || !strings.Contains(body, `"message":"Server stopping..."`) || !strings.Contains(body, `"success":true`) {
		t.Errorf("%d %s", status, body)
	}
	select {
	case err := <-s.ended:
		if err != nil || !strings.Contains(s.log.String(), `"stopped"`) {
			t.Errorf("%v", err)
		}
	case <-time.After(patience):
		t.Fatal("it did not stop")
	}
}

func TestEnvironmentIsEditedOverREST(t *testing.T) {
	s := start(t, func(c *config.Config) { c.RemoteEnv = true })
	path := filepath.Join(s.dir, ".env")
	if err := os.WriteFile(path, []byte("# mine\nA=1\nB=2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{"/api/system/env/local", "/api/system/environment/local"} {
		if status, _, body := s.call("GET", route, ""); status != 200 || !strings.Contains(body, `"data":{"A":"1"`) {
			t.Errorf("%s: %d %s", route, status, body)
		}
		status, _, body := s.call("POST", route, `{"content":{"A":"1","C":"x # y"}}`)
		if status != 200 || body != `{"data":{},"message":"Local env updated","success":true}` {
			t.Errorf("%s: %d %s", route, status, body)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "# mine\nA=1\nC='x # y'\n" {
		t.Errorf("%s, %v", text, err)
	}
	for body, code := range map[string]string{`{"content":{"A=":"1"}}`: "INVALID_REQUEST", `{}`: "INVALID_REQUEST", `{"content":`: "INVALID_REQUEST"} {
		if status, _, reply := s.call("POST", "/api/system/env/local", body); status != 400 || !strings.Contains(reply, code) {
			t.Errorf("%s: %d %s", body, status, reply)
		}
	}
}
