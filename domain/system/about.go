package system

import (
	"context"
	"strings"

	"parley/domain"
	"parley/domain/op"
)

// aboutOps declares the operations that tell what the server can do, and the one that
// stops it.
func aboutOps(r *op.Registry, s *Service) {
	s.has = func(noun string) bool { return hasNoun(r, noun) }
	op.Define(r, op.Spec{
		Name: "system:capabilities", Help: "Returns the features, models, limits and transports of this server.",
		Routes: []string{"GET /api/system/capabilities"}, Example: Request{},
	}, s.Capabilities)
	op.Define(r, op.Spec{
		Name: "system:config", Help: "Tells a client whether it needs a credential, and of what kind.",
		Routes: []string{"GET /api/system/config"}, Access: op.Public, Example: Request{},
	}, s.Config)
	op.Define(r, op.Spec{
		Name: "system:stop", Help: "Stops the server as SIGTERM does, after this answer.",
		Routes: []string{"POST /api/server/stop"}, Access: op.Admin, Dual: true, Final: true, Example: Request{},
	}, s.Stop)
}

// hasNoun reports whether an operation is about the noun.
func hasNoun(r *op.Registry, noun string) bool {
	for _, o := range r.Ops() {
		if strings.HasPrefix(o.Name, noun+":") {
			return true
		}
	}
	return false
}

// Features says what is there: an operation of the kind, or the setting that turns it on.
type Features struct {
	Auth       bool `json:"auth"`
	SocketAuth bool `json:"socketAuth"`
	// Plugins says whether plugins can be added.
	Plugins       bool `json:"plugins"`
	TEE           bool `json:"tee"`
	Sessions      bool `json:"sessions"`
	Jobs          bool `json:"jobs"`
	Runs          bool `json:"runs"`
	Streaming     bool `json:"streaming"`
	WebUI         bool `json:"webUi"`
	DataIsolation bool `json:"dataIsolation"`
}

// Models names the provider of each kind of model, "" where there is none.
type Models struct {
	// Text is whose models write answers.
	Text string `json:"text"`
	// Embedding is whose models turn texts into vectors.
	Embedding string `json:"embedding"`
	// Transcription is whose models turn speech into text.
	Transcription string `json:"transcription"`
	// Speech is whose models speak.
	Speech string `json:"speech"`
	// Image is whose models paint pictures.
	Image string `json:"image"`
}

// Limits are the bounds that callers meet; 0 is without limit.
type Limits struct {
	// JSONBody is the largest JSON body over REST in bytes.
	JSONBody int64 `json:"jsonBody"`
	// MessageText is the largest text of a message in characters.
	MessageText int `json:"messageText"`
	// APIRequests may be sent by an address in APIWindowSeconds.
	APIRequests      int     `json:"apiRequests"`
	APIWindowSeconds float64 `json:"apiWindowSeconds"`
	// SocketEvents may be sent by a socket per second, SocketBurst at once.
	SocketEvents float64 `json:"socketEventsPerSecond"`
	SocketBurst  int     `json:"socketBurst"`
	// AgentWorkers is how many messages agents answer at once, within TurnSeconds each.
	AgentWorkers int     `json:"agentWorkers"`
	TurnSeconds  float64 `json:"turnSeconds"`
}

// Capabilities answers system:capabilities.
type Capabilities struct {
	Version    string   `json:"version"`
	Features   Features `json:"features"`
	Models     Models   `json:"models"`
	Limits     Limits   `json:"limits"`
	Transports []string `json:"transports"`
}

// Capabilities returns what the server can do.
func (s *Service) Capabilities(context.Context, domain.Actor, Request) (Capabilities, error) {
	return Capabilities{Version: s.opts.Version, Features: s.features(), Models: s.opts.Models, Limits: s.opts.Limits,
		Transports: []string{"polling", "websocket"}}, nil
}

// features derives what is there from the operations that are declared.
func (s *Service) features() Features {
	return Features{Auth: s.requiresAuth(), SocketAuth: s.requiresAuth() && s.opts.SocketAuth, Plugins: s.has("plugins"),
		TEE: s.has("tee"), Sessions: s.has("sessions"), Jobs: s.has("jobs"), Runs: s.has("runs"), Streaming: s.has("messages"),
		WebUI: s.opts.WebUI, DataIsolation: s.opts.AuthMode == "jwt"}
}

// Access answers system:config.
type Access struct {
	RequiresAuth bool   `json:"requiresAuth"`
	AuthMode     string `json:"authMode"`
}

// Config tells whether a caller needs a credential.
func (s *Service) Config(context.Context, domain.Actor, Request) (Access, error) {
	return Access{RequiresAuth: s.requiresAuth(), AuthMode: s.opts.AuthMode}, nil
}

// requiresAuth reports whether callers need a credential.
func (s *Service) requiresAuth() bool { return s.opts.AuthMode != openMode }

// Stopping answers system:stop.
type Stopping struct {
	Message string `json:"message"`
}

// Stop begins the graceful stop. Codes: forbidden to a caller who is neither on this
// machine nor shows a credential, unless the options allow it.
func (s *Service) Stop(_ context.Context, actor domain.Actor, _ Request) (Stopping, error) {
	if err := trusted(actor, s.opts.AllowRemoteStop, "ALLOW_REMOTE_STOP"); err != nil {
		return Stopping{}, err
	}
	s.opts.Stop()
	return Stopping{Message: "Server stopping..."}, nil
}
