// Parley is a realtime messaging server for people and AI agents.
//
// Exit codes: 0 after a graceful stop or a finished command, 1 if the server could
// not start or failed, or if health found it unwell, 2 for a wrong command line or
// configuration. A second interrupt during the stop ends the process at once, with
// the code of that signal (130 or 143 in a shell).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"parley/cmd/internal/config"
)

// version is set by the linker (see the Makefile); empty in other builds.
var version string

// main is the only place that ends the process.
func main() {
	os.Exit(start())
}

// start collects the surroundings, runs the command and returns the exit code.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// From the first signal on, a second one has its ordinary effect: it ends the process.
	context.AfterFunc(ctx, stop)

	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "parley: find the working directory:", err)
		return exitFailure
	}
	source := config.Source{Env: os.Environ(), Dir: dir, ReadFile: os.ReadFile}
	return run(ctx, os.Args[1:], source, streams{out: os.Stdout, err: os.Stderr})
}
