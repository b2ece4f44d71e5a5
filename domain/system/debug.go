package system

import (
	"context"
	"os"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
)

// Servers lists the message servers; messaging.Service implements it.
type Servers interface {
	ListServers(context.Context, domain.Actor, messaging.ListServersRequest) (messaging.ServerList, error)
}

// Inspector looks into the running server.
type Inspector interface {
	// Inspect returns what goes on now. It is cheap enough to be asked once a second.
	Inspect(ctx context.Context) (Internals, error)
	// Metrics returns the numbers that the server counts.
	Metrics(ctx context.Context) (Metrics, error)
	// MetricsText returns them in Prometheus' text form, with its Content-Type.
	MetricsText(ctx context.Context) (contentType string, text []byte, err error)
}

// debugOps declares the operations that look into the server.
func debugOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "system:servers", Help: "Returns the message servers with their number.",
		Routes: []string{"GET /api/server/debug/servers", "GET /api/server/servers"}, Access: op.Admin, Dual: true, Example: Request{},
	}, s.ListServers)
	op.Define(r, op.Spec{
		Name: "system:state", Help: "Returns what goes on in the server: agents, sockets, bus, database, memory and limits.",
		Routes: []string{"GET /api/server/debug/state"}, Access: op.Admin, Example: Request{},
	}, s.State)
	op.Define(r, op.Spec{
		Name: "system:metrics", Help: "Returns the metrics as JSON, or with format=prometheus as text; METRICS_ENABLED lets others than administrators and this machine read them.",
		Routes: []string{"GET /api/server/debug/metrics"}, Access: op.Public, Example: MetricsRequest{},
	}, s.Metrics)
}

// ServerCount answers system:servers.
type ServerCount struct {
	Servers []messaging.ServerRow `json:"servers"`
	Count   int                   `json:"count"`
}

// TotalCount is Count.
func (c ServerCount) TotalCount() (total int, ok bool) { return c.Count, true }

// ListServers returns the message servers. Codes: unavailable.
func (s *Service) ListServers(ctx context.Context, actor domain.Actor, _ Request) (ServerCount, error) {
	list, err := s.opts.Servers.ListServers(ctx, actor, messaging.ListServersRequest{})
	return ServerCount{Servers: list.Servers, Count: len(list.Servers)}, err
}

// Internals are what an Inspector sees. A part that this server does not have is nil and
// left out of the reply.
type Internals struct {
	Agents   []AgentState  `json:"agents"`
	Sockets  SocketState   `json:"sockets"`
	Sessions *SessionState `json:"sessions,omitempty"`
	Jobs     *JobState     `json:"jobs,omitempty"`
	Bus      BusState      `json:"bus"`
	Database DatabaseState `json:"database"`
}

// AgentState is what an agent does.
type AgentState struct {
	ID   domain.AgentID `json:"id"`
	Name string         `json:"name"`
	// Status says whether it runs.
	Status string `json:"status"`
	// StartedAt is when it began to run in this process, nil if it does not.
	StartedAt *string  `json:"startedAt"`
	Plugins   []string `json:"plugins"`
	// Pending counts the channels in which messages wait for it, InFlight the messages that
	// it is answering.
	Pending  int `json:"pending"`
	InFlight int `json:"inFlight"`
}

// SocketState counts what the Socket.IO door holds.
type SocketState struct {
	Connections    int `json:"connections"`
	Sockets        int `json:"sockets"`
	Rooms          int `json:"rooms"`
	LogSubscribers int `json:"logSubscribers"`
}

// SessionState counts the messaging sessions.
type SessionState struct {
	// Active counts those that are not over.
	Active int `json:"active"`
}

// JobState counts the jobs.
type JobState struct {
	ByStatus map[string]int `json:"byStatus"`
}

// BusState counts the events of channels since the start: announced by whoever wrote them,
// handed on in order to a room or to their sender, and given up by a slow watcher of the log.
type BusState struct {
	Published uint64 `json:"published"`
	Delivered uint64 `json:"delivered"`
	Dropped   uint64 `json:"dropped"`
}

// DatabaseState is how the database is.
type DatabaseState struct {
	Driver          string `json:"driver"`
	SizeBytes       int64  `json:"sizeBytes"`
	OpenConnections int    `json:"openConnections"`
}

// State answers system:state.
type State struct {
	Version     string  `json:"version"`
	PID         int     `json:"pid"`
	StartedAt   string  `json:"startedAt"`
	Uptime      float64 `json:"uptime"`
	Environment string  `json:"environment"`
	Internals
	Memory Memory `json:"memory"`
	Limits Limits `json:"limits"`
}

// State returns what goes on in the server. Codes: unavailable.
func (s *Service) State(ctx context.Context, _ domain.Actor, _ Request) (State, error) {
	inside, err := s.opts.Inspector.Inspect(ctx)
	if err != nil {
		return State{}, err
	}
	return State{Version: s.opts.Version, PID: os.Getpid(), StartedAt: domain.ISO(s.began), Uptime: s.uptime(),
		Environment: s.opts.Environment, Internals: inside, Memory: memory(), Limits: s.opts.Limits}, nil
}

// MetricsRequest says in which form the metrics are wanted.
type MetricsRequest struct {
	// Format prometheus asks for Prometheus' text.
	Format string `json:"format"`
}

// Validate reports an unknown format.
func (r *MetricsRequest) Validate() error {
	var f domain.Faults
	if r.Format != "" && r.Format != "json" && r.Format != "prometheus" {
		f.Add("format", "must be json or prometheus")
	}
	return f.Err()
}

// Metrics answers system:metrics. The keys are the names of the series with their labels,
// as Prometheus writes them.
type Metrics struct {
	Counters   map[string]float64   `json:"counters"`
	Gauges     map[string]float64   `json:"gauges"`
	Histograms map[string]Histogram `json:"histograms"`

	kind string
	text []byte
}

// Histogram is the distribution of what was measured.
type Histogram struct {
	// Count is how often it was measured.
	Count uint64 `json:"count"`
	// Sum adds up all values, in the unit of the name.
	Sum float64 `json:"sum"`
	// Buckets tells how many were at most as large as the bound that is the key.
	Buckets map[string]uint64 `json:"buckets,omitempty"`
	// Quantiles tells the value below which a part of them lies, which is the key.
	Quantiles map[string]float64 `json:"quantiles,omitempty"`
}

// Raw is Prometheus' text, where that is wanted.
func (m Metrics) Raw() (contentType string, body []byte, ok bool) {
	return m.kind, m.text, m.text != nil
}

// Metrics returns what the server counts, to administrators, to this machine, and to
// everybody where the options say so. Codes: unauthenticated, forbidden, internal.
func (s *Service) Metrics(ctx context.Context, actor domain.Actor, r MetricsRequest) (Metrics, error) {
	if actor.Role != domain.Admin && !actor.Local && !s.opts.MetricsOpen {
		if actor.Role == domain.Guest {
			return Metrics{}, domain.Errorf(domain.Unauthenticated, "Invalid or missing API Key")
		}
		return Metrics{}, domain.Errorf(domain.Forbidden, "The metrics are for administrators")
	}
	m, err := s.opts.Inspector.Metrics(ctx)
	if err == nil && r.Format == "prometheus" {
		m.kind, m.text, err = s.opts.Inspector.MetricsText(ctx)
	}
	return m, err
}
