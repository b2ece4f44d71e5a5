package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"parley/cmd/parleyload/internal/bench"
)

// replicasHelp is how the store of the replicas is had.
const replicasHelp = `
redis-server must be installed. The replicas' store is a MongoDB (-mongodb) or FerretDB, built by
	(cd storage/mongo/ferretdb && CGO_ENABLED=0 go build -tags ferretdb_sqlite -o ../../../bin/ferretdb .)
`

// parseReplicas reads the command line of replicas.
func parseReplicas(args []string, out io.Writer) (bench.ReplicaOptions, error) {
	o := bench.ReplicaDefaults()
	set := flag.NewFlagSet("parleyload replicas", flag.ContinueOnError)
	set.SetOutput(out)
	set.Usage = func() {
		fmt.Fprintln(out, "Usage of parleyload replicas:")
		set.PrintDefaults()
		fmt.Fprint(out, replicasHelp)
	}
	set.StringVar(&o.Parley, "parley", o.Parley, "program of Parley")
	set.StringVar(&o.NodePeer, "node-peer", o.NodePeer, "folder of the Node.js server, after npm ci")
	set.StringVar(&o.Out, "out", o.Out, "folder for results and, meanwhile, for Parley's data")
	set.StringVar(&o.FerretDB, "ferretdb", o.FerretDB, "program of FerretDB, which stands in for MongoDB")
	set.StringVar(&o.MongoDB, "mongodb", o.MongoDB, "address of an empty MongoDB database to use instead")
	set.IntVar(&o.Sockets, "sockets", o.Sockets, "connections")
	set.IntVar(&o.Channels, "channels", o.Channels, "channels that the sockets are dealt out to")
	set.IntVar(&o.Size, "size", o.Size, "bytes of text in an event")
	set.Float64Var(&o.LatencyRate, "latency-rate", o.LatencyRate, "sends per second while the latency is measured")
	set.Var(rateList{&o.Rates}, "rates", "sends per second while the CPU is measured, separated by commas")
	set.IntVar(&o.Rounds, "rounds", o.Rounds, "times that each set of servers has its turn")
	set.DurationVar(&o.Duration, "duration", o.Duration, "measured time of a run")
	set.DurationVar(&o.Warmup, "warmup", o.Warmup, "time before it")
	set.DurationVar(&o.Settle, "settle", o.Settle, "how long the servers may take to rest after the people's first visit")
	if err := parseFlags(set, args); err != nil {
		return o, err
	}
	if err := o.Validate(); err != nil {
		return o, &usageError{err}
	}
	return o, nil
}

// replicasCommand measures what replicas cost. A missed bar is no error.
func replicasCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parseReplicas(args, progress)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	result, err := bench.RunReplicas(ctx, o, progress)
	if err != nil {
		return err
	}
	return result.WriteText(out)
}
