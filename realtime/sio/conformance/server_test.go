package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// patience bounds every wait for something that must happen. It is far above what any
// step takes, so that a busy machine does not fail a test.
const patience = time.Minute

// server is a server under test.
type server struct {
	// base is the address of its endpoint, with the trailing slash and without a query.
	base string
	// strict is set for our own server, which is held to every "MUST" of the pages.
	// Another server, named by the environment, may be as lax as the reference is.
	strict bool
	// settings are its timings and limits: the official ones, unless it is our own and
	// the test chose others.
	settings settings
}

// relaxed are the settings of most tests: those of the pages, but with timeouts which
// no test reaches. So a session that ends was ended for what its client did, and a busy
// machine fails no test. Pings still come between everything else.
func relaxed() settings {
	s := officialSettings()
	s.pingTimeout = time.Minute
	s.connectTimeout = time.Minute
	return s
}

// unpinged are relaxed settings for tests of a single poll, which a ping would answer if the
// machine is slow enough.
func unpinged() settings {
	s := relaxed()
	s.pingInterval = time.Hour
	return s
}

// TestMain also checks that no goroutine outlives the servers which the tests started.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// startEngineIO returns the Engine.IO server under test: the one at
// CONFORMANCE_ENGINEIO_URL (such as http://localhost:3000), else our own, started with
// the settings for this test and stopped after it.
func startEngineIO(t *testing.T, with settings) server {
	t.Helper()
	return startServer(t, true, with, os.Getenv("CONFORMANCE_ENGINEIO_URL"), engineIOPath)
}

// startSocketIO returns the Socket.IO server under test: the one at
// CONFORMANCE_SOCKETIO_URL, else our own.
func startSocketIO(t *testing.T, with settings) server {
	t.Helper()
	return startServer(t, false, with, os.Getenv("CONFORMANCE_SOCKETIO_URL"), socketIOPath)
}

// startServer returns the server at the external address, or starts one.
func startServer(t *testing.T, engine bool, with settings, external, path string) server {
	t.Helper()
	if external != "" {
		return server{base: strings.TrimSuffix(external, "/") + path, settings: officialSettings()}
	}
	handler, stop, err := newHandler(engine, with, zerolog.Nop())
	if err != nil {
		t.Fatalf("make the handler: %v", err)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(func() {
		stop()
		listener.Close()
	})
	return server{base: listener.URL + path, strict: true, settings: with}
}

// onBothServers runs a test of the Engine.IO layer against the Engine.IO server and
// against the Socket.IO server, which stands on the same layer.
func onBothServers(t *testing.T, with settings, run func(t *testing.T, s server)) {
	t.Helper()
	t.Run("Engine.IO server", func(t *testing.T) {
		t.Parallel()
		run(t, startEngineIO(t, with))
	})
	t.Run("Socket.IO server", func(t *testing.T) {
		t.Parallel()
		run(t, startSocketIO(t, with))
	})
}

// client returns an HTTP client which opens a connection for each request, so that a
// connection the server cuts is never mistaken for a stale one and tried again.
func (s server) client() *http.Client {
	return &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: patience},
	}
}

// webSocketURL returns the server's address with the query, for a WebSocket.
func (s server) webSocketURL(query string) string {
	return "ws" + strings.TrimPrefix(s.base, "http") + "?" + query
}
