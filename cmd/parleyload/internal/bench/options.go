package bench

import (
	"errors"
	"fmt"
	"time"
)

// Options say what to compare, and how long. Start from Defaults.
type Options struct {
	// Parley is the path of the program.
	Parley string `json:"parley"`
	// NodePeer is the folder of the Node.js server, with node_modules installed.
	NodePeer string `json:"nodePeer"`
	// Out is the folder for results and, meanwhile, for Parley's data: it must lie on the
	// disk that is to be measured.
	Out string `json:"out"`
	// Rounds is how many times each server has its turn.
	Rounds int `json:"rounds"`
	// Broadcast load: Sockets in Channels, texts of Size bytes, at each of Rates.
	Sockets  int       `json:"sockets"`
	Channels int       `json:"channels"`
	Size     int       `json:"size"`
	Rates    []float64 `json:"rates"`
	// Duration and Warmup are of one run at a fixed rate.
	Duration time.Duration `json:"duration"`
	Warmup   time.Duration `json:"warmup"`
	// Step is how long each rate of the search for the throughput is tried.
	Step time.Duration `json:"step"`
	// Steps is how many rates above the fixed ones are tried at most, each 1.3 times the
	// one before.
	Steps int `json:"steps"`
	// Durable is the load of the durable send.
	Durable Durable `json:"durable"`
	// Starts is how often the start is timed; Idle how long the idle server rests before
	// its memory is read.
	Starts int           `json:"starts"`
	Idle   time.Duration `json:"idle"`
	// Reference is the address of a running ElizaOS 1.2.0 server and ReferencePID its
	// process; without them its row is not measured.
	Reference    string `json:"reference,omitempty"`
	ReferencePID int    `json:"referencePid,omitempty"`
	ReferenceKey string `json:"-"`
}

// Durable is the load of the durable send, the same for Parley and the reference.
type Durable struct {
	Sockets  int           `json:"sockets"`
	Channels int           `json:"channels"`
	Rate     float64       `json:"rate"`
	Duration time.Duration `json:"duration"`
}

// Defaults are those of design 13, in about eight minutes.
func Defaults() Options {
	return Options{
		Parley: "bin/parley", NodePeer: "cmd/parleyload/peers", Out: "bench-results", Rounds: 2,
		Sockets: 1000, Channels: 20, Size: 200, Rates: []float64{1500, 3000},
		Duration: 15 * time.Second, Warmup: 3 * time.Second, Step: 5 * time.Second, Steps: 8,
		Durable: Durable{Sockets: 50, Channels: 10, Rate: 50, Duration: 15 * time.Second},
		Starts:  5, Idle: 3 * time.Second,
	}
}

// Validate returns every fault of the options, joined. What concerns the load itself is
// checked when it runs.
func (o *Options) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(o.Parley != "", "parley must name the program")
	check(o.NodePeer != "", "node-peer must name a folder")
	check(o.Out != "", "out must name a folder")
	check(o.Rounds >= 1, "rounds must be at least 1, not %d", o.Rounds)
	check(o.Starts >= 1, "starts must be at least 1, not %d", o.Starts)
	check(len(o.Rates) > 0, "rates must name at least one rate")
	for i, rate := range o.Rates {
		check(rate > 0 && (i == 0 || rate > o.Rates[i-1]), "rates must be positive and rising, not %v", o.Rates)
	}
	check(o.Step >= time.Second, "step must be at least 1s, not %v", o.Step)
	check(o.Steps >= 0, "steps must not be negative, but is %d", o.Steps)
	check(o.Idle >= 0, "idle must not be negative, but is %v", o.Idle)
	check((o.Reference == "") == (o.ReferencePID == 0), "reference and reference-pid must be given together")
	return errors.Join(faults...)
}
