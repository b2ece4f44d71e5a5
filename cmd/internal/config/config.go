package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/media"
)

// Config is the server's configuration. The zero value is not usable: take it from
// Default or Load. What each field means stands once, in settings.
type Config struct {
	// WorkDir is the working directory, from which the .env is looked for; no setting.
	WorkDir string

	// Where it listens and keeps its data.
	File    string
	Port    int
	Host    string
	DataDir string
	WebDir  string
	UI      bool
	Seed    bool

	// Cluster: where the data is if not in a file, and how replicas find one another.
	MongoURI       domain.Secret
	RedisURL       domain.Secret
	Replica        string
	ClusterAddress string
	ClusterSecret  domain.Secret

	// Who may call.
	Auth       string
	ServerKey  domain.Secret
	SocketKey  domain.Secret
	SocketAuth bool
	AllowOpen  bool
	Origins    []string
	APIOrigins []string
	TrustProxy identity.Proxies
	RemoteStop bool
	RemoteEnv  bool

	// How the tokens of the jwt mode are checked.
	JWTSecret    domain.Secret
	JWTPublicKey string
	JWTKeysURL   string
	JWTIssuer    string
	JWTAudience  []string
	JWTLeeway    time.Duration

	// Limits and times.
	MaxPayload   int64
	UploadTypes  []string
	APIRate      int
	APIWindow    time.Duration
	UploadRate   int
	FileRate     int
	MediaRate    int
	ConnectRate  int
	SocketRate   float64
	SocketBurst  int
	AgentWorkers int
	AgentChain   int
	TurnTimeout  time.Duration
	BuiltinPace  time.Duration
	DrainTimeout time.Duration

	// How agents take part.
	BypassTypes     []string
	BypassSources   []string
	ControlMessages bool
	// LegacyLogEvents sends log lines as the event logEntry too.
	LegacyLogEvents bool

	// Where agents and their secrets come from.
	SecretSalt       domain.Secret
	CharacterDirs    []string
	CharacterStorage bool
	CharacterURLs    []domain.Secret
	RemoteCharacters bool

	// What it tells about itself.
	LogLevel       string
	LogJSON        bool
	Environment    string
	AppVersion     string
	MetricsEnabled bool
	NoAgentsStatus int
	Traces         Traces

	sources map[string]string // setting's name to where its value is from; absent is the default
	// environment returns a variable of the process's environment, "" if it is not set.
	environment func(name string) string
	// forAgents are the environment over the .env, without the server's own secrets; by a
	// pointer, for fmt would print the values of an unexported map.
	forAgents *map[string]domain.Secret
	notices   []notice
}

// Default is the configuration when nothing is set.
func Default() Config {
	c := Config{WorkDir: ".", environment: func(string) string { return "" }}
	for _, s := range c.settings() {
		if s.fallback != "" {
			_ = s.value.Set(s.fallback) // a test sees to it that every default can be set
		}
	}
	return c
}

// Identity is how callers are recognised.
func (c *Config) Identity() identity.Options {
	return identity.Options{Mode: identity.Mode(c.Auth), Key: c.key(), SocketAuth: c.SocketAuth, Origins: c.Origins}
}

// key is the server key, or an empty one.
func (c *Config) key() domain.Secret {
	if c.ServerKey != "" {
		return c.ServerKey
	}
	return c.SocketKey
}

// Validate reports all faults, joined; each names the setting to change.
func (c *Config) Validate() error {
	return errors.Join(
		between("SERVER_PORT", c.Port, 0, 65535),
		between("PARLEY_AGENT_WORKERS", c.AgentWorkers, 1, 1024),
		between("PARLEY_AGENT_CHAIN", c.AgentChain, 1, 1000),
		between("RATE_LIMIT_API", c.APIRate, 0, 1_000_000_000),
		between("RATE_LIMIT_API_WINDOW", c.APIWindow, time.Second, 24*time.Hour),
		between("RATE_LIMIT_UPLOAD", c.UploadRate, 0, 1_000_000_000),
		between("RATE_LIMIT_FILE", c.FileRate, 0, 1_000_000_000),
		between("RATE_LIMIT_CHANNEL_MEDIA", c.MediaRate, 0, 1_000_000_000),
		between("RATE_LIMIT_CONNECT", c.ConnectRate, 0, 1_000_000_000),
		between("RATE_LIMIT_SOCKET_BURST", c.SocketBurst, 1, 1_000_000),
		between("RATE_LIMIT_SOCKET", c.SocketRate, 0, 1_000_000),
		between("EXPRESS_MAX_PAYLOAD", c.MaxPayload, 1, 1<<30),
		between("PARLEY_TURN_TIMEOUT", c.TurnTimeout, time.Second, time.Hour),
		between("PARLEY_BUILTIN_PACE", c.BuiltinPace, 0, time.Second),
		between("PARLEY_DRAIN_TIMEOUT", c.DrainTimeout, 0, 10*time.Minute),
		oneOf("LOG_LEVEL", c.LogLevel, logLevels()),
		oneOf("PARLEY_AUTH", c.Auth, modes()),
		oneOf("HEALTH_NO_AGENTS_STATUS", fmt.Sprint(c.NoAgentsStatus), []string{"200", "503"}),
		c.checkUploads(),
		checkOrigins("CORS_ORIGIN", c.Origins),
		checkOrigins("API_CORS_ORIGIN", c.APIOrigins),
		checkURLs("REMOTE_CHARACTER_URLS", c.CharacterURLs),
		c.checkAccess(),
		c.checkTokens(),
		c.Traces.check(),
		c.checkCluster(),
	)
}

// UploadKinds are the types of files that may be uploaded.
func (c *Config) UploadKinds() (media.Kinds, error) { return media.UploadKinds(c.UploadTypes) }

// checkUploads reports types of files that can never be taken.
func (c *Config) checkUploads() error {
	if _, err := c.UploadKinds(); err != nil {
		return fmt.Errorf("UPLOAD_EXTRA_MIME_TYPES: %w", err)
	}
	return nil
}

// modes are the allowed values of PARLEY_AUTH.
func modes() []string {
	names := []string{""}
	for _, m := range identity.Modes() {
		names = append(names, string(m))
	}
	return names
}

// checkAccess reports missing and contradicting keys, and a server that would stand
// open to the network.
func (c *Config) checkAccess() error {
	if c.ServerKey != "" && c.SocketKey != "" && c.ServerKey != c.SocketKey {
		return errors.New("ELIZA_SERVER_AUTH_TOKEN and SERVER_API_KEY are both set and differ: " +
			"REST and sockets share one server key, so set one of them, or both to the same value")
	}
	o := c.Identity()
	if !slices.Contains(modes(), c.Auth) {
		return nil // already reported, with the allowed values
	}
	return errors.Join(o.Validate(), identity.CheckExposure(o, c.Host, c.AllowOpen))
}

// Variables are the environment over the nearest .env: agents' settings fall back to
// them. The server's own secrets are not among them. It must not be changed.
func (c *Config) Variables() map[string]domain.Secret {
	if c.forAgents == nil {
		return nil
	}
	return *c.forAgents
}

// notice is something to tell about the configuration at the start.
type notice struct {
	level   zerolog.Level
	message string
	fields  map[string]any
}

// Report logs what was noticed while loading: names nobody knows (warn) and settings
// without effect in this version (info).
func (c *Config) Report(log zerolog.Logger) {
	for _, n := range c.notices {
		log.WithLevel(n.level).Str("component", "config").Fields(n.fields).Msg(n.message)
	}
}

// Entry is one effective setting, as check-config shows it.
type Entry struct {
	// Name is the setting's environment name, Value its value (a secret is masked) and
	// Source where it is from.
	Name, Value, Source string
}

// Effective lists all settings with the values in force.
func (c *Config) Effective() []Entry {
	var entries []Entry
	for _, s := range c.settings() {
		source := c.sources[s.name]
		if source == "" {
			source = "default"
		}
		entries = append(entries, Entry{Name: s.name, Value: s.value.String(), Source: source})
	}
	return entries
}

// between reports a value outside its range.
func between[T int | int64 | float64 | time.Duration](name string, v, least, most T) error {
	if v >= least && v <= most {
		return nil
	}
	return fmt.Errorf("%s must be between %v and %v, not %v", name, least, most, v)
}

// oneOf reports a value that is none of the allowed ones; an allowed "" is not listed.
func oneOf(name, v string, allowed []string) error {
	var list []string
	for _, a := range allowed {
		if a == v {
			return nil
		}
		if a != "" {
			list = append(list, a)
		}
	}
	return fmt.Errorf("%s must be one of %s, not %q", name, strings.Join(list, ", "), v)
}

// checkOrigins reports what is no origin: those are compared with what a browser
// sends, so one with a path or without a scheme would never match.
func checkOrigins(name string, origins []string) error {
	for _, o := range origins {
		u, err := url.Parse(o)
		if o != "*" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o) {
			return fmt.Errorf("%s: %q is not an origin such as https://chat.example", name, o)
		}
	}
	return nil
}

// checkURLs reports what is no address of a file; it is not repeated, for there may be a
// token in it.
func checkURLs(name string, urls []domain.Secret) error {
	for i, address := range urls {
		u, err := url.Parse(address.Reveal())
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("%s: entry %d is not an address such as https://example.com/character.json", name, i+1)
		}
	}
	return nil
}
