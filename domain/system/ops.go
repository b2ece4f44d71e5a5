package system

import (
	"context"

	"parley/domain"
	"parley/domain/op"
)

// Ops declares the operations of this package. Their noun is not in the plural, as
// it is elsewhere: there is one system, and nothing to list.
func Ops(r *op.Registry, s *Service) {
	healthOps(r, s)
	aboutOps(r, s)
	logOps(r, s)
	debugOps(r, s)
	envOps(r, s)
}

// healthOps declares the operations that tell how the server is.
func healthOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "system:ping", Help: "Answers, to show that the server can be reached.",
		Routes: []string{"GET /api/server/ping", "GET /api/ping"},
		Access: op.Public, Dual: true, Example: Request{},
	}, s.Ping)
	op.Define(r, op.Spec{
		Name: "system:hello", Help: "Says hello.",
		Routes: []string{"GET /api/server/hello"}, Dual: true, Example: Request{},
	}, s.Hello)
	op.Define(r, op.Spec{
		Name: "system:status", Help: "Returns how many agents run, and what the process uses.",
		Routes: []string{"GET /api/server/status", "GET /api/status"}, Dual: true, Example: Request{},
	}, s.Status)
	op.Define(r, op.Spec{
		Name: "system:health", Help: "Returns whether the server and what it depends on can take messages.",
		Routes: []string{"GET /api/server/health", "GET /api/health"}, Dual: true, Example: Request{},
	}, s.Health)
	op.Define(r, op.Spec{
		Name: "system:check", Help: "Returns the health for a balancer, which has no key.",
		Routes: []string{"GET /health"}, Access: op.Public, Dual: true, Example: Request{},
	}, s.Health)
	op.Define(r, op.Spec{
		Name: "system:alive", Help: "Tells that the process lives.",
		Routes: []string{"GET /healthz"}, Access: op.Public, Dual: true, Example: Request{},
	}, s.Alive)
	op.Define(r, op.Spec{
		Name: "system:ready", Help: "Tells whether the server may take traffic.",
		Routes: []string{"GET /readyz"}, Access: op.Public, Dual: true, Example: Request{},
	}, s.Readiness)
	op.Define(r, op.Spec{
		Name: "system:version", Help: "Returns the version of the API, and to a caller with the key that of the server.",
		Routes: []string{"GET /api/system/version", "GET /api/version"},
		Access: op.Public, Dual: true, Example: Request{},
	}, s.Version)
}

// Request has no fields.
type Request struct{}

// Pong answers system:ping.
type Pong struct {
	Pong      bool  `json:"pong"`
	Timestamp int64 `json:"timestamp"`
}

// Ping answers, to show that the server can be reached.
func (s *Service) Ping(context.Context, domain.Actor, Request) (Pong, error) {
	return Pong{Pong: true, Timestamp: domain.Millis(s.opts.Now())}, nil
}

// Greeting answers system:hello.
type Greeting struct {
	Message string `json:"message"`
}

// Hello says hello.
func (s *Service) Hello(context.Context, domain.Actor, Request) (Greeting, error) {
	return Greeting{Message: "Hello World!"}, nil
}

// AgentCounts says how many agents there are.
type AgentCounts struct {
	Total int `json:"total"`
	// Active counts those that run.
	Active int `json:"active"`
	// Inactive counts those that do not run.
	Inactive int `json:"inactive"`
}

// Memory is what the process uses, in bytes.
type Memory struct {
	// Resident is left out where the system does not tell it.
	Resident uint64 `json:"rss,omitempty"`
	Heap     uint64 `json:"heap"`
	// Used and Total are the heap and all that was taken from the system, Percentage the one
	// of the other, as the reference's client library reads them.
	Used       uint64  `json:"used"`
	Total      uint64  `json:"total"`
	Percentage float64 `json:"percentage"`
}

// Status answers system:status.
type Status struct {
	Status     string `json:"status"`
	AgentCount int    `json:"agentCount"`
	Timestamp  string `json:"timestamp"`
	// Agents counts them.
	Agents  AgentCounts `json:"agents"`
	Uptime  float64     `json:"uptime"`
	Version string      `json:"version"`
	// Memory is what the process uses.
	Memory Memory `json:"memory"`
}

// Status returns how many agents run, and what the process uses.
func (s *Service) Status(context.Context, domain.Actor, Request) (Status, error) {
	counts := s.counts()
	return Status{Status: "ok", AgentCount: counts.Active, Timestamp: s.stamp(), Agents: counts,
		Uptime: s.uptime(), Version: s.opts.AppVersion, Memory: memory()}, nil
}

// Dependencies says how what the server depends on is.
type Dependencies struct {
	// Agents is healthy or no_agents.
	Agents string `json:"agents"`
	// Database is healthy or unhealthy.
	Database string `json:"database"`
	// Redis is healthy or unhealthy; it is left out for a server that is alone.
	Redis string `json:"redis,omitempty"`
}

// Health answers system:health.
type Health struct {
	Status       string       `json:"status"`
	Version      string       `json:"version"`
	Timestamp    string       `json:"timestamp"`
	AgentCount   int          `json:"agentCount"`
	Dependencies Dependencies `json:"dependencies"`
	// Degraded says that this replica goes on without the others; it still takes messages.
	Degraded bool    `json:"degraded,omitempty"`
	Uptime   float64 `json:"uptime"`
}

// Health returns whether the server can take messages. Codes: unavailable (reason
// SERVICE_UNAVAILABLE, the result beside it) if the store does not answer or, where
// the options ask for it, no agent runs.
func (s *Service) Health(ctx context.Context, _ domain.Actor, _ Request) (Health, error) {
	counts := s.counts()
	h := Health{Status: "OK", Version: s.opts.AppVersion, Timestamp: s.stamp(), AgentCount: counts.Active,
		Dependencies: Dependencies{Agents: "healthy", Database: "healthy"}, Uptime: s.uptime()}
	if s.opts.Degraded != nil {
		h.Dependencies.Redis, h.Degraded = "healthy", s.opts.Degraded()
		if h.Degraded {
			h.Dependencies.Redis = "unhealthy"
		}
	}
	var failure *domain.Error
	if counts.Active == 0 {
		h.Dependencies.Agents = "no_agents"
		if s.opts.NoAgentsStatus == 503 {
			failure = unavailable(nil, "No agent is running")
		}
	}
	if err := s.ping(ctx); err != nil {
		h.Status, h.Dependencies.Database = "UNAVAILABLE", "unhealthy"
		failure = unavailable(err, "The database does not answer")
	}
	if failure != nil {
		return Health{}, op.Partial{Result: h, Err: failure}
	}
	return h, nil
}

// Liveness answers system:alive and system:ready.
type Liveness struct {
	Status    string `json:"status"`
	Timestamp string `json:"timestamp"`
}

// Alive tells that the process lives.
func (s *Service) Alive(context.Context, domain.Actor, Request) (Liveness, error) {
	return Liveness{Status: "ok", Timestamp: s.stamp()}, nil
}

// Readiness tells whether the server may take traffic. Codes: unavailable (reason
// SERVICE_UNAVAILABLE) while it starts or drains and when the store does not answer.
func (s *Service) Readiness(ctx context.Context, _ domain.Actor, _ Request) (Liveness, error) {
	var failure *domain.Error
	if !s.Ready() {
		failure = unavailable(nil, "The server is starting or stopping")
	} else if err := s.ping(ctx); err != nil {
		failure = unavailable(err, "The database does not answer")
	}
	if failure != nil {
		return Liveness{}, op.Partial{Result: Liveness{Status: "unavailable", Timestamp: s.stamp()}, Err: failure}
	}
	return Liveness{Status: "ok", Timestamp: s.stamp()}, nil
}

// unavailable is the failure of a health check.
func unavailable(cause error, message string) *domain.Error {
	failure := domain.Wrap(domain.Unavailable, cause, message)
	failure.Reason = "SERVICE_UNAVAILABLE"
	return failure
}

// Release names a program and its version.
type Release struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Version answers system:version.
type Version struct {
	Version     string  `json:"version"`
	Source      string  `json:"source"`
	Timestamp   string  `json:"timestamp"`
	Environment string  `json:"environment"`
	Uptime      float64 `json:"uptime"`
	// Server is left out for a caller without the key.
	Server *Release `json:"server,omitempty"`
}

// Version returns the version of the API, and to a caller with the key that of the
// server: strangers need not know which build they could attack.
func (s *Service) Version(_ context.Context, actor domain.Actor, _ Request) (Version, error) {
	v := Version{Version: ReferenceVersion, Source: "server", Timestamp: s.stamp(),
		Environment: s.opts.Environment, Uptime: s.uptime()}
	if actor.Role != domain.Guest {
		v.Server = &Release{Name: "Parley", Version: s.opts.Version}
	}
	return v, nil
}
