// Command parleydiff plays one script of requests and events on Parley and on a real
// ElizaOS 1.2.0 server, and prints every difference in status, shape, values and events
// that no entry of its list explains. It ends with 1 if there is one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// main runs the program and ends with its exit code.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags.
type options struct {
	parley, reference, log string
	verbose                bool
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	var o options
	flags := flag.NewFlagSet("parleydiff", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.StringVar(&o.parley, "parley", "bin/parley", "the program to compare")
	flags.StringVar(&o.reference, "reference", "cmd/parleydiff/reference", "folder with the reference's packages installed")
	flags.StringVar(&o.log, "log", os.DevNull, "file for what both servers print")
	flags.BoolVar(&o.verbose, "v", false, "print the differences that are explained too")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	unexplained, err := compare(ctx, o, out)
	if err != nil {
		fmt.Fprintln(complaints, "parleydiff:", err)
		return 1
	}
	if unexplained > 0 {
		return 1
	}
	return 0
}
