package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestIdleConnectionsAreMeasuredBesideEachOther runs all of it against two fakes.
func TestIdleConnectionsAreMeasuredBesideEachOther(t *testing.T) {
	short := shortBench(t)
	o := IdleDefaults()
	o.Parley, o.Out, o.Sockets, o.Channels, o.Rest = short.Parley, short.Out, 4, 2, 0
	peer := func(ctx context.Context) (*server, error) {
		s, err := short.parley(ctx)
		if s != nil {
			s.name = nameNode
		}
		return s, err
	}
	var progress, text bytes.Buffer
	result, err := runIdle(t.Context(), o, []starter{short.parley, peer}, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if err := result.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if len(result.Idle) != 4 || len(result.Rows) != 6 {
		t.Errorf("%d measurements, %d rows:\n%s", len(result.Idle), len(result.Rows), text.String())
	}
	for _, i := range result.Idle {
		if i.Sockets != 4 || i.Failures != 0 || i.Before <= 0 || i.Rested <= 0 || i.Closed <= 0 {
			t.Errorf("%+v", i)
		}
	}
	for _, name := range []string{"idle.json", "idle.txt"} {
		if info, err := os.Stat(filepath.Join(o.Out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestIdleFiguresArePerSocket checks the arithmetic of the rows.
func TestIdleFiguresArePerSocket(t *testing.T) {
	r := IdleResult{Idle: []Idle{
		{Server: nameParley, Transport: "websocket", Sockets: 1000, Before: 10 << 20, Rested: 10<<20 + 9000<<10},
		{Server: nameNode, Transport: "websocket", Sockets: 1000, Before: 50 << 20, Rested: 50<<20 + 10000<<10},
		{Server: nameParley, Transport: "polling", Sockets: 1000, Rested: 26000 << 10, Failures: 1},
	}}
	var got []string
	for _, row := range r.rows() {
		got = append(got, figure(row.Figure, row.Unit)+" "+row.Outcome)
	}
	want := "9 KB PASS, 0.90 x PASS, 0 PASS, 26 KB MISS, 1 MISS"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}
