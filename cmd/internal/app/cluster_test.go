package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain"
	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
	"parley/storage/redis/redistest"
)

// replicaConfig is the configuration of one replica. Each has an embedded store of its own,
// which a cluster of people's must not have; here nothing is about the store.
func replicaConfig(t *testing.T, server *redistest.Server, name string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.BuiltinPace = 0, t.TempDir(), t.TempDir(), 0
	cfg.RedisURL, cfg.Replica, cfg.DrainTimeout = domain.Secret(server.URL()), name, 2*time.Second
	return cfg
}

// startReplica runs a replica until the test ends or stop is called.
func startReplica(t *testing.T, server *redistest.Server, name string) (replica *app.App, address string, stop func()) {
	t.Helper()
	a, err := app.New(t.Context(), replicaConfig(t, server, name), app.Options{Version: "test", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	var stopped atomic.Bool
	stop = func() {
		cancel()
		if !stopped.Swap(true) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return a, "http://" + a.Addr(), stop
}

// ask returns a JSON answer and its status.
func ask(t *testing.T, method, address, body string) (status int, answer object) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // all was read
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func TestReplicasAreOneServer(t *testing.T) {
	server := redistest.Start(t)
	first, one, _ := startReplica(t, server, "one")
	_, two, stopTwo := startReplica(t, server, "two")
	members := func() float64 {
		_, view := ask(t, "GET", one+"/api/system/cluster", "")
		count, _ := view["count"].(float64)
		return count
	}
	if !comesTrue(func() bool { return members() == 2 }) {
		t.Fatal("the replicas do not know one another")
	}
	_, view := ask(t, "GET", two+"/api/system/cluster", "")
	if view["replica"] != "two" || view["redis"] != "up" || view["degraded"] != false || view["stale"] != false {
		t.Errorf("the cluster is %v", view)
	}
	if _, err := app.New(t.Context(), replicaConfig(t, server, "one"), app.Options{Log: io.Discard}); err == nil || !strings.Contains(err.Error(), "PARLEY_REPLICA") {
		t.Errorf("a second replica of the name starts: %v", err)
	}
	t.Run("sockets through a round robin", func(t *testing.T) { checkRoundRobin(t, realtimetest.NewDialer(t, first.Registry()), one, two) })
	t.Run("the log of all", func(t *testing.T) { checkSharedLog(t, one, two) })
	t.Run("without Redis", func(t *testing.T) { checkDegraded(t, server, one) })
	stopTwo()
	if !comesTrue(func() bool { return members() == 1 }) {
		t.Error("a replica that has left is still listed")
	}
}

// checkRoundRobin lets clients on long-polling, and one that upgrades, talk to replicas in turn.
func checkRoundRobin(t *testing.T, dialer *realtimetest.Dialer, replicas ...string) {
	t.Helper()
	var turn, refused atomic.Int64
	var proxies []http.Handler
	for _, address := range replicas {
		target, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(target)
		proxy.ModifyResponse = func(r *http.Response) error {
			if r.StatusCode >= http.StatusBadRequest {
				refused.Add(1)
			}
			return nil
		}
		proxies = append(proxies, proxy)
	}
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxies[turn.Add(1)%int64(len(proxies))].ServeHTTP(w, r)
	}))
	defer balancer.Close()
	for _, transport := range []string{siotest.Polling, siotest.Upgrade, siotest.Polling} {
		c, err := dialer.Dial(balancer.URL, siotest.Options{Transport: transport})
		if err != nil {
			t.Fatalf("%s: %v", transport, err)
		}
		for range 5 {
			if _, err := c.EmitAck(patience, "system:ping", object{}); err != nil {
				t.Errorf("%s: %v", transport, err)
			}
		}
		if got := refused.Load(); got > 0 {
			t.Errorf("%s: %d requests were refused", transport, got)
		}
		c.Close()
		refused.Store(0) // a poll may have come after the close
	}
}

// checkSharedLog watches the log of one replica and lets another one write.
func checkSharedLog(t *testing.T, watched, writing string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, watched+"/api/server/logs/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it ends with the test
	var found atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if bytes.Contains(lines.Bytes(), []byte("from two")) && bytes.Contains(lines.Bytes(), []byte(`"replica":"two"`)) {
				found.Store(true)
			}
		}
	}()
	if !comesTrue(func() bool {
		ask(t, "POST", writing+"/api/server/logs", `{"logs":[{"message":"from two"}]}`)
		return found.Load()
	}) {
		t.Error("the lines of the other replica do not come")
	}
	cancel()
	<-ended
	_, list := ask(t, "GET", writing+"/api/server/logs", "")
	if list["replica"] != "two" {
		t.Errorf("the log is of replica %v", list["replica"])
	}
}

// checkDegraded takes Redis away and gives it back.
func checkDegraded(t *testing.T, server *redistest.Server, address string) {
	t.Helper()
	health := func(degraded bool, redis string) bool {
		status, h := ask(t, "GET", address+"/api/server/health", "")
		dependencies, _ := h["dependencies"].(object)
		return status == http.StatusOK && (h["degraded"] == true) == degraded && dependencies["redis"] == redis
	}
	if !comesTrue(func() bool { return health(false, "healthy") }) {
		t.Error("health is not well with Redis")
	}
	server.Kill()
	if !comesTrue(func() bool { return health(true, "unhealthy") }) {
		t.Error("health does not say that Redis is away")
	}
	if status, _ := ask(t, "GET", address+"/readyz", ""); status != http.StatusOK {
		t.Errorf("a replica without Redis is not ready: %d", status)
	}
	if !comesTrue(func() bool {
		_, view := ask(t, "GET", address+"/api/system/cluster", "")
		return view["stale"] == true && view["redis"] == "down" && view["count"] == 2.0
	}) {
		t.Error("the list of members is not the last one that was known")
	}
	server.Restart()
	if !comesTrue(func() bool { return health(false, "healthy") }) {
		t.Error("health does not recover")
	}
}
