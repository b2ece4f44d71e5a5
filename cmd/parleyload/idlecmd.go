package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"parley/cmd/parleyload/internal/bench"
)

// wordList is a flag with words separated by commas.
type wordList struct{ words *[]string }

// String is part of flag.Value.
func (l wordList) String() string {
	if l.words == nil {
		return ""
	}
	return strings.Join(*l.words, ",")
}

// Set is part of flag.Value.
func (l wordList) Set(text string) error {
	*l.words = nil
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			*l.words = append(*l.words, word)
		}
	}
	return nil
}

// parseIdle reads the command line of idle.
func parseIdle(args []string, out io.Writer) (bench.IdleOptions, error) {
	o := bench.IdleDefaults()
	set := flag.NewFlagSet("parleyload idle", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&o.Parley, "parley", o.Parley, "program of Parley")
	set.StringVar(&o.NodePeer, "node-peer", o.NodePeer, "folder of the Node.js server, after npm ci")
	set.StringVar(&o.Out, "out", o.Out, "folder for results and, meanwhile, for Parley's data")
	set.IntVar(&o.Sockets, "sockets", o.Sockets, "connections")
	set.IntVar(&o.Channels, "channels", o.Channels, "channels that the sockets are dealt out to")
	set.Var(wordList{&o.Transports}, "transports", "websocket, polling, or both separated by a comma")
	set.Float64Var(&o.ConnectRate, "connect-rate", o.ConnectRate, "connections begun per second; 0: all at once")
	set.DurationVar(&o.Rest, "rest", o.Rest, "rest before the memory is read, with the connections and after their end")
	if err := parseFlags(set, args); err != nil {
		return o, err
	}
	for _, t := range o.Transports {
		if t != "websocket" && t != "polling" {
			return o, &usageError{fmt.Errorf("transports must be websocket or polling, not %q", t)}
		}
	}
	if err := o.Validate(); err != nil {
		return o, &usageError{err}
	}
	return o, nil
}

// idleCommand measures connections that do nothing. A missed bar is no error.
func idleCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parseIdle(args, progress)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	result, err := bench.RunIdle(ctx, o, progress)
	if err != nil {
		return err
	}
	return result.WriteText(out)
}
