package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/cmd/parleyload/internal/load"
	"parley/cmd/parleyload/internal/process"
)

// shortReplicas are options of a measurement in a few seconds.
func shortReplicas(t *testing.T) ReplicaOptions {
	t.Helper()
	short := shortBench(t)
	o := ReplicaDefaults()
	o.Parley, o.Out, o.Sockets, o.Channels = short.Parley, short.Out, 8, 2
	o.LatencyRate, o.Rates, o.Rounds = 20, []float64{40}, 1
	o.Duration, o.Warmup, o.Settle = time.Second, 0, 0
	return o
}

// TestReplicasAreMeasuredBesideEachOther runs all of it against fakes, of which one process
// stands for both of a set.
func TestReplicasAreMeasuredBesideEachOther(t *testing.T) {
	o := shortReplicas(t)
	two := func(ctx context.Context, r *replicaSet) error {
		err := o.alone(ctx, r)
		if err == nil {
			r.servers = append(r.servers, r.servers[0])
		}
		return err
	}
	var progress, text bytes.Buffer
	result, err := runReplicas(t.Context(), o, []setStarter{{nameParley, o.alone}, {nameReplicas, two}, {nameNodes, two}}, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if err := result.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if len(result.Measurements) != 6 || len(result.Rows) != 5 {
		t.Errorf("%d measurements, %d rows:\n%s", len(result.Measurements), len(result.Rows), text.String())
	}
	for _, m := range result.Measurements {
		p := m.Report
		if p.Expected == 0 || p.Delivered != p.Expected || p.Doubled != 0 || p.Acked != p.Sent || p.Err() != nil {
			t.Errorf("%s: %d of %d delivered, %d doubled, %d of %d acknowledged, %v", m.Server, p.Delivered, p.Expected, p.Doubled, p.Acked, p.Sent, p.Err())
		}
		// In a channel of four, a member has two others at the other server, and one beside it.
		if m.Server != nameParley && p.Crossed.Count*3 != p.Delivery.Count*2 {
			t.Errorf("%s: %d of %d deliveries crossed", m.Server, p.Crossed.Count, p.Delivery.Count)
		}
		if m.Server == nameParley && p.Crossed.Count != 0 {
			t.Errorf("%d deliveries crossed at one server", p.Crossed.Count)
		}
	}
	for _, name := range []string{"replicas.json", "replicas.txt"} {
		if info, err := os.Stat(filepath.Join(o.Out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReplicasThatCannotStartAreTold and nothing is left of what was started.
func TestReplicasThatCannotStartAreTold(t *testing.T) {
	o := shortReplicas(t)
	o.FerretDB = filepath.Join(o.Out, "absent")
	var progress bytes.Buffer
	if _, err := RunReplicas(t.Context(), o, &progress); err == nil || !strings.Contains(err.Error(), "build it") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(o.Out, "data-*")); len(left) > 0 {
		t.Errorf("data was left: %v", left)
	}
}

// TestASetHasARedisOfItsOwn that ends with it.
func TestASetHasARedisOfItsOwn(t *testing.T) {
	o := shortReplicas(t)
	r := new(replicaSet)
	address, err := o.redis(t.Context(), r)
	if err != nil || !strings.HasPrefix(address, "redis://127.0.0.1:") || r.redis == 0 {
		t.Errorf("%q, process %d: %v", address, r.redis, err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if _, err := process.Read(r.redis); err == nil {
		t.Error("it still runs")
	}
}

// TestRatiosOfReplicasAreOfRounds takes the middle of the rounds' ratios, not the ratio of
// the middles.
func TestRatiosOfReplicasAreOfRounds(t *testing.T) {
	r := ReplicaResult{Options: ReplicaOptions{LatencyRate: 1, Rates: []float64{10}}, Cores: 2}
	add := func(server string, rate, cpu, p50, crossed float64) {
		r.Measurements = append(r.Measurements, Measurement{Server: server, Rate: rate, Report: &load.Report{
			MeasuredSeconds: 10, Delivery: load.Percentiles{P50: p50}, Crossed: load.Percentiles{P50: crossed},
			Server: &load.Server{PerDelivery: cpu, CPUSeconds: 1, BesideSeconds: 1}}})
	}
	for i, busy := range []float64{1, 5, 2} { // the machine
		add(nameParley, 1, busy, busy, 0)
		add(nameReplicas, 1, busy, busy, busy+1)
		add(nameParley, 10, 10*busy, 1, 0)
		add(nameReplicas, 10, 12*busy, 1, 1)
		add(nameNodes, 10, (30-float64(i))*busy, 1, 1)
	}
	var got []string
	for _, row := range r.rows() {
		got = append(got, figure(row.Figure, row.Unit)+" "+row.Outcome)
	}
	want := "1 ms PASS, 10 % PASS, 1.20 x PASS, 0.41 x PASS, 0 PASS"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}
