package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"parley/cmd/parleyload/internal/load"
)

// Names of the sets of servers.
const (
	nameReplicas = "two Parley"
	nameNodes    = "two Node.js"
)

// The bars of replicas: what crossing from one to another adds to the median latency, how
// loaded the machine may be while that is measured, and the CPU per delivery of the servers
// beside one Parley alone and beside the Node.js servers.
const (
	latencyBar   = 2.0  // ms
	loadBar      = 20.0 // percent of all cores
	aloneBar     = 1.3
	nodeBar      = 0.6
	kindLatency  = "latency"
	kindReplicas = "CPU"
)

// ReplicaOptions say what replicas are measured with. Start from ReplicaDefaults.
type ReplicaOptions struct {
	// Parley, NodePeer and Out are those of Options.
	Parley   string `json:"parley"`
	NodePeer string `json:"nodePeer"`
	Out      string `json:"out"`
	// FerretDB is the program that stands in for MongoDB, unless MongoDB is the address of one.
	FerretDB string `json:"ferretDB,omitempty"`
	MongoDB  string `json:"-"`
	// Sockets are dealt out to Channels, and within each to the servers.
	Sockets  int `json:"sockets"`
	Channels int `json:"channels"`
	// Size is the length of the text in each event.
	Size int `json:"size"`
	// LatencyRate is the sends per second of the runs for the latency, Rate of those for the CPU.
	LatencyRate float64 `json:"latencyRate"`
	Rate        float64 `json:"rate"`
	// Rounds is how often each set has its turn, Duration how long is measured at each rate.
	Rounds   int           `json:"rounds"`
	Duration time.Duration `json:"duration"`
	Warmup   time.Duration `json:"warmup"`
}

// ReplicaDefaults are those of design 13, in about four minutes.
func ReplicaDefaults() ReplicaOptions {
	return ReplicaOptions{
		Parley: "bin/parley", NodePeer: "cmd/parleyload/peers", Out: "bench-results", FerretDB: "bin/ferretdb",
		Sockets: 200, Channels: 4, Size: 200, LatencyRate: 100, Rate: 1000,
		Rounds: 5, Duration: 5 * time.Second, Warmup: time.Second,
	}
}

// Validate returns every fault of the options, joined. What concerns the load itself is
// checked when it runs.
func (o *ReplicaOptions) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(o.Parley != "", "parley must name the program")
	check(o.NodePeer != "", "node-peer must name a folder")
	check(o.Out != "", "out must name a folder")
	check(o.FerretDB != "" || o.MongoDB != "", "ferretdb must name the program, or mongodb an address")
	check(o.Rounds >= 1, "rounds must be at least 1, not %d", o.Rounds)
	check(o.Channels >= 1 && o.Sockets/max(o.Channels, 1) >= replicaCount, "sockets must be at least %d a channel", replicaCount)
	check(o.LatencyRate > 0 && o.Rate > 0, "rates must be positive, not %v and %v", o.LatencyRate, o.Rate)
	return errors.Join(faults...)
}

// ReplicaResult is everything that was measured of replicas.
type ReplicaResult struct {
	Options      ReplicaOptions `json:"options"`
	At           time.Time      `json:"at"`
	Cores        int            `json:"cores"`
	System       string         `json:"system"`
	Measurements []Measurement  `json:"measurements"`
	// LoadBefore and LoadAfter are the system's load averages; empty where it has none.
	LoadBefore string `json:"loadBefore,omitempty"`
	LoadAfter  string `json:"loadAfter,omitempty"`
	Rows       []Row  `json:"rows"`
}

// RunReplicas measures one Parley, two of them, and two Node.js servers, and saves the result
// to Out. All of them run from the beginning to the end, and are driven one after the other
// in short rounds, so that whatever else the machine does falls on all alike. Errors: bad
// options, or a server that cannot be started or driven.
func RunReplicas(ctx context.Context, o ReplicaOptions, progress io.Writer) (*ReplicaResult, error) {
	return runReplicas(ctx, o, o.sets(), progress)
}

// runReplicas measures any sets of servers.
func runReplicas(ctx context.Context, o ReplicaOptions, starters []setStarter, progress io.Writer) (result *ReplicaResult, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder for results: %w", err)
	}
	result = &ReplicaResult{Options: o, At: time.Now().UTC(), Cores: runtime.NumCPU(),
		System: runtime.GOOS + "/" + runtime.GOARCH, LoadBefore: loadAverage()}
	b := &bench{progress: progress}
	var sets []*replicaSet
	defer func() {
		for _, r := range sets {
			err = errors.Join(err, r.stop())
		}
	}()
	for _, starter := range starters {
		b.say("start of %s", starter.name)
		r := &replicaSet{name: starter.name}
		sets = append(sets, r)
		if err := starter.start(ctx, r); err != nil {
			return nil, fmt.Errorf("start %s: %w", starter.name, err)
		}
	}
	for round := 1; round <= o.Rounds; round++ {
		for _, r := range sets {
			if err := o.turn(ctx, b, r, round); err != nil {
				return nil, err
			}
		}
	}
	result.Measurements, result.LoadAfter = b.result.Measurements, loadAverage()
	result.Rows = result.rows()
	return result, result.save()
}

// turn drives a set at both rates.
func (o *ReplicaOptions) turn(ctx context.Context, b *bench, r *replicaSet, round int) error {
	for _, run := range []struct {
		kind string
		rate float64
	}{{kindLatency, o.LatencyRate}, {kindReplicas, o.Rate}} {
		l := load.Defaults()
		r.aim(&l)
		l.Sockets, l.Channels, l.Size, l.Rate = o.Sockets, o.Channels, o.Size, run.rate
		l.Duration, l.Warmup, l.Drain = o.Duration, o.Warmup, 2*time.Second
		l.ConnectTimeout, l.Protocol = time.Minute, load.ProtocolTyping
		if _, err := b.drive(ctx, r.name, run.kind, round, l); err != nil {
			return err
		}
	}
	return nil
}

// loadAverage is what the system says of its load.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// rows hold the figures against their bars.
func (r *ReplicaResult) rows() []Row {
	cpu := func(p *load.Report) float64 {
		return ofServer(p, func(s *load.Server) float64 { return s.PerDelivery })
	}
	p50 := func(p *load.Report) float64 { return p.Delivery.P50 }
	crossed := func(p *load.Report) float64 { return p.Crossed.P50 }
	alone, two := r.median(nameParley, kindLatency, p50), r.median(nameReplicas, kindLatency, crossed)
	used := r.median(nameReplicas, kindLatency, func(p *load.Report) float64 {
		return ofServer(p, func(s *load.Server) float64 {
			return 100 * (s.CPUSeconds + s.BesideSeconds) / p.MeasuredSeconds / float64(r.Cores)
		})
	})
	ours := r.median(nameReplicas, kindReplicas, cpu)
	atLow, atHigh := fmt.Sprintf("%v sends/s: ", r.Options.LatencyRate), fmt.Sprintf("%v sends/s: ", r.Options.Rate)
	return []Row{
		row(atLow+"delivery p50 from one Parley to another, above one alone", figure(two, "ms"), figure(alone, "ms"),
			two-alone, bar{limit: latencyBar, unit: "ms"}),
		row(atLow+"both and Redis, of all cores", figure(used, "%"), "", used, bar{limit: loadBar, unit: "%"}),
		row(atHigh+"CPU per delivery of both, beside one alone", figure(ours, "us"), figure(r.median(nameParley, kindReplicas, cpu), "us"),
			r.ratio(nameParley, cpu), bar{limit: aloneBar, unit: "x"}),
		row(atHigh+"CPU per delivery of both, beside two Node.js", figure(ours, "us"), figure(r.median(nameNodes, kindReplicas, cpu), "us"),
			r.ratio(nameNodes, cpu), bar{limit: nodeBar, unit: "x"}),
		row("lost and doubled, beside two Node.js", figure(r.faults(nameReplicas), ""), figure(r.faults(nameNodes), ""), r.faults(nameReplicas), bar{}),
	}
}

// ofServer reads a figure of the servers, which is no number if they were not measured.
func ofServer(p *load.Report, f func(*load.Server) float64) float64 {
	if p.Server == nil {
		return math.NaN()
	}
	return f(p.Server)
}

// values reads a figure out of a set's runs, one a round.
func (r *ReplicaResult) values(set, kind string, f func(*load.Report) float64) []float64 {
	var values []float64
	for _, m := range r.Measurements {
		if m.Server == set && m.Kind == kind {
			values = append(values, f(m.Report))
		}
	}
	return values
}

// median is the middle of a figure over the rounds.
func (r *ReplicaResult) median(set, kind string, f func(*load.Report) float64) float64 {
	return median(r.values(set, kind, f))
}

// ratio is the middle over the rounds of what two Parleys have for each of another set's:
// within a round the machine is most alike.
func (r *ReplicaResult) ratio(other string, f func(*load.Report) float64) float64 {
	ours, theirs := r.values(nameReplicas, kindReplicas, f), r.values(other, kindReplicas, f)
	var ratios []float64
	for i := range min(len(ours), len(theirs)) {
		ratios = append(ratios, ours[i]/theirs[i])
	}
	return median(ratios)
}

// faults are all that a set lost or doubled.
func (r *ReplicaResult) faults(set string) float64 {
	sum := 0.0
	for _, m := range r.Measurements {
		if m.Server == set {
			sum += float64(m.Report.Lost + m.Report.Doubled)
		}
	}
	return sum
}

// WriteText writes the table for people.
func (r *ReplicaResult) WriteText(out io.Writer) error {
	o := r.Options
	fmt.Fprintf(out, "%d sockets in %d channels, ephemeral events of %d bytes, median of %d rounds of %v; %d cores shared with the driver, %s; load average %s before, %s after; %s\n\n",
		o.Sockets, o.Channels, o.Size, o.Rounds, o.Duration, r.Cores, r.System, r.LoadBefore, r.LoadAfter, r.At.Format("2006-01-02 15:04 MST"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	writeRows(w, r.Rows)
	fmt.Fprintln(w, "\nservers\tsends/s\tdelivery p50\tp99\tcrossed p50\tp99\tCPU per delivery\tof a core\tRedis per delivery\tlost\tdoubled")
	for _, kind := range []string{kindLatency, kindReplicas} {
		for _, set := range []string{nameParley, nameReplicas, nameNodes} {
			r.writeSet(w, set, kind)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// writeSet writes the figures of one set at one rate.
func (r *ReplicaResult) writeSet(w io.Writer, set, kind string) {
	cell := func(unit string, f func(*load.Report) float64) string { return figure(r.median(set, kind, f), unit) }
	sum := func(f func(*load.Report) int64) (n int64) {
		for _, m := range r.Measurements {
			if m.Server == set && m.Kind == kind {
				n += f(m.Report)
			}
		}
		return n
	}
	server := func(f func(*load.Server) float64) func(*load.Report) float64 {
		return func(p *load.Report) float64 { return ofServer(p, f) }
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\n", set,
		cell("", func(p *load.Report) float64 { return p.SendRate }),
		cell("ms", func(p *load.Report) float64 { return p.Delivery.P50 }), cell("ms", func(p *load.Report) float64 { return p.Delivery.P99 }),
		cell("ms", func(p *load.Report) float64 { return p.Crossed.P50 }), cell("ms", func(p *load.Report) float64 { return p.Crossed.P99 }),
		cell("us", server(func(s *load.Server) float64 { return s.PerDelivery })), cell("%", server(func(s *load.Server) float64 { return s.CPUPercent })),
		cell("us", func(p *load.Report) float64 {
			return ofServer(p, func(s *load.Server) float64 {
				return s.BesideSeconds * 1e6 / max(p.DeliveryRate*p.MeasuredSeconds, 1)
			})
		}),
		sum(func(p *load.Report) int64 { return p.Lost }), sum(func(p *load.Report) int64 { return p.Doubled }))
}

// save writes the result to the folder of the options.
func (r *ReplicaResult) save() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	var text strings.Builder
	return errors.Join(r.WriteText(&text), saveTo(r.Options.Out, "replicas.json", data), saveTo(r.Options.Out, "replicas.txt", []byte(text.String())))
}
