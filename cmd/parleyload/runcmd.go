package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"parley/cmd/parleyload/internal/load"
)

// usageError is a wrong command line.
type usageError struct{ error }

// runFlags are the flags of run.
type runFlags struct {
	options   load.Options
	json      string
	chart     string
	allowLoss bool
}

// parse reads the command line. It returns flag.ErrHelp, wrapped, if help was asked for.
func (f *runFlags) parse(args []string, out io.Writer) error {
	f.options = load.Defaults()
	o := &f.options
	set := flag.NewFlagSet("parleyload run", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&o.URL, "url", o.URL, "server to drive")
	set.IntVar(&o.Sockets, "sockets", o.Sockets, "connections")
	set.IntVar(&o.Channels, "channels", o.Channels, "channels that the sockets are dealt out to")
	set.Float64Var(&o.Rate, "rate", o.Rate, "sends per second of all sockets together")
	set.DurationVar(&o.Duration, "duration", o.Duration, "how long to measure")
	set.DurationVar(&o.Warmup, "warmup", o.Warmup, "how long to send before measuring")
	set.DurationVar(&o.Drain, "drain", o.Drain, "how long to wait for stragglers after the last one")
	set.IntVar(&o.Size, "size", o.Size, "bytes in a message text")
	set.StringVar(&o.Transport, "transport", o.Transport, "websocket or polling")
	set.StringVar(&o.Protocol, "protocol", o.Protocol, "message (the reference's event), op (messages:send with ack) or typing (typing:set with ack)")
	set.Float64Var(&o.ConnectRate, "connect-rate", o.ConnectRate, "connections begun per second; 0: all at once")
	set.DurationVar(&o.ConnectTimeout, "connect-timeout", o.ConnectTimeout, "how long one connection and its join may take")
	set.IntVar(&o.PID, "pid", 0, "the server's process, to measure its CPU and memory (that process alone)")
	set.StringVar(&o.Key, "key", "", "server key, sent as auth.apiKey")
	set.StringVar(&f.json, "json", "", "write the report as JSON to this file")
	set.StringVar(&f.chart, "chart", "", "write a chart to this SVG file")
	set.BoolVar(&f.allowLoss, "allow-loss", false, "exit with 0 even if something was lost, doubled, disordered or not acknowledged")
	if err := parseFlags(set, args); err != nil {
		return err
	}
	if err := o.Validate(); err != nil {
		return &usageError{err}
	}
	return nil
}

// parseFlags parses a command line without further arguments.
func parseFlags(set *flag.FlagSet, args []string) error {
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return &usageError{err}
	}
	if set.NArg() > 0 {
		return &usageError{fmt.Errorf("unexpected argument %q", set.Arg(0))}
	}
	return nil
}

// runCommand is one run against a running server.
func runCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	var f runFlags
	if err := f.parse(args, progress); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	report, err := load.Run(ctx, f.options, progress)
	if err != nil {
		return err
	}
	report.WriteText(out)
	if err := f.save(report); err != nil {
		return err
	}
	if f.allowLoss {
		return nil
	}
	return report.Err()
}

// save writes the files that were asked for.
func (f *runFlags) save(report *load.Report) error {
	if f.json != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the report: %w", err)
		}
		if err := os.WriteFile(f.json, append(text, '\n'), 0o600); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if f.chart != "" {
		if err := os.WriteFile(f.chart, report.Chart("").SVG(), 0o600); err != nil {
			return fmt.Errorf("write the chart: %w", err)
		}
	}
	return nil
}
