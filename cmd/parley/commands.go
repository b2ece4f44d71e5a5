package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/cmd/internal/dashboard"
	"parley/domain/documents"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// healthTimeout bounds how long the health command waits for an answer.
const healthTimeout = 5 * time.Second

// streams are where a command writes: results and the log to out, remarks and
// complaints for people to err.
type streams struct{ out, err io.Writer }

// command is one sub-command.
type command struct {
	name, help string
	// bare commands depend on no setting and run even where the configuration is wrong.
	bare bool
	run  func(context.Context, config.Config, streams) error
	// option is an argument that makes the command do otherwise instead; "" is none.
	option    string
	otherwise func(context.Context, config.Config, streams) error
}

// commands lists the sub-commands; serve is run if none is named.
func commands() []command {
	return []command{
		{name: "serve", help: "run the server (the default)", run: serve},
		{name: "health", help: "ask the server at the configured address how it is; exit code 0 or 1", run: health},
		{name: "check-config", help: "check the configuration and print what is in force, secrets masked", run: checkConfig},
		{name: "config-doc", help: "print the table of settings", run: configDoc, bare: true},
		{name: "ops", help: "print the operations that both doors offer; with --markdown as the table of the README", run: printOps,
			option: "--markdown", otherwise: printOpsTable},
		{name: "grafana", help: "print a Grafana dashboard of the server's metrics, to be imported", run: printDashboard, bare: true},
		{name: "version", help: "print the version", run: printVersion, bare: true},
		{name: "help", help: "print this help", run: printHelp, bare: true},
	}
}

// run finds and runs the command that args name, and returns the exit code.
func run(ctx context.Context, args []string, source config.Source, s streams) int {
	name := "serve"
	switch {
	case len(args) > 0 && args[0] == "--version":
		name, args = "version", nil
	case len(args) > 0 && !strings.HasPrefix(args[0], "-"):
		name, args = args[0], args[1:]
	}
	for _, c := range commands() {
		if c.name == name {
			if i := slices.Index(args, c.option); c.option != "" && i >= 0 {
				args, c.run = slices.Delete(slices.Clone(args), i, i+1), c.otherwise
			}
			source.Args = args
			return c.start(ctx, source, s)
		}
	}
	complain(s, fmt.Errorf("unknown command %q (parley --help lists them)", name))
	return exitUsage
}

// start loads the configuration unless the command does without, and runs c.
func (c command) start(ctx context.Context, source config.Source, s streams) int {
	var cfg config.Config
	var err error
	if c.bare {
		err = noArguments(source.Args)
	} else {
		cfg, err = config.Load(source)
	}
	if errors.Is(err, flag.ErrHelp) {
		printUsage(s.out)
		return exitOK
	}
	if err != nil {
		complain(s, err)
		return exitUsage
	}
	if err := c.run(ctx, cfg, s); err != nil {
		complain(s, err)
		return exitFailure
	}
	return exitOK
}

// noArguments reports arguments to a command that reads none; flag.ErrHelp if they
// ask for help.
func noArguments(args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case slices.Contains([]string{"-h", "-help", "--help"}, args[0]):
		return flag.ErrHelp
	default:
		return fmt.Errorf("unexpected argument %q: this command takes none", args[0])
	}
}

// complain prints an error, one line for each fault that it joins.
func complain(s streams, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(s.err, "parley:", strings.TrimSpace(line))
	}
}

// report tells what was noticed in the configuration, for people.
func report(cfg config.Config, s streams) {
	cfg.Report(zerolog.New(zerolog.ConsoleWriter{Out: s.err, NoColor: true, PartsExclude: []string{zerolog.TimestampFieldName}}))
}

// serve runs the server until ctx ends. Where it can be reached is a remark for people
// beside the log, every line of which is JSON for a collector.
func serve(ctx context.Context, cfg config.Config, s streams) error {
	a, err := app.New(ctx, cfg, app.Options{Version: buildVersion(), Log: s.out})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Parley is ready on %s\n", address(cfg.Host, a.Addr()))
	return a.Run(ctx)
}

// address is the URL at which this machine reaches a server that was told to listen
// on host and got the address listening.
func address(host, listening string) string {
	_, port, err := net.SplitHostPort(listening)
	if err != nil {
		return "http://" + listening
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::", "[::]":
		host = "::1"
	}
	return "http://" + net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// health asks the configured server how it is, at the address that needs no key: the
// one who asks, such as a container's check, may not have it.
func health(ctx context.Context, cfg config.Config, s streams) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := address(cfg.Host, net.JoinHostPort("", strconv.Itoa(cfg.Port))) + "/health"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	// The answer must be this server's own, not that of a proxy or of another one.
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	fmt.Fprintln(s.out, "healthy")
	return nil
}

// checkConfig prints the settings in force. That they are valid was found by loading.
func checkConfig(_ context.Context, cfg config.Config, s streams) error {
	report(cfg, s)
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE\tFROM")
	for _, e := range cfg.Effective() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", e.Name, e.Value, e.Source)
	}
	return table.Flush()
}

// configDoc prints the table that the README shows.
func configDoc(_ context.Context, _ config.Config, s streams) error {
	_, err := io.WriteString(s.out, config.Markdown())
	return err
}

// printOps prints the operations for a terminal.
func printOps(ctx context.Context, cfg config.Config, s streams) error {
	return withOperations(ctx, cfg, s, func(d *documents.Service) error { return d.Print(s.out) })
}

// printOpsTable prints the table that the README shows.
func printOpsTable(ctx context.Context, cfg config.Config, s streams) error {
	return withOperations(ctx, cfg, s, func(d *documents.Service) error {
		table, err := d.Markdown()
		if err == nil {
			_, err = io.WriteString(s.out, table)
		}
		return err
	})
}

// withOperations calls do with the operations of a server that is built beside the real
// one, on a free port and a data folder that is thrown away, so it works while that one runs.
func withOperations(ctx context.Context, cfg config.Config, s streams, do func(*documents.Service) error) error {
	dir, err := os.MkdirTemp("", "parley-ops-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg.DataDir, cfg.Host, cfg.Port, cfg.LogLevel = dir, "127.0.0.1", 0, "error"
	a, err := app.New(ctx, cfg, app.Options{Version: buildVersion(), Log: s.err})
	if err != nil {
		return err
	}
	return errors.Join(do(documents.New(documents.Options{Registry: a.Registry(), Version: buildVersion()})), a.Close())
}

// printVersion prints the version, and what it was built by and for.
func printVersion(_ context.Context, _ config.Config, s streams) error {
	_, err := fmt.Fprintf(s.out, "parley %s (%s, %s/%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// printDashboard prints the dashboard that fits this version's metrics.
func printDashboard(_ context.Context, _ config.Config, s streams) error {
	_, err := io.WriteString(s.out, dashboard.Grafana())
	return err
}

// printHelp prints the help.
func printHelp(_ context.Context, _ config.Config, s streams) error {
	printUsage(s.out)
	return nil
}

// buildVersion is what the linker was told, else what the go command recorded.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// printUsage writes the help to w.
func printUsage(w io.Writer) {
	fmt.Fprint(w, "Parley is a realtime messaging server for people and AI agents.\n\n"+
		"Usage: parley [command] [--setting=value ...]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-13s %s\n", c.name, c.help)
	}
	fmt.Fprint(w, "\nSettings, in rising priority from defaults, the --config file, the nearest .env,\n"+
		"the environment and flags:\n", config.Usage(),
		"\nExit codes: 0 stopped or done, 1 could not start or failed, 2 wrong command line or configuration.\n"+
			"The first Ctrl-C or SIGTERM stops gracefully, a second one ends at once.\n")
}
