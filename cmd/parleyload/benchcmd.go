package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"parley/cmd/parleyload/internal/bench"
)

// rateList is a flag with rates separated by commas.
type rateList struct{ rates *[]float64 }

// String is part of flag.Value.
func (l rateList) String() string {
	if l.rates == nil {
		return ""
	}
	texts := make([]string, len(*l.rates))
	for i, r := range *l.rates {
		texts[i] = strconv.FormatFloat(r, 'f', -1, 64)
	}
	return strings.Join(texts, ",")
}

// Set is part of flag.Value.
func (l rateList) Set(text string) error {
	var rates []float64
	for part := range strings.SplitSeq(text, ",") {
		rate, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return fmt.Errorf("%q is no rate", part)
		}
		rates = append(rates, rate)
	}
	*l.rates = rates
	return nil
}

// referenceHelp is how the reference takes part.
const referenceHelp = `
The reference is not started by bench. To compare with it, start an ElizaOS 1.2.0 server
(elizaos start, with its own database) and give its address as -reference and the process
that listens as -reference-pid; without them that row says "not measured". Nothing else
should run on the machine meanwhile.
`

// parseBench reads the command line of bench.
func parseBench(args []string, out io.Writer) (bench.Options, error) {
	o := bench.Defaults()
	set := flag.NewFlagSet("parleyload bench", flag.ContinueOnError)
	set.SetOutput(out)
	set.Usage = func() {
		fmt.Fprintln(out, "Usage of parleyload bench:")
		set.PrintDefaults()
		fmt.Fprint(out, referenceHelp)
	}
	set.StringVar(&o.Parley, "parley", o.Parley, "program of Parley")
	set.StringVar(&o.NodePeer, "node-peer", o.NodePeer, "folder of the Node.js server, after npm ci")
	set.StringVar(&o.Out, "out", o.Out, "folder for results and, meanwhile, for Parley's data")
	set.IntVar(&o.Rounds, "rounds", o.Rounds, "times that each server has its turn")
	set.IntVar(&o.Sockets, "sockets", o.Sockets, "connections of the broadcast runs")
	set.IntVar(&o.Channels, "channels", o.Channels, "channels of the broadcast runs")
	set.IntVar(&o.Size, "size", o.Size, "bytes in a message text")
	set.Var(rateList{&o.Rates}, "rates", "fixed rates of the broadcast runs, rising, separated by commas")
	set.DurationVar(&o.Duration, "duration", o.Duration, "measured time of a run at a fixed rate")
	set.DurationVar(&o.Warmup, "warmup", o.Warmup, "time before it")
	set.DurationVar(&o.Step, "step", o.Step, "measured time of a step of the search for the throughput")
	set.IntVar(&o.Steps, "steps", o.Steps, "most steps of that search above the fixed rates")
	set.IntVar(&o.Durable.Sockets, "durable-sockets", o.Durable.Sockets, "connections of the durable send")
	set.IntVar(&o.Durable.Channels, "durable-channels", o.Durable.Channels, "channels of the durable send")
	set.Float64Var(&o.Durable.Rate, "durable-rate", o.Durable.Rate, "sends per second of the durable send")
	set.DurationVar(&o.Durable.Duration, "durable-duration", o.Durable.Duration, "measured time of the durable send")
	set.IntVar(&o.Starts, "starts", o.Starts, "times that the start is timed")
	set.DurationVar(&o.Idle, "idle", o.Idle, "rest before the idle memory is read")
	set.StringVar(&o.Reference, "reference", "", "address of a running ElizaOS 1.2.0 server")
	set.IntVar(&o.ReferencePID, "reference-pid", 0, "its process")
	set.StringVar(&o.ReferenceKey, "reference-key", "", "its server key, if it has one")
	if err := parseFlags(set, args); err != nil {
		return o, err
	}
	if err := o.Validate(); err != nil {
		return o, &usageError{err}
	}
	return o, nil
}

// benchCommand is the comparison. A missed bar is no error.
func benchCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parseBench(args, progress)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	result, err := bench.Run(ctx, o, progress)
	if err != nil {
		return err
	}
	if err := result.WriteText(out); err != nil {
		return err
	}
	return result.Save()
}
