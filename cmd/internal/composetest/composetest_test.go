package composetest_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"parley/cmd/internal/composetest"
	"parley/cmd/internal/config"
)

// read returns the repository's file.
func read(t *testing.T) *composetest.File {
	t.Helper()
	f, err := composetest.Read()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// settings are the names of all settings, with their aliases.
func settings(t *testing.T) []string {
	t.Helper()
	c := config.Default()
	var names []string
	for _, e := range c.Effective() {
		names = append(names, e.Name)
	}
	return names
}

func TestTheFileIsValidByTheOfficialSchema(t *testing.T) {
	schema, err := os.Open("testdata/compose-spec.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = schema.Close() }()
	decoded, err := jsonschema.UnmarshalJSON(schema)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("compose-spec.json", decoded); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("compose-spec.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(document any) error {
		text, err := json.Marshal(document) // the schema knows the types of JSON alone
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		return compiled.Validate(value)
	}
	f := read(t)
	if err := valid(f.Document); err != nil {
		t.Error(err)
	}
	f.Document["services"].(map[string]any)["mongo"].(map[string]any)["imagee"] = "mongo:8"
	if valid(f.Document) == nil {
		t.Error("the schema accepts a key that does not exist; the test proves nothing")
	}
}

func TestEveryVariableIsASetting(t *testing.T) {
	f, known := read(t), settings(t)
	if len(f.Replicas()) != 3 {
		t.Fatalf("the balancer's replicas are %q", f.Replicas())
	}
	for _, name := range f.Replicas() {
		service, ok := f.Services[name]
		if !ok {
			t.Errorf("the balancer has a replica %s, which is no service", name)
		}
		for variable := range service.Environment {
			if !slices.Contains(known, variable) {
				t.Errorf("%s has %s, which is no setting", name, variable)
			}
		}
		for _, variable := range []string{"MONGODB_URI", "REDIS_URL", "PARLEY_REPLICA", "PARLEY_CLUSTER_ADDRESS", "PARLEY_CLUSTER_SECRET"} {
			if service.Environment[variable] == "" {
				t.Errorf("%s has no %s", name, variable)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\$\{(\w+)`).FindAllStringSubmatch(f.Text, -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("%s is asked of who starts it, and is no setting", m[1])
		}
	}
}

func TestSecretsComeFromWhoStartsIt(t *testing.T) {
	f := read(t)
	for _, name := range f.Replicas() {
		for _, secret := range []string{"ELIZA_SERVER_AUTH_TOKEN", "PARLEY_CLUSTER_SECRET", "SECRET_SALT"} {
			if value := f.Services[name].Environment[secret]; !strings.HasPrefix(value, "${"+secret+":?") {
				t.Errorf("%s: %s is %q: it must be asked for, with a text that says what to do", name, secret, value)
			}
		}
	}
}

func TestNoContainerMayMoreThanItMust(t *testing.T) {
	f := read(t)
	for name, s := range f.Services {
		replica := slices.Contains(f.Replicas(), name)
		limits := s.Deploy.Resources.Limits
		switch {
		case limits.CPUs == "" || limits.Memory == "" || limits.PIDs == 0:
			t.Errorf("%s has the limits %+v", name, limits)
		case !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}):
			t.Errorf("%s keeps capabilities: %v, %v", name, s.CapDrop, s.SecurityOpt)
		case len(s.Healthcheck.Test) == 0:
			t.Errorf("%s has no health check", name)
		case replica && !s.ReadOnly:
			t.Errorf("%s may write to its file system", name)
		case !replica && s.User == "": // Parley's own image says it
			t.Errorf("%s runs as root", name)
		case (name == "balancer") != (len(s.Ports) > 0):
			t.Errorf("%s publishes the ports %v", name, s.Ports)
		}
	}
}

func TestAStopLeavesTimeToDrain(t *testing.T) {
	f := read(t)
	for _, name := range f.Replicas() {
		s := f.Services[name]
		grace, err := time.ParseDuration(s.StopGracePeriod)
		if err != nil {
			t.Fatal(err)
		}
		drain, err := time.ParseDuration(s.Environment["PARLEY_DRAIN_TIMEOUT"])
		if err != nil {
			t.Fatal(err)
		}
		if grace < drain+5*time.Second {
			t.Errorf("%s is killed %s after it was told to stop, and drains for %s", name, grace, drain)
		}
	}
}

func TestTheBalancerKeepsAllButTheAddresses(t *testing.T) {
	f := read(t)
	config, err := f.Balancer("127.0.0.1:1", []string{"127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"})
	if err != nil {
		t.Fatal(err)
	}
	for want, times := range map[string]int{"  bind 127.0.0.1:1\n": 1, "  server parley-2 127.0.0.1:3\n": 2, "  option httpchk GET /readyz\n": 2} {
		if strings.Count(config, want) != times {
			t.Errorf("%q stands %d times in\n%s", want, strings.Count(config, want), config)
		}
	}
	if _, err := f.Balancer("127.0.0.1:1", []string{"127.0.0.1:2"}); err == nil {
		t.Error("one address does for three replicas")
	}
}

func TestTheEnvironmentHasTheDefaultsAndNoSecrets(t *testing.T) {
	got := read(t).Environment("parley-2")
	for _, setting := range []string{"PARLEY_REPLICA=parley-2", "TRUST_PROXY=1", "REDIS_URL=redis://redis:6379/0"} {
		if !slices.Contains(got, setting) {
			t.Errorf("%s is not in %q", setting, got)
		}
	}
	if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "${") || strings.HasPrefix(s, "SECRET_SALT") }) {
		t.Errorf("what must be given is in %q", got)
	}
}
