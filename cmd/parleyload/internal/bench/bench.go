package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"parley/cmd/parleyload/internal/load"
	"parley/cmd/parleyload/internal/process"
)

// Names of what is measured at a server.
const (
	kindRate    = "rate"    // a fixed rate
	kindStep    = "step"    // a step of the search for the throughput
	kindDurable = "durable" // a durable send
)

// Measurement is one run of the load driver.
type Measurement struct {
	Server string       `json:"server"`
	Kind   string       `json:"kind"`
	Round  int          `json:"round"`
	Rate   float64      `json:"rate"`
	Report *load.Report `json:"report"`
}

// Start is what starting Parley took and cost.
type Start struct {
	// Milliseconds are from the start of the process until /readyz answered 200, one a start.
	Milliseconds []float64 `json:"milliseconds"`
	IdleMB       float64   `json:"idleMB"`
	BinaryMB     float64   `json:"binaryMB"`
}

// Result is everything that was measured.
type Result struct {
	Options      Options       `json:"options"`
	At           time.Time     `json:"at"`
	Cores        int           `json:"cores"`
	System       string        `json:"system"`
	Start        Start         `json:"start"`
	Measurements []Measurement `json:"measurements"`
	// CommitP50 and CommitP99 are the probe's, in milliseconds.
	CommitP50 float64 `json:"commitP50ms"`
	CommitP99 float64 `json:"commitP99ms"`
	Rows      []Row   `json:"rows"`
}

// bench is a comparison under way.
type bench struct {
	options  Options
	peer     starter
	progress io.Writer
	result   Result
}

// Run measures as the options say, tells what it does on progress, and returns the
// result with its rows. Errors: bad options, or a server that cannot be started or
// driven. Every started server is stopped on return.
func Run(ctx context.Context, o Options, progress io.Writer) (*Result, error) {
	return run(ctx, o, o.node, progress)
}

// run compares with any peer.
func run(ctx context.Context, o Options, peer starter, progress io.Writer) (*Result, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder for results: %w", err)
	}
	b := &bench{options: o, peer: peer, progress: progress, result: Result{
		Options: o, At: time.Now().UTC(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
	}}
	steps := []func(context.Context) error{b.start, b.broadcasts, b.durable, b.reference}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	b.result.Rows = b.result.rows()
	return &b.result, nil
}

// say writes a line about what comes next.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "== "+format+"\n", args...)
}

// with starts a server, uses it and stops it.
func (b *bench) with(ctx context.Context, start starter, use func(*server) error) (err error) {
	s, err := start(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if failed := s.stop(); err == nil && failed != nil {
			err = fmt.Errorf("stop %s: %w", s.name, failed)
		}
	}()
	return use(s)
}

// start times the start and reads the idle memory.
func (b *bench) start(ctx context.Context) error {
	b.say("start of Parley, %d times", b.options.Starts)
	info, err := os.Stat(b.options.Parley)
	if err != nil {
		return fmt.Errorf("find Parley: %w", err)
	}
	out := &b.result.Start
	out.BinaryMB = megabytes(info.Size())
	for i := range b.options.Starts {
		err := b.with(ctx, b.options.parley, func(s *server) error {
			out.Milliseconds = append(out.Milliseconds, s.took.Seconds()*1000)
			if i < b.options.Starts-1 {
				return nil
			}
			return b.idle(ctx, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// idle reads the memory of a server that has rested.
func (b *bench) idle(ctx context.Context, s *server) error {
	timer := time.NewTimer(b.options.Idle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	usage, err := process.Read(s.pid)
	if err != nil {
		return fmt.Errorf("measure idle memory: %w", err)
	}
	b.result.Start.IdleMB = megabytes(usage.Resident)
	return nil
}

// broadcasts drives both servers in turn at the fixed rates and beyond.
func (b *bench) broadcasts(ctx context.Context) error {
	for round := 1; round <= b.options.Rounds; round++ {
		for _, start := range []starter{b.options.parley, b.peer} {
			err := b.with(ctx, start, func(s *server) error {
				for _, rate := range b.options.Rates {
					if _, err := b.broadcast(ctx, s, kindRate, round, rate, b.options.Duration); err != nil {
						return err
					}
				}
				return b.search(ctx, s, round)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// broadcast is one run at one rate.
func (b *bench) broadcast(ctx context.Context, s *server, kind string, round int, rate float64, d time.Duration) (*load.Report, error) {
	o := b.options
	l := load.Defaults()
	l.URL, l.PID, l.Sockets, l.Channels, l.Size = s.url, s.pid, o.Sockets, o.Channels, o.Size
	l.Rate, l.Duration, l.Warmup = rate, d, o.Warmup
	if kind == kindStep {
		l.Warmup = min(l.Warmup, time.Second)
	}
	return b.drive(ctx, s.name, kind, round, l)
}

// drive is one run of the load driver; its report joins the result.
func (b *bench) drive(ctx context.Context, name, kind string, round int, l load.Options) (*load.Report, error) {
	b.say("%s, round %d: %d sockets, %d channels, %.0f sends/s", name, round, l.Sockets, l.Channels, l.Rate)
	report, err := load.Run(ctx, l, b.progress)
	if err != nil {
		return nil, fmt.Errorf("drive %s: %w", name, err)
	}
	if report.Interrupted {
		return nil, context.Cause(ctx)
	}
	report.WriteText(b.progress)
	b.result.Measurements = append(b.result.Measurements, Measurement{Server: name, Kind: kind, Round: round, Rate: l.Rate, Report: report})
	return report, nil
}

// Bounds of the search for the throughput.
const (
	searchGrowth = 1.3
	// keptUp is the share of the offered deliveries that a server must make in time not
	// to be saturated.
	keptUp = 0.97
)

// search raises the rate until the server is saturated, then tries a little above what
// it made, where it is not buried in what it cannot do.
func (b *bench) search(ctx context.Context, s *server, round int) error {
	rate := b.options.Rates[len(b.options.Rates)-1]
	perSend := float64(b.options.Sockets) / float64(b.options.Channels)
	saturated := !b.result.keptUpAt(s.name, round, rate)
	for range b.options.Steps {
		if saturated {
			break
		}
		rate = math.Round(rate * searchGrowth)
		report, err := b.broadcast(ctx, s, kindStep, round, rate, b.options.Step)
		if err != nil {
			return err
		}
		saturated = report.DeliveryRate < keptUp*report.Options.Rate*perSend || report.Err() != nil
	}
	best := b.result.throughput(s.name, round)
	if best == 0 {
		return nil
	}
	_, err := b.broadcast(ctx, s, kindStep, round, math.Round(1.1*best/perSend), b.options.Step)
	return err
}

// durable drives Parley with a light load beside the commit probe.
func (b *bench) durable(ctx context.Context) error {
	return b.with(ctx, b.options.parley, func(s *server) error {
		p, err := startProbe(ctx, s.data)
		if err != nil {
			return err
		}
		_, err = b.drive(ctx, s.name, kindDurable, 1, b.durableLoad(s.url, s.pid, ""))
		commits, probeErr := p.stop()
		if err != nil {
			return err
		}
		b.result.CommitP50 = commits.Quantile(0.5).Seconds() * 1000
		b.result.CommitP99 = commits.Quantile(0.99).Seconds() * 1000
		return probeErr
	})
}

// reference drives the reference with the same load, if there is one.
func (b *bench) reference(ctx context.Context) error {
	o := b.options
	if o.Reference == "" {
		return nil
	}
	_, err := b.drive(ctx, nameReference, kindDurable, 1, b.durableLoad(o.Reference, o.ReferencePID, o.ReferenceKey))
	return err
}

// durableLoad is the load of the durable send.
func (b *bench) durableLoad(url string, pid int, key string) load.Options {
	d := b.options.Durable
	l := load.Defaults()
	l.URL, l.PID, l.Key, l.Size = url, pid, key, b.options.Size
	l.Sockets, l.Channels, l.Rate, l.Duration = d.Sockets, d.Channels, d.Rate, d.Duration
	return l
}

// keptUpAt reports whether a server made what was offered in a run at a fixed rate.
func (r *Result) keptUpAt(server string, round int, rate float64) bool {
	return slices.ContainsFunc(r.Measurements, func(m Measurement) bool {
		offered := m.Rate * float64(r.Options.Sockets) / float64(r.Options.Channels)
		return m.Server == server && m.Kind == kindRate && m.Round == round && m.Rate == rate &&
			m.Report.DeliveryRate >= keptUp*offered && m.Report.Err() == nil
	})
}

// throughput is the most deliveries per second that a server made without a fault in a
// round, zero if it never ran without one.
func (r *Result) throughput(server string, round int) float64 {
	best := 0.0
	for _, m := range r.Measurements {
		if m.Server == server && m.Round == round && m.Kind != kindDurable && m.Report.Err() == nil {
			best = max(best, m.Report.DeliveryRate)
		}
	}
	return best
}

// megabytes is a number of bytes in MB (2^20).
func megabytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }
