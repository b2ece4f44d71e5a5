package system

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/op"
)

// The bounds of what may be written to a .env.
const (
	maxEnvVariables = 1000
	maxEnvName      = 200
	maxEnvValue     = 64 << 10
	maxEnvTotal     = 1 << 20
)

// Environment is the process's configuration and its .env file.
type Environment interface {
	// Variables lists the settings, and what else stands in the .env, with their values as
	// they are: secrets in clear.
	Variables(ctx context.Context) ([]Variable, error)
	// ReadFile returns the variables of the nearest .env; none if there is no file.
	ReadFile(ctx context.Context) (map[string]string, error)
	// WriteFile makes the file hold exactly values or, with merge, values beside what it
	// holds. Comments and the order of lines stay. It is all or nothing, and safe for
	// concurrent use: nobody's merge is lost. Codes: invalid if the format cannot hold a
	// value.
	WriteFile(ctx context.Context, values map[string]string, merge bool) error
	// File tells about the file.
	File(ctx context.Context) EnvFile
}

// Variable is one variable as the Environment knows it.
type Variable struct {
	Name string
	// Value is the one in force, also if it is the default.
	Value string
	// Set says that it is not the default.
	Set bool
	// Secret says that the value must not be shown; a name that looks secret need not be
	// marked.
	Secret bool
	// Source says where the value is from, such as environment, default or a path.
	Source string
	// Description says what it is for, "" if nobody knows.
	Description string
}

// EnvFile tells about the .env file.
type EnvFile struct {
	Exists   bool `json:"exists"`
	Writable bool `json:"writable"`
}

// envOps declares the operations on the environment.
func envOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "system:env", Help: "Returns the settings with where they come from; secrets are masked.",
		Routes: []string{"GET /api/system/env", "GET /api/system/environment"}, Access: op.Admin,
		Reason: "FETCH_ERROR", Example: Request{},
	}, s.Env)
	op.Define(r, op.Spec{
		Name: "system:read-env", Help: "Returns the variables of the .env file.",
		Routes: []string{"GET /api/system/env/local", "GET /api/system/environment/local"}, Access: op.Admin,
		Reason: "FETCH_ERROR", Example: Request{},
	}, s.ReadEnv)
	op.Define(r, op.Spec{
		Name: "system:write-env", Help: "Replaces the variables of the .env file, or merges into them; they count from the next start on.",
		Routes: []string{"POST /api/system/env/local", "POST /api/system/environment/local"}, Access: op.Admin,
		Reason: "UPDATE_ERROR", Example: WriteEnvRequest{Content: map[string]json.RawMessage{"LOG_LEVEL": []byte(`"debug"`)}, Merge: true},
	}, s.WriteEnv)
}

// trusted refuses a caller who is neither on this machine nor an administrator by a
// credential, unless a setting allows everybody: in the open mode all are administrators.
func trusted(actor domain.Actor, allowed bool, setting string) error {
	if actor.Keyed || actor.Local || allowed {
		return nil
	}
	return &domain.Error{Code: domain.Forbidden, Message: "This needs the server key or a caller on the server's own machine",
		Details: setting + "=true lifts that"}
}

// VariableView is a variable as it is shown.
type VariableView struct {
	Set bool `json:"set"`
	// Value is left out where there is none.
	Value       string `json:"value,omitempty"`
	Masked      bool   `json:"masked"`
	Source      string `json:"source"`
	Description string `json:"description,omitempty"`
}

// EnvView answers system:env.
type EnvView struct {
	Variables     map[string]VariableView `json:"variables"`
	File          EnvFile                 `json:"file"`
	Configuration Configuration           `json:"configuration"`
}

// Configuration is how the server is set up, in short.
type Configuration struct {
	Environment  string   `json:"environment"`
	Version      string   `json:"version"`
	AuthMode     string   `json:"authMode"`
	RequiresAuth bool     `json:"requiresAuth"`
	Database     string   `json:"database"`
	Features     Features `json:"features"`
	Limits       Limits   `json:"limits"`
}

// Env returns the settings. Codes: forbidden, internal.
func (s *Service) Env(ctx context.Context, actor domain.Actor, _ Request) (EnvView, error) {
	if err := trusted(actor, s.opts.AllowRemoteEnv, "ALLOW_REMOTE_ENV"); err != nil {
		return EnvView{}, err
	}
	list, err := s.opts.Env.Variables(ctx)
	if err != nil {
		return EnvView{}, err
	}
	view := EnvView{Variables: make(map[string]VariableView, len(list)), File: s.opts.Env.File(ctx),
		Configuration: Configuration{Environment: s.opts.Environment, Version: s.opts.Version, AuthMode: s.opts.AuthMode,
			RequiresAuth: s.requiresAuth(), Database: s.opts.Database, Features: s.features(), Limits: s.opts.Limits}}
	for _, v := range list {
		view.Variables[v.Name] = v.view()
	}
	return view, nil
}

// view masks what must not be shown.
func (v Variable) view() VariableView {
	shown := VariableView{Set: v.Set, Value: v.Value, Source: v.Source, Description: v.Description}
	if v.Value == "" {
		return shown
	}
	if v.Secret || secretVariable(v.Name) {
		shown.Value, shown.Masked = mask(v.Value), true
	} else if clean := redactText(v.Value); clean != v.Value {
		shown.Value, shown.Masked = clean, true
	}
	return shown
}

// secretVariable reports whether a variable of this name may hold a secret.
func secretVariable(name string) bool {
	upper := strings.ToUpper(name)
	for _, end := range []string{"KEY", "SALT", "DSN", "PWD", "PASS", "MNEMONIC", "SEED_PHRASE", "AUTH"} {
		if strings.HasSuffix(upper, end) && upper != "PARLEY_AUTH" && upper != "SOCKET_AUTH" {
			return true
		}
	}
	return looksSecret(name)
}

// mask hides a value but for its last four characters, which tell two values apart; all of
// one that is too short for that.
func mask(value string) string {
	runes := []rune(value)
	if len(runes) < 12 {
		return "****"
	}
	return "****" + string(runes[len(runes)-4:])
}

// EnvValues answers system:read-env: the variables with their values.
type EnvValues map[string]string

// ReadEnv returns the variables of the nearest .env, in clear: the settings page of the
// reference's client edits them. Codes: forbidden, internal (reason FETCH_ERROR).
func (s *Service) ReadEnv(ctx context.Context, actor domain.Actor, _ Request) (EnvValues, error) {
	if err := trusted(actor, s.opts.AllowRemoteEnv, "ALLOW_REMOTE_ENV"); err != nil {
		return nil, err
	}
	values, err := s.opts.Env.ReadFile(ctx)
	if values == nil {
		values = map[string]string{}
	}
	return values, err
}

// WriteEnvRequest says what the .env is to hold.
type WriteEnvRequest struct {
	// Content are texts by the names of the variables.
	Content map[string]json.RawMessage `json:"content" alias:"variables"`
	// Merge keeps variables that Content does not name; else they are removed.
	Merge bool `json:"merge"`

	// values is Content once it was found to be texts.
	values map[string]string
}

// envName is what a variable may be called, so that it is read back.
var envName = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)

// Validate returns every fault of the request.
func (r *WriteEnvRequest) Validate() error {
	var f domain.Faults
	if r.Content == nil {
		f.Add("content", "is required")
	}
	if len(r.Content) > maxEnvVariables {
		f.Add("content", "may hold %d variables", maxEnvVariables)
		return f.Err()
	}
	total := 0
	r.values = make(map[string]string, len(r.Content))
	for _, name := range slices.Sorted(maps.Keys(r.Content)) {
		value, fault := r.value(name)
		if fault != "" {
			f.Add(fmt.Sprintf("content.%.100q", name), "%s", fault)
			continue
		}
		total += len(name) + len(value)
		r.values[name] = value
	}
	if total > maxEnvTotal {
		f.Add("content", "may be %d bytes long in all", maxEnvTotal)
	}
	return f.Err()
}

// value reads one variable, or says what is wrong with it.
func (r *WriteEnvRequest) value(name string) (value, fault string) {
	raw := r.Content[name]
	switch {
	case len(name) > maxEnvName || !envName.MatchString(name):
		return "", "is no name of a variable: letters, digits, _ and . are allowed"
	case string(raw) == "null" || json.Unmarshal(raw, &value) != nil:
		return "", "must be a string"
	case strings.ContainsRune(value, 0):
		return "", "must not contain NUL"
	case len(value) > maxEnvValue:
		return "", fmt.Sprintf("may be %d bytes long", maxEnvValue)
	default:
		return value, ""
	}
}

// EnvWritten answers system:write-env: with nothing, as in the reference.
type EnvWritten struct{}

// Lift puts the sentence that the reference says beside data.
func (EnvWritten) Lift() map[string]any { return map[string]any{"message": "Local env updated"} }

// WriteEnv writes the .env. Codes: forbidden, invalid, internal (reason UPDATE_ERROR).
func (s *Service) WriteEnv(ctx context.Context, actor domain.Actor, r WriteEnvRequest) (EnvWritten, error) {
	if err := trusted(actor, s.opts.AllowRemoteEnv, "ALLOW_REMOTE_ENV"); err != nil {
		return EnvWritten{}, err
	}
	if err := s.opts.Env.WriteFile(ctx, r.values, r.Merge); err != nil {
		return EnvWritten{}, err
	}
	return EnvWritten{}, nil
}
