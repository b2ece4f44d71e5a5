package config

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain/identity"
)

// source is a Source over files in memory; the working directory is /srv/app.
func source(files map[string]string, env []string, args ...string) Source {
	return Source{Args: args, Env: env, Dir: "/srv/app", ReadFile: func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}}
}

// mustLoad loads or ends the test.
func mustLoad(t *testing.T, src Source) Config {
	t.Helper()
	c, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// secretText is long enough to sign tokens with.
const secretText = "0123456789abcdef0123456789abcdef"

// reported is what Report logs.
func reported(c Config) string {
	var b strings.Builder
	c.Report(zerolog.New(&b))
	return b.String()
}

func TestEveryDefaultCanBeSetAndPassesValidation(t *testing.T) {
	c := Default()
	seen := map[string]bool{}
	for _, s := range c.settings() {
		if s.fallback == "" && s.shown == "" {
			t.Errorf("%s shows no default", s.name)
		}
		if s.fallback != "" {
			if err := s.value.Set(s.fallback); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		}
		if seen[s.key()] {
			t.Errorf("the flag --%s exists twice", s.key())
		}
		seen[s.key()] = true
		if !strings.HasSuffix(s.help, ".") {
			t.Errorf("%s: the help is no sentence: %q", s.name, s.help)
		}
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if c.Port != 3000 || c.Host != "127.0.0.1" || c.DataDir != ".parley" || c.MaxPayload != 2<<20 ||
		c.TurnTimeout != 2*time.Minute || c.DrainTimeout != 10*time.Second || !c.SocketAuth || !c.UI || !c.Seed ||
		c.APIRate != 1000 || c.APIWindow != 15*time.Minute || c.TrustProxy.String() != "false" || c.UploadRate != 50 || c.FileRate != 100 || c.MediaRate != 100 {
		t.Errorf("the defaults are not those of the contract: %+v", c)
	}
}

func TestSourcesOverrideOneAnother(t *testing.T) {
	files := map[string]string{
		"/srv/parley.json": `{"server-port": 1}`,
		"/srv/.env":        "SERVER_PORT=2\nexport LOG_LEVEL=debug\n",
	}
	cases := []struct {
		name   string
		env    []string
		args   []string
		port   int
		source string
	}{
		{"default", []string{"SERVER_PORT="}, []string{}, 2, "/srv/.env"},
		{"the .env is above the file", nil, []string{"--config", "../parley.json"}, 2, "/srv/.env"},
		{"the environment is above the .env", []string{"SERVER_PORT=3"}, nil, 3, "environment"},
		{"an alias in the environment too", []string{"PORT=4"}, nil, 4, "environment"},
		{"the name is above its alias", []string{"PORT=4", "SERVER_PORT=3"}, nil, 3, "environment"},
		{"a flag is above all", []string{"SERVER_PORT=3"}, []string{"--server-port=5"}, 5, "flag"},
		{"a flag in two words", nil, []string{"--server-port", "5"}, 5, "flag"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := mustLoad(t, source(files, tc.env, tc.args...))
			if c.Port != tc.port || c.sources["SERVER_PORT"] != tc.source {
				t.Errorf("port %d from %q, want %d from %q", c.Port, c.sources["SERVER_PORT"], tc.port, tc.source)
			}
			if c.LogLevel != "debug" {
				t.Errorf("the .env of the folder above was not read: level %q", c.LogLevel)
			}
		})
	}
}

func TestConfigFile(t *testing.T) {
	files := map[string]string{"/srv/app/parley.json": `{"server-port": 81, "allow-open": true, "host": "x", "sevrer-host": "y",
		"cors-origin": ["https://a.example", "https://b.example"], "express-max-payload": "500kb", "turn-timeout": null}`}
	c := mustLoad(t, source(files, []string{"PARLEY_CONFIG=parley.json"}))
	if c.Port != 81 || !c.AllowOpen || len(c.Origins) != 2 || c.MaxPayload != 500<<10 || c.TurnTimeout != 2*time.Minute {
		t.Errorf("got %+v", c)
	}
	log := reported(c)
	for _, want := range []string{`"name":"host"`, `"name":"sevrer-host"`, `"did_you_mean":"server-host"`, `"level":"warn"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the report lacks %s: %s", want, log)
		}
	}
	for _, bad := range []string{`[]`, `{`, `{} {}`, `{"server-port": {}}`, `{"cors-origin": [1]}`} {
		files["/srv/app/parley.json"] = bad
		if _, err := Load(source(files, []string{"PARLEY_CONFIG=parley.json"})); err == nil {
			t.Errorf("the file %s was accepted", bad)
		}
	}
	if _, err := Load(source(nil, nil, "--config=absent.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestNamesThatDoNothingAreReported(t *testing.T) {
	c := mustLoad(t, source(nil, []string{"PARLEY_DATADIR=x", "SENTRY_DSN=y", "CHARACTER.ANN.KEY=z", "SERVER_PROT=1",
		"PATH=/bin", "OPENAI_API_KEY=k", "PARLEY_EMPTY=", "POSTGRES_URL=postgres://u:pw@h/db"}))
	want := []string{
		`"level":"warn".*PARLEY_DATADIR.*PARLEY_DATA_DIR`, `"level":"warn".*SERVER_PROT.*SERVER_PORT`,
		`"level":"info".*SENTRY_DSN`, `"level":"info".*POSTGRES_URL`,
	}
	var got []string
	for _, n := range c.notices {
		got = append(got, fmt.Sprintf(`"level":"%s".*%s`, n.level, n.fields["name"]))
		if meant, ok := n.fields["did_you_mean"]; ok {
			got[len(got)-1] += fmt.Sprintf(".*%s", meant)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if log := reported(c); strings.Contains(log, "pw") || strings.Count(log, "\n") != len(want) {
		t.Errorf("a value was logged, or lines are missing: %s", log)
	}
}

func TestFaultsAreNamedTogether(t *testing.T) {
	cases := []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"two bad values", []string{"SERVER_PORT=x", "SOCKET_AUTH=perhaps"}, nil,
			[]string{"SERVER_PORT (environment)", "SOCKET_AUTH (environment)"}},
		{"out of range", []string{"SERVER_PORT=70000", "PARLEY_TURN_TIMEOUT=0"}, nil, []string{"SERVER_PORT", "PARLEY_TURN_TIMEOUT"}},
		{"level", []string{"LOG_LEVEL=loud"}, nil, []string{"trace, debug, info, warn, error, fatal"}},
		{"mode", []string{"PARLEY_AUTH=jot"}, nil, []string{`PARLEY_AUTH must be one of open, key, jwt, not "jot"`}},
		{"jwt mode without keys", []string{"PARLEY_AUTH=jwt"}, nil, []string{"PARLEY_JWT_SECRET, PARLEY_JWT_PUBLIC_KEY or PARLEY_JWT_JWKS_URL"}},
		{"keys without jwt mode", []string{"PARLEY_JWT_SECRET=" + secretText}, nil, []string{"need PARLEY_AUTH=jwt"}},
		{"a short secret", []string{"PARLEY_AUTH=jwt", "PARLEY_JWT_SECRET=short"}, nil, []string{"at least 32 bytes"}},
		{"one secret for two things", []string{"PARLEY_AUTH=jwt", "PARLEY_JWT_SECRET=" + secretText, "SERVER_API_KEY=" + secretText}, nil,
			[]string{"PARLEY_JWT_SECRET is the server key too"}},
		{"keys over plain http", []string{"PARLEY_AUTH=jwt", "PARLEY_JWT_JWKS_URL=http://id.example/keys"}, nil,
			[]string{"PARLEY_JWT_JWKS_URL: it must be https", "needs PARLEY_JWT_ISSUER"}},
		{"jwt mode with unchecked sockets", []string{"PARLEY_AUTH=jwt", "PARLEY_JWT_SECRET=" + secretText, "SOCKET_AUTH=off"}, nil, []string{"SOCKET_AUTH=off"}},
		{"too much leeway", []string{"PARLEY_AUTH=jwt", "PARLEY_JWT_SECRET=" + secretText, "PARLEY_JWT_LEEWAY=1h"}, nil, []string{"PARLEY_JWT_LEEWAY must be between"}},
		{"a proxy that is none", []string{"TRUST_PROXY=10.0.0.0/40"}, nil, []string{"TRUST_PROXY"}},
		{"key mode without a key", []string{"PARLEY_AUTH=key"}, nil, []string{"ELIZA_SERVER_AUTH_TOKEN"}},
		{"open to the network", []string{"SERVER_HOST=0.0.0.0"}, nil, []string{"PARLEY_ALLOW_OPEN"}},
		{"rate limits out of range", []string{"RATE_LIMIT_API=-1", "RATE_LIMIT_API_WINDOW=0"}, nil,
			[]string{"RATE_LIMIT_API must be", "RATE_LIMIT_API_WINDOW must be"}},
		{"flag without its value", nil, []string{"--server-port"}, []string{"flag --server-port needs a value"}},
		{"two keys", []string{"SERVER_API_KEY=aa", "ELIZA_SERVER_AUTH_TOKEN=bb"}, nil, []string{"differ"}},
		{"origin", []string{"CORS_ORIGIN=chat.example"}, nil, []string{"CORS_ORIGIN"}},
		{"Redis beside SQLite", []string{"REDIS_URL=redis://h"}, nil, []string{"REDIS_URL needs MONGODB_URI"}},
		{"no address of a MongoDB", []string{"MONGODB_URI=h:27017"}, nil, []string{"MONGODB_URI is not an address"}},
		{"database by its other name", []string{"DATABASE_URL=mongodb+srv://h"}, nil, []string{"DATABASE_URL"}},
		{"misspelt flag", nil, []string{"--server-prot=1"}, []string{"did you mean --server-port?"}},
		{"unknown flag", nil, []string{"--frobnicate-it-all"}, []string{"unknown flag --frobnicate-it-all"}},
		{"argument", nil, []string{"now"}, []string{`unexpected argument "now"`}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(source(nil, tc.env, tc.args...))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
		})
	}
}

func TestHelpIsAskedFor(t *testing.T) {
	if _, err := Load(source(nil, nil, "--help")); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	c := mustLoad(t, source(nil, []string{"ELIZA_SERVER_AUTH_TOKEN=hush"}))
	if c.ServerKey.Reveal() != "hush" {
		t.Fatal("the key was not read")
	}
	if text := fmt.Sprintf("%v %+v %#v %v", c, c, c, c.Effective()); strings.Contains(text, "hush") {
		t.Errorf("shown: %s", text)
	}
	_, err := Load(source(map[string]string{"/srv/app/.env": "ELIZA_SERVER_AUTH_TOKEN=hush\nnot a line hush\n"}, nil))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("the fault in the .env is not told, or tells too much: %v", err)
	}
}

func TestKeyAndInterfaceFollowTheirSettings(t *testing.T) {
	cases := []struct {
		name string
		env  []string
		mode identity.Mode
		key  string
		ui   bool
	}{
		{"nothing", nil, "", "", true},
		{"the reference's key", []string{"ELIZA_SERVER_AUTH_TOKEN=a"}, "", "a", true},
		{"the key of sockets", []string{"SERVER_API_KEY=b"}, "", "b", true},
		{"open though there is a key", []string{"SERVER_API_KEY=b", "PARLEY_AUTH=OPEN"}, identity.Open, "b", true},
		{"tokens", []string{"PARLEY_AUTH=JWT", "PARLEY_JWT_SECRET=" + secretText, "SERVER_API_KEY=b"}, identity.JWT, "b", true},
		{"production", []string{"NODE_ENV=production"}, "", "", false},
		{"production with a client", []string{"NODE_ENV=production", "ELIZA_UI_ENABLE=Y"}, "", "", true},
		{"no client", []string{"ELIZA_UI_ENABLE=off"}, "", "", false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := mustLoad(t, source(nil, tc.env))
			o := c.Identity()
			if o.Mode != tc.mode || o.Key.Reveal() != tc.key || c.UI != tc.ui || !o.SocketAuth {
				t.Errorf("got mode %q, UI %v", o.Mode, c.UI)
			}
		})
	}
}

func TestLogLevelsOfTheReference(t *testing.T) {
	for given, want := range map[string]string{"LOG_LEVEL=DEBUG": "debug", "LOG_LEVEL=success": "info", "DEFAULT_LOG_LEVEL=warn": "warn"} {
		if c := mustLoad(t, source(nil, []string{given})); c.LogLevel != want {
			t.Errorf("%s gives %q", given, c.LogLevel)
		}
	}
}

func TestEffectiveSaysWhereValuesAreFrom(t *testing.T) {
	c := mustLoad(t, source(nil, nil, "--allow-open", "--express-max-payload=1500"))
	got := map[string]Entry{}
	for _, e := range c.Effective() {
		got[e.Name] = e
	}
	for _, want := range []Entry{{"PARLEY_ALLOW_OPEN", "true", "flag"}, {"EXPRESS_MAX_PAYLOAD", "1500", "flag"},
		{"PARLEY_TURN_TIMEOUT", "2m0s", "default"}, {"ELIZA_SERVER_AUTH_TOKEN", "", "default"}} {
		if got[want.Name] != want {
			t.Errorf("got %v, want %v", got[want.Name], want)
		}
	}
}

func TestSizesAndTimes(t *testing.T) {
	for text, want := range map[string]int64{"2mb": 2 << 20, "1.5 KB": 1536, "7": 7, "9b": 9, "1gb": 1 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "mb", "-1", "nan", "1e300gb", "2 tb"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	for text, want := range map[string]time.Duration{"90": 90 * time.Second, "2m": 2 * time.Minute, "1s\n": time.Second} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestReadmeShowsTheSettings(t *testing.T) {
	const begin, end = "<!-- config:begin -->\n", "<!-- config:end -->"
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), begin)
	table, _, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("the README lacks the markers %q and %q", begin, end)
	}
	if table != Markdown() {
		t.Errorf("the table of settings in the README is not the current one: put the output of\n\n" +
			"\tgo run ./cmd/parley config-doc\n\nbetween its markers")
	}
}

// FuzzFiles holds that neither form of file makes a reader panic, and that what is
// read from a config file is never more than texts.
func FuzzFiles(f *testing.F) {
	f.Add([]byte(`{"server-port": 3000, "cors-origin": ["a", "b"], "x": null, "y": true}`))
	f.Add([]byte("A=1\nexport B='2'\nC=${A}\n# note\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if values, err := parseFile(data); err == nil && values == nil {
			t.Error("neither values nor an error")
		}
		_, _ = parseDotenv(data)
	})
}

// FuzzSize holds that a size that is read is printed as the same size.
func FuzzSize(f *testing.F) {
	f.Add("2mb")
	f.Add("1.5kb")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseSize(text)
		if err != nil {
			return
		}
		if again, err := parseSize(formatSize(n)); err != nil || n < 1<<53 && again != n {
			t.Errorf("%q is %d, printed %s, read as %d, %v", text, n, formatSize(n), again, err)
		}
	})
}

func TestVariablesAreForTheAgents(t *testing.T) {
	files := map[string]string{"/srv/app/.env": "A=file\nB=file\nCHARACTER.ANN.KEY=k\n"}
	c := mustLoad(t, source(files, []string{"A=environment", "ELIZA_SERVER_AUTH_TOKEN=x", "SERVER_API_KEY=x", "SECRET_SALT=x"}))
	got := map[string]string{}
	for name, value := range c.Variables() {
		got[name] = value.Reveal()
	}
	if want := map[string]string{"A": "environment", "B": "file", "CHARACTER.ANN.KEY": "k"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAddressesOfCharactersAreCheckedAndNotShown(t *testing.T) {
	c := mustLoad(t, source(nil, []string{"REMOTE_CHARACTER_URLS=https://example.com/a.json?token=hush, http://localhost/b.json"}))
	if len(c.CharacterURLs) != 2 || strings.Contains(fmt.Sprint(c, c.Effective()), "hush") {
		t.Errorf("got %v, shown %v", c.CharacterURLs, c.Effective())
	}
	_, err := Load(source(nil, []string{"REMOTE_CHARACTER_URLS=https://example.com/a.json,hush"}))
	if err == nil || !strings.Contains(err.Error(), "REMOTE_CHARACTER_URLS: entry 2") || strings.Contains(err.Error(), "hush") {
		t.Errorf("err = %v", err)
	}
}
