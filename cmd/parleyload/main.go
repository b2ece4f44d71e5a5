package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitOK     = 0
	exitFaults = 1 // something was lost, doubled, disordered or not acknowledged; or nothing could be run
	exitUsage  = 2 // wrong command line
)

// usage is what help prints.
const usage = `parleyload drives servers that speak Parley's Socket.IO protocol.

  parleyload [run] [flags]     one run against a running server; exit code 1 if anything was
                               lost, doubled, disordered or not acknowledged
  parleyload bench [flags]     Parley beside a Node.js socket.io server, with the ratios that count
  parleyload idle [flags]      what connections that do nothing take of both servers' memory
  parleyload replicas [flags]  what two servers and Redis cost above one, beside two of Node.js
  parleyload help              this text; -h after a command lists its flags
`

// command is a sub-command; more of them go into commands.
type command func(ctx context.Context, args []string, out, progress io.Writer) error

// commands are the sub-commands by name.
func commands() map[string]command {
	return map[string]command{"run": runCommand, "bench": benchCommand, "idle": idleCommand, "replicas": replicasCommand}
}

// main is the only place that ends the process.
func main() {
	os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
}

// start runs the command until it ends or a signal comes, and returns the exit code.
func start(args []string, out, progress io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal has its ordinary effect: it ends the process.
	context.AfterFunc(ctx, stop)

	name := "run"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if name == "help" {
		fmt.Fprint(out, usage)
		return exitOK
	}
	run, known := commands()[name]
	if !known {
		fmt.Fprintf(progress, "parleyload: no command is named %q\n%s", name, usage)
		return exitUsage
	}
	var wrong *usageError
	switch err := run(ctx, args, out, progress); {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		fmt.Fprintln(progress, "parleyload:", err)
		return exitUsage
	default:
		fmt.Fprintln(progress, "parleyload:", err)
		return exitFaults
	}
}
