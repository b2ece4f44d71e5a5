package badinput_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
	"parley/rest/resttest"
	"parley/storage/sqlite/sqlitetest"
)

// patience is how long a test waits for an answer.
const patience = time.Minute

// logBuffer is the log of a running server.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends a line.
func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

// faults are the lines that tell of a fault of the server itself.
func (b *logBuffer) faults() (lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if strings.Contains(line, `"level":"error"`) || strings.Contains(line, `"level":"fatal"`) || strings.Contains(line, "panic") {
			lines = append(lines, line)
		}
	}
	return lines
}

// server is a whole server, in open mode unless it is changed: there everybody may send
// everything.
type server struct {
	*app.App
	t       testing.TB
	url     string
	log     *logBuffer
	dirs    []string
	watch   *sqlitetest.Watch
	http    *http.Client
	sockets *realtimetest.Dialer
}

// serve runs a server until the test ends, and then looks into its log.
func serve(t testing.TB, change ...func(*config.Config)) *server {
	t.Helper()
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.LogLevel, cfg.LogJSON = 0, t.TempDir(), t.TempDir(), "info", true
	cfg.BuiltinPace, cfg.DrainTimeout = 0, 2*time.Second
	cfg.APIRate, cfg.UploadRate, cfg.FileRate, cfg.MediaRate = 0, 0, 0, 0
	cfg.SocketRate, cfg.SocketBurst = 1_000_000, 1_000_000
	for _, c := range change {
		c(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, log: &logBuffer{}, dirs: []string{cfg.DataDir, cfg.WorkDir}}
	var err error
	if s.App, err = app.New(t.Context(), cfg, app.Options{Version: "test", Log: s.log}); err != nil {
		t.Fatal(err)
	}
	if s.watch, err = sqlitetest.Open(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.watch.Close()); err != nil {
			t.Error(err)
		}
		if faults := s.log.faults(); len(faults) > 0 {
			t.Errorf("the log has %d faults, such as %.2000s", len(faults), faults[0])
		}
	})
	s.url, s.sockets = "http://"+s.Addr(), realtimetest.NewDialer(t, s.Registry())
	s.http = &http.Client{Transport: resttest.NewTransport(t, s.Registry(), &http.Transport{MaxIdleConnsPerHost: 4}), Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

// answer is what came back through a door.
type answer struct {
	status int    // of HTTP; 0 through a socket
	kind   string // the Content-Type
	body   []byte
}

// String shows an answer in reports.
func (a answer) String() string { return fmt.Sprintf("%d %s %.200s", a.status, a.kind, a.body) }

// send sends a request. Of a stream of events only the head is read.
func (s *server) send(method, target string, body []byte) (answer, error) {
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+target, in)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := s.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = w.Body.Close() }()
	a := answer{status: w.StatusCode, kind: w.Header.Get("Content-Type")}
	if strings.HasPrefix(a.kind, "text/event-stream") {
		return a, nil
	}
	a.body, err = io.ReadAll(io.LimitReader(w.Body, 8<<20))
	return a, err
}

// dial connects a socket.
func (s *server) dial() *siotest.Client {
	s.t.Helper()
	c, err := s.sockets.Dial(s.url, siotest.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// ask sends an event and waits for its ack.
func (s *server) ask(c *siotest.Client, event string, args ...any) (answer, error) {
	e, err := c.EmitAck(patience, event, args...)
	if err != nil {
		return answer{}, err
	}
	if len(e.Args) != 1 {
		return answer{}, errors.New("the ack has not one argument")
	}
	return answer{kind: "application/json", body: e.Args[0]}, nil
}

// object is a JSON object, its values as they are to be sent.
type object = map[string]json.RawMessage
