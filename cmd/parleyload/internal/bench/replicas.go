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
	latencyBar = 2.0  // ms
	loadBar    = 20.0 // percent of all cores
	aloneBar   = 1.3
	nodeBar    = 0.6
)

// kindReplicas is the kind of all runs, replicaIdentity names their people.
const (
	kindReplicas    = "replicas"
	replicaIdentity = 0x5e7a11
)

// settlePoll is how often it is looked whether servers rest; a fiftieth of it is rest.
const settlePoll = time.Second

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
	// LatencyRate is the sends per second of the runs for the latency, Rates of those for the CPU.
	LatencyRate float64   `json:"latencyRate"`
	Rates       []float64 `json:"rates"`
	// Rounds is how often each set has its turn, Duration how long is measured at each rate.
	Rounds   int           `json:"rounds"`
	Duration time.Duration `json:"duration"`
	Warmup   time.Duration `json:"warmup"`
	// Settle is how long the servers may take, at most, to do what the first visit of the
	// people brings about, such as agents that get to know them.
	Settle time.Duration `json:"settle"`
}

// ReplicaDefaults are those of design 13 with the sockets and rooms of the broadcast, at a rate
// that all keep up with and at the lower one of the broadcast, in about four minutes. At more
// nothing is told of replicas, nor on a machine that others keep busy: a starved server writes
// more packets at once, which makes each delivery cheaper than at one that has time.
func ReplicaDefaults() ReplicaOptions {
	return ReplicaOptions{
		Parley: "bin/parley", NodePeer: "cmd/parleyload/peers", Out: "bench-results", FerretDB: "bin/ferretdb",
		Sockets: 1000, Channels: 20, Size: 200, LatencyRate: 100, Rates: []float64{500, 1500},
		Rounds: 3, Duration: 5 * time.Second, Warmup: 2 * time.Second, Settle: time.Minute,
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
	check(o.LatencyRate > 0, "latency-rate must be positive, not %v", o.LatencyRate)
	check(len(o.Rates) > 0, "rates must name at least one rate")
	for _, rate := range o.Rates {
		check(rate > 0 && rate != o.LatencyRate, "rates must be positive and not that of the latency, but are %v", o.Rates)
	}
	check(o.Settle >= 0, "settle must not be negative, but is %v", o.Settle)
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
		if err := o.settle(ctx, b, r); err != nil {
			return nil, err
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

// load is a load for a set. Its people and channels are the same in all runs.
func (o *ReplicaOptions) load(r *replicaSet, rate float64) load.Options {
	l := load.Defaults()
	r.aim(&l)
	l.Identity, l.Sockets, l.Channels, l.Size, l.Rate = replicaIdentity, o.Sockets, o.Channels, o.Size, rate
	l.Duration, l.Warmup, l.Drain = o.Duration, o.Warmup, 2*time.Second
	l.ConnectTimeout, l.Protocol = time.Minute, load.ProtocolTyping
	return l
}

// turn drives a set at all rates.
func (o *ReplicaOptions) turn(ctx context.Context, b *bench, r *replicaSet, round int) error {
	for _, rate := range append([]float64{o.LatencyRate}, o.Rates...) {
		if _, err := b.drive(ctx, r.name, kindReplicas, round, o.load(r, rate)); err != nil {
			return err
		}
	}
	return nil
}

// settle lets all people come once, and waits until the servers rest: what is stored of new
// people has nothing to do with events between replicas.
func (o *ReplicaOptions) settle(ctx context.Context, b *bench, r *replicaSet) error {
	b.say("%s: %d sockets come for the first time", r.name, o.Sockets)
	crowd, err := load.Gather(ctx, o.load(r, o.LatencyRate))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", r.name, err)
	}
	defer crowd.Disperse()
	ticker := time.NewTicker(settlePoll)
	defer ticker.Stop()
	last := r.used()
	for end := time.Now().Add(o.Settle); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		now := r.used()
		if now-last < settlePoll/50 {
			return nil
		}
		last = now
	}
	b.say("%s does not rest", r.name)
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
	low := r.Options.LatencyRate
	p50 := func(p *load.Report) float64 { return p.Delivery.P50 }
	crossed := func(p *load.Report) float64 { return p.Crossed.P50 }
	alone, two := r.median(nameParley, low, p50), r.median(nameReplicas, low, crossed)
	used := r.median(nameReplicas, low, func(p *load.Report) float64 {
		return ofServer(p, func(s *load.Server) float64 {
			return 100 * (s.CPUSeconds + s.BesideSeconds) / p.MeasuredSeconds / float64(r.Cores)
		})
	})
	at := fmt.Sprintf("%v sends/s: ", low)
	rows := []Row{
		row(at+"delivery p50 from one Parley to another, above one alone", figure(two, "ms"), figure(alone, "ms"),
			two-alone, bar{limit: latencyBar, unit: "ms"}),
		row(at+"both and Redis, of all cores", figure(used, "%"), "", used, bar{limit: loadBar, unit: "%"}),
	}
	for _, rate := range r.Options.Rates {
		at, ours := fmt.Sprintf("%v sends/s: CPU per delivery of both, beside ", rate), r.median(nameReplicas, rate, cpu)
		rows = append(rows,
			row(at+"one alone", figure(ours, "us"), figure(r.median(nameParley, rate, cpu), "us"),
				r.ratio(nameParley, rate, cpu), bar{limit: aloneBar, unit: "x"}),
			row(at+"two Node.js", figure(ours, "us"), figure(r.median(nameNodes, rate, cpu), "us"),
				r.ratio(nameNodes, rate, cpu), bar{limit: nodeBar, unit: "x"}))
	}
	faults := r.faults(nameReplicas)
	return append(rows, row("lost and doubled, beside two Node.js", figure(faults, ""), figure(r.faults(nameNodes), ""), faults, bar{}))
}

// ofServer reads a figure of the servers, which is no number if they were not measured.
func ofServer(p *load.Report, f func(*load.Server) float64) float64 {
	if p.Server == nil {
		return math.NaN()
	}
	return f(p.Server)
}

// values reads a figure out of a set's runs, one a round.
func (r *ReplicaResult) values(set string, rate float64, f func(*load.Report) float64) []float64 {
	var values []float64
	for _, m := range r.Measurements {
		if m.Server == set && m.Rate == rate {
			values = append(values, f(m.Report))
		}
	}
	return values
}

// median is the middle of a figure over the rounds.
func (r *ReplicaResult) median(set string, rate float64, f func(*load.Report) float64) float64 {
	return median(r.values(set, rate, f))
}

// ratio is the middle over the rounds of what two Parleys have for each of another set's:
// within a round the machine is most alike.
func (r *ReplicaResult) ratio(other string, rate float64, f func(*load.Report) float64) float64 {
	ours, theirs := r.values(nameReplicas, rate, f), r.values(other, rate, f)
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
	for _, rate := range append([]float64{o.LatencyRate}, o.Rates...) {
		for _, set := range []string{nameParley, nameReplicas, nameNodes} {
			r.writeSet(w, set, rate)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// writeSet writes the figures of one set at one rate.
func (r *ReplicaResult) writeSet(w io.Writer, set string, rate float64) {
	cell := func(unit string, f func(*load.Report) float64) string { return figure(r.median(set, rate, f), unit) }
	sum := func(f func(*load.Report) int64) (n int64) {
		for _, m := range r.Measurements {
			if m.Server == set && m.Rate == rate {
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
