package system

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"parley/domain"
)

// ReferenceVersion is the version whose API the server speaks; clients compare it
// with the newest release and would otherwise announce an update for ever.
const ReferenceVersion = "1.2.0"

// pingTimeout bounds how long a health check waits for the store.
const pingTimeout = 2 * time.Second

// Agents counts agents. It is asked by every health check and must be quick.
type Agents interface {
	Counts() (total, active int)
}

// Store is the database that the server depends on.
type Store interface {
	// Ping reports whether the store answers. It ends with ctx.
	Ping(ctx context.Context) error
}

// Options of a Service.
type Options struct {
	// Version is Parley's own version; empty means "dev".
	Version string
	// AppVersion is the version that health shows (APP_VERSION); empty means Version.
	AppVersion string
	// Environment is shown by version (NODE_ENV); empty means development.
	Environment string
	// Agents and Store are what health asks.
	Agents Agents
	Store  Store
	// NoAgentsStatus is the HTTP status of health while no agent runs: 200, or 503 as
	// in the reference. 0 means 200.
	NoAgentsStatus int

	// Logs is the buffer of the log; nil means an empty one of its own.
	Logs *Logs
	// Servers, Inspector and Env are what the operations of their names ask.
	Servers   Servers
	Inspector Inspector
	Env       Environment
	// Degraded reports whether what replicas share does not answer, so that each goes on
	// alone; nil for a server that is alone.
	Degraded func() bool
	// Stop begins the graceful stop and returns at once; the answer of the call that asked
	// for it must still get through. It may be called again.
	Stop func()

	// AuthMode is how callers are recognised: open, key or jwt; empty means open.
	AuthMode string
	// SocketAuth says that sockets need a credential too.
	SocketAuth bool
	// WebUI says that the web client is served.
	WebUI bool
	// Database names the kind of store, such as sqlite.
	Database string
	// Models and Limits are told to whoever asks what the server can do.
	Models Models
	Limits Limits
	// AllowRemoteStop, AllowRemoteEnv and MetricsOpen let callers stop the server, edit its
	// .env and read its metrics without a credential from other machines.
	AllowRemoteStop bool
	AllowRemoteEnv  bool
	MetricsOpen     bool
	// Now is the clock; nil means time.Now.
	Now domain.Clock
}

// openMode is the mode in which nobody needs a credential.
const openMode = "open"

// setDefaults fills what was left empty.
func (o *Options) setDefaults() {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.AppVersion == "" {
		o.AppVersion = o.Version
	}
	if o.Environment == "" {
		o.Environment = "development"
	}
	if o.AuthMode == "" {
		o.AuthMode = openMode
	}
	if o.Logs == nil {
		o.Logs = NewLogs()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Validate reports a NoAgentsStatus other than 0, 200 and 503.
func (o Options) Validate() error {
	if s := o.NoAgentsStatus; s != 0 && s != 200 && s != 503 {
		return fmt.Errorf("HEALTH_NO_AGENTS_STATUS must be 200 or 503, not %d", s)
	}
	return nil
}

// Service answers questions about the server itself. It is safe for concurrent use.
type Service struct {
	opts  Options
	began time.Time
	ready atomic.Bool
	// has reports whether an operation about a noun is declared; set by Ops.
	has func(noun string) bool
}

// New returns a service that is not ready; see SetReady.
func New(o Options) *Service {
	o.setDefaults()
	return &Service{opts: o, began: o.Now(), has: func(string) bool { return false }}
}

// SetReady says whether the server may take traffic: true once it serves, false
// again when it begins to drain.
func (s *Service) SetReady(ready bool) { s.ready.Store(ready) }

// Ready reports what SetReady said last.
func (s *Service) Ready() bool { return s.ready.Load() }

// uptime is how long the server has run, in seconds.
func (s *Service) uptime() float64 {
	return float64(s.opts.Now().Sub(s.began).Milliseconds()) / 1000
}

// stamp is the present in the wire's text form.
func (s *Service) stamp() string { return domain.ISO(s.opts.Now()) }

// counts counts the agents.
func (s *Service) counts() AgentCounts {
	total, active := s.opts.Agents.Counts()
	return AgentCounts{Total: total, Active: active, Inactive: total - active}
}

// ping asks the store whether it answers, within pingTimeout.
func (s *Service) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return s.opts.Store.Ping(ctx)
}

// memory tells what the process uses, in bytes.
func memory() Memory {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(samples)
	var m Memory
	if samples[0].Value.Kind() == metrics.KindUint64 && samples[1].Value.Kind() == metrics.KindUint64 {
		m.Heap, m.Total = samples[0].Value.Uint64(), samples[1].Value.Uint64()
		m.Used, m.Percentage = m.Heap, math.Round(1000*float64(m.Heap)/float64(max(m.Total, 1)))/10
	}
	m.Resident = resident()
	return m
}

// resident is the memory of the process that is in RAM, 0 where the system has no
// /proc to tell it.
func resident() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize()) //nolint:gosec // a page size is positive
}
