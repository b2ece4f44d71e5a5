package bench

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/cmd/internal/fakeserver"
	"parley/cmd/parleyload/internal/load"
)

// TestMain lets the test program stand in for Parley: started with Parley's settings it
// serves the fake on the port it is told, until it is asked to stop.
func TestMain(m *testing.M) {
	port, isServer := os.LookupEnv("SERVER_PORT")
	if !isServer {
		os.Exit(m.Run())
	}
	if os.Getenv("PARLEY_DATA_DIR") == "" || os.Getenv("LOG_LEVEL") != "warn" {
		os.Exit(3)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	server := &http.Server{Addr: "127.0.0.1:" + port, Handler: fakeserver.Handler(fakeserver.Options{}), ReadHeaderTimeout: time.Second}
	go func() {
		<-stop
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		os.Exit(4)
	}
}

// shortBench are options of a comparison in a few seconds.
func shortBench(t *testing.T) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.Parley, o.Out, o.Rounds = self, t.TempDir(), 1
	o.Sockets, o.Channels, o.Rates = 4, 2, []float64{40, 80}
	o.Duration, o.Warmup, o.Step, o.Steps = time.Second, 0, time.Second, 1
	o.Durable = Durable{Sockets: 2, Channels: 1, Rate: 40, Duration: time.Second}
	o.Starts, o.Idle = 2, 0
	return o
}

// TestAComparisonFillsEveryRow runs all of it against two fakes.
func TestAComparisonFillsEveryRow(t *testing.T) {
	o := shortBench(t)
	peer := func(ctx context.Context) (*server, error) {
		s, err := o.parley(ctx)
		if s != nil {
			s.name = nameNode
		}
		return s, err
	}
	var progress, text bytes.Buffer
	result, err := run(t.Context(), o, peer, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if err := errors.Join(result.WriteText(&text), result.Save()); err != nil {
		t.Fatal(err)
	}
	for _, row := range result.Rows {
		reference := strings.Contains(row.What, "the reference")
		cpu := strings.Contains(row.What, "CPU per delivery") // a fake may use less than a tick
		if (row.Outcome == notMeasured) != reference && !cpu {
			t.Errorf("%s: %s", row.What, row.Outcome)
		}
	}
	if !strings.Contains(text.String(), "lost, doubled, disordered") || result.CommitP50 <= 0 {
		t.Errorf("commit %v ms in:\n%s", result.CommitP50, text.String())
	}
	for _, name := range []string{"bench.json", "bench.txt", "bench.svg", "parley-rate-40-round1.svg", "node.js-rate-80-round1.svg"} {
		if info, err := os.Stat(filepath.Join(o.Out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(o.Out, "data-*")); len(left) > 0 {
		t.Errorf("data was left: %v", left)
	}
}

// TestACancelledComparisonStopsItsServer leaves no process behind.
func TestACancelledComparisonStopsItsServer(t *testing.T) {
	o := shortBench(t)
	o.Duration = time.Hour
	var started *server
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := &bench{options: o, progress: new(bytes.Buffer), result: Result{Options: o}}
	err := b.with(ctx, o.parley, func(s *server) error {
		started = s
		time.AfterFunc(300*time.Millisecond, cancel)
		_, err := b.broadcast(ctx, s, kindRate, 1, 10, time.Hour)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-started.exited:
	default:
		t.Error("the server still runs")
	}
}

// TestAServerThatCannotStartIsTold covers a missing program, one that ends at once, and a
// peer that is not installed.
func TestAServerThatCannotStartIsTold(t *testing.T) {
	o := shortBench(t)
	o.Parley = filepath.Join(o.Out, "absent")
	if _, err := o.parley(t.Context()); err == nil {
		t.Error("a missing program was started")
	}
	o.Parley = "/bin/true"
	if _, err := o.parley(t.Context()); err == nil || !strings.Contains(err.Error(), "ended while it started") {
		t.Errorf("a program that ends at once: %v", err)
	}
	o.NodePeer = o.Out
	if _, err := o.node(t.Context()); err == nil || !strings.Contains(err.Error(), "npm ci") {
		t.Errorf("a peer that is not installed: %v", err)
	}
}

// TestThePortIsReadFromTheFirstLine refuses anything else.
func TestThePortIsReadFromTheFirstLine(t *testing.T) {
	s := &server{name: "peer"}
	if port, err := s.awaitPort(t.Context(), strings.NewReader("listening 4711\nmore")); port != "4711" || err != nil {
		t.Errorf("got %q and %v", port, err)
	}
	for _, text := range []string{"", "hello\n", "listening\n", "listening 70000\n", "listening x\n"} {
		if port, err := s.awaitPort(t.Context(), strings.NewReader(text)); err == nil {
			t.Errorf("%q: got %q", text, port)
		}
	}
}

// TestRowsAreHeldAgainstTheirBars gives figures on both sides of each bar.
func TestRowsAreHeldAgainstTheirBars(t *testing.T) {
	for _, c := range []struct {
		figure float64
		bar    bar
		want   string
	}{
		{0.99, bar{limit: 1}, pass}, {1, bar{limit: 1}, pass}, {1.01, bar{limit: 1}, miss},
		{1.8, bar{limit: 1.8, atLeast: true}, pass}, {1.79, bar{limit: 1.8, atLeast: true}, miss},
		{math.NaN(), bar{limit: 1}, notMeasured}, {math.Inf(1), bar{limit: 1, atLeast: true}, notMeasured},
	} {
		if got := row("", "", "", c.figure, c.bar).Outcome; got != c.want {
			t.Errorf("%v against %v: %s, want %s", c.figure, c.bar, got, c.want)
		}
	}
}

// TestRatiosAreOfMedians checks the arithmetic of the first rows.
func TestRatiosAreOfMedians(t *testing.T) {
	r := Result{Options: Options{Rounds: 3, Rates: []float64{1500}}}
	add := func(server string, round int, cpu, deliveries float64) {
		r.Measurements = append(r.Measurements, Measurement{Server: server, Kind: kindRate, Round: round, Rate: 1500,
			Report: &load.Report{DeliveryRate: deliveries, Server: &load.Server{PerDelivery: cpu}}})
	}
	for i, cpu := range []float64{6, 90, 8} {
		add(nameParley, i+1, cpu, 200)
		add(nameNode, i+1, 2*cpu, 100)
	}
	rows := r.rows()
	if rows[0].Figure != 0.5 || rows[0].Parley != "8 us" || rows[0].Other != "16 us" {
		t.Errorf("CPU: %+v", rows[0])
	}
	if rows[1].Figure != 2 || rows[1].Outcome != pass {
		t.Errorf("throughput: %+v", rows[1])
	}
}

// TestBadOptionsAreAllNamed asks for everything wrong at once.
func TestBadOptionsAreAllNamed(t *testing.T) {
	good := Defaults()
	if err := good.Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	bad := Options{Idle: -1, Steps: -1, Reference: "http://x", Rates: []float64{2, 1}}
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, field := range []string{"parley", "node-peer", "out", "rounds", "starts", "rates", "step", "steps", "idle", "reference-pid"} {
		if !strings.Contains(err.Error(), field+" must") {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}
