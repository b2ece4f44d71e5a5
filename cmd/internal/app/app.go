package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"parley/cmd/internal/config"
	"parley/cmd/internal/tracing"
	"parley/domain"
	"parley/domain/agents"
	"parley/domain/blob"
	"parley/domain/cluster"
	"parley/domain/identity"
	"parley/domain/media"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/domain/system"
	"parley/realtime"
	"parley/storage"
	"parley/storage/files"
	"parley/storage/redis"
)

// stopDelay is how long after the answer a stop that a caller asks for begins.
const stopDelay = 200 * time.Millisecond

// Options are what does not come from the configuration.
type Options struct {
	// Version is shown by the version operation.
	Version string
	// Log receives the log; nil means standard output.
	Log io.Writer
	// OnTurnStep is agents.RunnerOptions.OnStep, for tests of faults; nil asks nobody.
	OnTurnStep func(step string) error
	// OnDeletion is asked before, between and after the parts of the server that must hear
	// of a deletion or an edit (deletion 0, deletion 1 ...), for tests of faults; an error
	// lets the part fail. nil asks nobody.
	OnDeletion func(step string) error
	// Now is the clock, for tests of wrong ones; nil is the machine's.
	Now domain.Clock
}

// App is a server, built and ready to run.
type App struct {
	cfg     config.Config
	log     zerolog.Logger
	now     domain.Clock
	metrics *metrics
	tracing *tracing.Tracer // nil where nothing is traced

	// replica is this process's name in the cluster. redis is nil where it is alone.
	replica string
	redis   *redis.Client
	// shared is what this replica shares with others.
	shared shared
	// members are the replicas, this one among them.
	members *cluster.Members
	meter   cluster.Meter

	logs  *system.Logs
	store *storage.Set
	files *files.Store
	// blobs keeps the contents of files, served finds those that everybody may fetch.
	blobs  blob.Store
	served media.Opener
	// scratch is a folder that ends with the server, "" if it has none.
	scratch string

	media     *media.Service
	identity  *identity.Authenticator
	agents    *agents.Service
	memory    *memory.Service
	messaging *messaging.Service
	runner    *agents.Runner
	journal   *agents.Journal
	remover   *agents.Remover
	importer  *agents.Importer
	system    *system.Service
	registry  *op.Registry
	presence  tracker
	gateway   *realtime.Gateway

	// draining is done when the server begins to stop; stopStreams makes it so.
	draining    context.Context //nolint:containedctx // the life of the server, not of a call
	stopStreams context.CancelFunc

	// asked is done when a caller has asked the server to stop; ask makes it so.
	asked context.Context //nolint:containedctx // the life of the server, not of a call
	ask   context.CancelFunc

	http     *http.Server
	listener net.Listener
}

// New opens the store, builds the services and listens; nothing is served before
// Run. What was opened is closed again if a step fails. Close undoes New if Run is
// never called.
func New(ctx context.Context, cfg config.Config, o Options) (*App, error) {
	a := &App{cfg: cfg, now: o.Now, metrics: newMetrics(), logs: system.NewLogs()}
	if a.now == nil {
		a.now = time.Now
	}
	a.draining, a.stopStreams = context.WithCancel(context.WithoutCancel(ctx))
	a.asked, a.ask = context.WithCancel(context.WithoutCancel(ctx))
	a.log = newLogger(cfg, o.Log, a.logs)
	a.cfg.Report(a.log)
	for _, step := range []struct {
		doing string // "" where the step's errors say it themselves
		run   func(context.Context, Options) error
	}{
		{"check access: ", a.buildIdentity},
		{"", a.listen},
		{"", a.openCluster},
		{"trace: ", a.startTracing},
		{"", a.openStore},
		{"", a.openFiles},
		{"build services: ", a.buildServices},
		{"seed: ", a.seed},
		{"build doors: ", a.buildDoors},
	} {
		if err := step.run(ctx, o); err != nil {
			return nil, errors.Join(fmt.Errorf("%s%w", step.doing, err), a.Close())
		}
	}
	return a, nil
}

// Addr is the address the server listens on, host:port.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Registry holds the server's operations.
func (a *App) Registry() *op.Registry { return a.registry }

// Backlog is how much work is under way, or waits, that goes on after the answers to what
// caused it: turns and removals of agents, entries of their logs, joins to be remembered.
func (a *App) Backlog() int { return a.agents.Backlog() + a.journal.Backlog() + a.memory.Backlog() }

// Run serves until ctx ends, then stops gracefully within the drain time. It returns
// nil after a graceful stop. It may be called once.
func (a *App) Run(ctx context.Context) error {
	leave := a.runCluster() // when all else has ended
	group, running := errgroup.WithContext(context.WithoutCancel(ctx))
	workers, stopWorkers := context.WithCancel(running)
	defer stopWorkers()
	group.Go(func() error {
		if err := a.http.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error { return a.gateway.Run(workers) })
	group.Go(func() error { return a.presence.Run(workers, a.gateway) })
	turns, endTurns := context.WithCancel(running) // the journal ends after the turns that it is told of
	group.Go(func() error {
		defer endTurns()
		return a.runner.Run(workers)
	})
	group.Go(func() error { return a.journal.Run(turns) })
	group.Go(func() error { return newTrimmer().Run(workers) })
	group.Go(func() error { return a.remover.Run(workers) })
	group.Go(func() error { return a.importer.Run(workers) })
	group.Go(func() error { return a.messaging.Run(workers) })
	group.Go(func() error { return a.memory.Run(workers) })
	group.Go(func() error { return a.media.Run(workers) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
		case <-a.asked.Done():
		case <-running.Done(): // a component failed: stop the others in the same order
		}
		defer stopWorkers()
		return a.drain()
	})
	a.system.SetReady(true)
	a.log.Info().Str("addr", a.Addr()).Str("data", a.cfg.DataDir).Msg("ready")
	err := errors.Join(group.Wait(), leave(), a.Close())
	if err == nil {
		a.log.Info().Msg("stopped")
	}
	return err
}

// stopSoon makes Run stop as if its context had ended, a moment later, so that the answer
// of the call that asks for it is on its way before the connections end.
func (a *App) stopSoon() {
	a.log.Info().Msg("a caller has asked the server to stop")
	time.AfterFunc(stopDelay, a.ask)
}

// drain ends the connections, spread over the drain time; REST requests under way may
// finish in the same time. Until the last socket has ended the door stays open and says that
// it takes nobody in: a balancer that gets no answer takes the server for dead, and cuts all
// its sockets at once.
func (a *App) drain() error {
	a.system.SetReady(false)
	a.stopStreams()
	a.log.Info().Dur("within", a.cfg.DrainTimeout).Msg("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.DrainTimeout)
	defer cancel()
	a.http.SetKeepAlivesEnabled(false)
	var group errgroup.Group
	group.Go(func() error { return a.drainCluster(ctx) })
	group.Go(func() error { return a.gateway.Shutdown(ctx) })
	err := group.Wait()
	if a.http.Shutdown(ctx) != nil {
		err = errors.Join(err, a.http.Close())
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// Close releases what New opened. It may be called more than once.
func (a *App) Close() error {
	a.stopStreams()
	a.ask()
	var errs []error
	if a.listener != nil {
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, a.closeFiles())
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	errs = append(errs, a.closeCluster())
	if a.tracing != nil { // last, for the others may have something to tell
		errs = append(errs, a.tracing.Close())
	}
	return errors.Join(errs...)
}

// listen takes the port first, so that a second server on it fails before it
// touches anything.
func (a *App) listen(ctx context.Context, _ Options) error {
	address := net.JoinHostPort(a.cfg.Host, strconv.Itoa(a.cfg.Port))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%w (SERVER_HOST and SERVER_PORT choose another address)", err)
	}
	a.listener = listener
	return nil
}

// newLogger writes to w (JSON, or text for people on a terminal) and to the buffer
// that the log operations read.
func newLogger(cfg config.Config, w io.Writer, logs io.Writer) zerolog.Logger {
	if w == nil {
		w = os.Stdout
	}
	if file, ok := w.(*os.File); ok && !cfg.LogJSON && isTerminal(file) {
		w = zerolog.ConsoleWriter{Out: file, TimeFormat: time.TimeOnly}
	}
	level, err := zerolog.ParseLevel(strings.ToLower(cfg.LogLevel))
	if err != nil {
		level = zerolog.InfoLevel
	}
	out := system.NewScrubber(zerolog.MultiLevelWriter(w, logs), scrubbed(cfg)...)
	return zerolog.New(out).Level(level).Hook(zerolog.HookFunc(stamp))
}

// scrubbed are the texts that no line of the log may hold.
func scrubbed(cfg config.Config) []string {
	texts := []string{cfg.ServerKey.Reveal(), cfg.SocketKey.Reveal(), cfg.ClusterSecret.Reveal()}
	if headers, err := cfg.Traces.HeaderValues(); err == nil {
		for _, values := range headers {
			texts = append(texts, values...)
		}
	}
	return texts
}

// stamp adds the time to a line, in milliseconds, which entries of the log are ordered and
// shown by; zerolog's own would have seconds, unless a variable of its package is changed.
func stamp(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, domain.ISO(time.Now()))
}

// isTerminal reports whether f is a character device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
