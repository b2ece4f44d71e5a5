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

	"parley/cmd/internal/client"
	"parley/cmd/parleyload/internal/load"
	"parley/cmd/parleyload/internal/process"
)

// The bars of an idle connection: the resident memory that it may take, and the aim, a part
// of what Node.js takes in the same run.
const (
	idleBar = 25.0 // KB
	idleAim = 0.9
)

// IdleOptions say what connections that do nothing are measured with. Start from IdleDefaults.
type IdleOptions struct {
	// Parley, NodePeer and Out are those of Options.
	Parley   string `json:"parley"`
	NodePeer string `json:"nodePeer"`
	Out      string `json:"out"`
	// Sockets are the connections, dealt out to Channels.
	Sockets  int `json:"sockets"`
	Channels int `json:"channels"`
	// Transports are tried one after the other, each at a fresh server.
	Transports []string `json:"transports"`
	// ConnectRate is how many connections are begun in a second.
	ConnectRate float64 `json:"connectRate"`
	// Rest is how long the connections do nothing but answer pings before the memory is
	// read, and how long the server then has to give it back.
	Rest time.Duration `json:"rest"`
}

// IdleDefaults are those of design 13. In the rest the Go runtime collects garbage by itself,
// every two minutes, and each connection has answered some pings.
func IdleDefaults() IdleOptions {
	return IdleOptions{
		Parley: "bin/parley", NodePeer: "cmd/parleyload/peers", Out: "bench-results",
		Sockets: 8000, Channels: 160, Transports: []string{client.WebSocket, client.Polling},
		ConnectRate: 500, Rest: 150 * time.Second,
	}
}

// Validate returns every fault of the options, joined. What concerns the connections is
// checked when they are made.
func (o *IdleOptions) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(o.Parley != "", "parley must name the program")
	check(o.NodePeer != "", "node-peer must name a folder")
	check(o.Out != "", "out must name a folder")
	check(len(o.Transports) > 0, "transports must name at least one")
	check(o.ConnectRate >= 0, "connect-rate must not be negative, but is %v", o.ConnectRate)
	check(o.Rest >= 0, "rest must not be negative, but is %v", o.Rest)
	return errors.Join(faults...)
}

// Idle is what the connections of one server took over one transport, in bytes that are
// resident.
type Idle struct {
	Server    string `json:"server"`
	Transport string `json:"transport"`
	Sockets   int    `json:"sockets"`
	// Before is the server without connections, Connected with all of them at once, Rested
	// after the rest, Closed after they ended and the server rested once more.
	Before    int64 `json:"before"`
	Connected int64 `json:"connected"`
	Rested    int64 `json:"rested"`
	Closed    int64 `json:"closed"`
	// Failures are the connections that could not be made or broke.
	Failures int      `json:"failures"`
	Examples []string `json:"examples,omitempty"`
}

// per is what a connection takes of the memory since the start, in KB (1,024 bytes).
func (i Idle) per(resident int64) float64 {
	return float64(resident-i.Before) / float64(max(i.Sockets, 1)) / 1024
}

// IdleResult is everything that was measured of idle connections.
type IdleResult struct {
	Options IdleOptions `json:"options"`
	At      time.Time   `json:"at"`
	Cores   int         `json:"cores"`
	System  string      `json:"system"`
	Idle    []Idle      `json:"idle"`
	Rows    []Row       `json:"rows"`
}

// RunIdle measures idle connections of Parley and of the Node.js server, one after the other,
// and saves the result to Out. Errors: bad options, a server that cannot be started, or
// connections that cannot be made.
func RunIdle(ctx context.Context, o IdleOptions, progress io.Writer) (*IdleResult, error) {
	starts := Options{Parley: o.Parley, NodePeer: o.NodePeer, Out: o.Out}
	return runIdle(ctx, o, []starter{starts.parley, starts.node}, progress)
}

// runIdle measures any servers.
func runIdle(ctx context.Context, o IdleOptions, servers []starter, progress io.Writer) (*IdleResult, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder for results: %w", err)
	}
	b := &bench{progress: progress}
	result := &IdleResult{Options: o, At: time.Now().UTC(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	for _, transport := range o.Transports {
		for _, start := range servers {
			err := b.with(ctx, start, func(s *server) error {
				b.say("%s: %d idle sockets over %s", s.name, o.Sockets, transport)
				idle, err := o.measure(ctx, s, transport, progress)
				result.Idle = append(result.Idle, idle)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	result.Rows = result.rows()
	return result, result.save()
}

// measure lets a crowd do nothing at a server.
func (o *IdleOptions) measure(ctx context.Context, s *server, transport string, progress io.Writer) (i Idle, err error) {
	i = Idle{Server: s.name, Transport: transport}
	l := load.Defaults()
	l.URL, l.Sockets, l.Channels, l.Transport, l.ConnectRate = s.url, o.Sockets, o.Channels, transport, o.ConnectRate
	l.ConnectTimeout = time.Minute
	if i.Before, err = s.resident(ctx, min(o.Rest, 3*time.Second)); err != nil {
		return i, err
	}
	crowd, err := load.Gather(ctx, l)
	if err != nil {
		return i, fmt.Errorf("connect to %s: %w", s.name, err)
	}
	defer crowd.Disperse() // once more does nothing
	i.Sockets = crowd.Size()
	if i.Connected, err = s.resident(ctx, 0); err != nil {
		return i, err
	}
	if i.Rested, err = s.resident(ctx, o.Rest); err != nil {
		return i, err
	}
	i.Failures, i.Examples = crowd.Failures()
	crowd.Disperse()
	i.Closed, err = s.resident(ctx, o.Rest)
	fmt.Fprintln(progress, i)
	return i, err
}

// String is the measurement as a line.
func (i Idle) String() string {
	return fmt.Sprintf("%s over %s: %.1f KB a socket, %.1f KB as soon as all were there; %.1f MB before, %.1f MB at rest, %.1f MB when all had gone; %d failures",
		i.Server, i.Transport, i.per(i.Rested), i.per(i.Connected), megabytes(i.Before), megabytes(i.Rested), megabytes(i.Closed), i.Failures)
}

// resident is the server's memory after a rest.
func (s *server) resident(ctx context.Context, rest time.Duration) (int64, error) {
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-s.exited:
		return 0, fmt.Errorf("%s ended while it was measured", s.name)
	case <-timer.C:
	}
	usage, err := process.Read(s.pid)
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", s.name, err)
	}
	return usage.Resident, nil
}

// rows hold the figures against their bars. What a server takes that lost connections says
// nothing about the others.
func (r *IdleResult) rows() []Row {
	var rows []Row
	for _, ours := range r.Idle {
		if ours.Server != nameParley {
			continue
		}
		what, each := "idle over "+ours.Transport+": ", ours.per(ours.Rested)
		rows = append(rows, row(what+"resident per socket", figure(each, "KB"), "", each, bar{limit: idleBar, unit: "KB"}))
		for _, theirs := range r.Idle {
			if theirs.Server != nameNode || theirs.Transport != ours.Transport {
				continue
			}
			beside := theirs.per(theirs.Rested)
			if theirs.Failures > 0 {
				beside = math.NaN()
			}
			rows = append(rows, row(what+"beside Node.js (the aim)", figure(each, "KB"), figure(beside, "KB"), each/beside, bar{limit: idleAim, unit: "x"}))
		}
		rows = append(rows, row(what+"failed connections", figure(float64(ours.Failures), ""), "", float64(ours.Failures), bar{}))
	}
	return rows
}

// WriteText writes the table for people.
func (r *IdleResult) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%d idle sockets in %d channels, read after %v; %d cores, %s; %s\n\n", r.Options.Sockets, r.Options.Channels,
		r.Options.Rest, r.Cores, r.System, r.At.Format("2006-01-02 15:04 MST"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	writeRows(w, r.Rows)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintln(out)
	for _, i := range r.Idle {
		fmt.Fprintln(out, i)
		for _, example := range i.Examples {
			fmt.Fprintln(out, "  failure:", example)
		}
	}
	return nil
}

// save writes the result to the folder of the options.
func (r *IdleResult) save() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	var text strings.Builder
	return errors.Join(r.WriteText(&text), saveTo(r.Options.Out, "idle.json", data), saveTo(r.Options.Out, "idle.txt", []byte(text.String())))
}
