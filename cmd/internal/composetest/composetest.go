package composetest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// balancerConfig is the name of the balancer's configuration among the file's configs.
const balancerConfig = "balancer"

// Service is what the tests want to know about one service of the file.
type Service struct {
	Image           string                  `yaml:"image"`
	Environment     map[string]string       `yaml:"environment"`
	Ports           []string                `yaml:"ports"`
	User            string                  `yaml:"user"`
	ReadOnly        bool                    `yaml:"read_only"`
	CapDrop         []string                `yaml:"cap_drop"`
	SecurityOpt     []string                `yaml:"security_opt"`
	StopGracePeriod string                  `yaml:"stop_grace_period"`
	Healthcheck     struct{ Test []string } `yaml:"healthcheck"`
	Deploy          struct{ Resources struct{ Limits Limits } }
}

// Limits are what a container may use at most.
type Limits struct {
	CPUs   string `yaml:"cpus"`
	Memory string `yaml:"memory"`
	PIDs   int    `yaml:"pids"`
}

// File is docker-compose.yml.
type File struct {
	// Text is the file as it is, Document the same decoded, with its anchors resolved.
	Text     string
	Document map[string]any
	Services map[string]Service

	balancer string
}

// Read reads the repository's file.
func Read() (*File, error) {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "..", "docker-compose.yml"))
	if err != nil {
		return nil, err
	}
	var typed struct {
		Services map[string]Service
		Configs  map[string]struct{ Content string }
	}
	if err := yaml.Unmarshal(text, &typed); err != nil {
		return nil, fmt.Errorf("docker-compose.yml: %w", err)
	}
	f := &File{Text: string(text), Services: typed.Services, balancer: typed.Configs[balancerConfig].Content}
	if err := yaml.Unmarshal(text, &f.Document); err != nil {
		return nil, fmt.Errorf("docker-compose.yml: %w", err)
	}
	return f, nil
}

// Replicas are the names of the services that are a Parley, in the order of the balancer.
func (f *File) Replicas() []string {
	var names []string
	for line := range strings.Lines(f.balancer) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "server" && !slices.Contains(names, words[1]) {
			names = append(names, words[1])
		}
	}
	return names
}

// Environment are the settings of a service as NAME=value, with the defaults of what may be
// given at the start, and without what must be given.
func (f *File) Environment(service string) []string {
	var settings []string
	for name, value := range f.Services[service].Environment {
		if m := given.FindStringSubmatch(value); m != nil {
			if m[1] == "?" {
				continue
			}
			value = m[2]
		}
		settings = append(settings, name+"="+value)
	}
	slices.Sort(settings)
	return settings
}

// given is a value that may (-) or must (?) be given at the start.
var given = regexp.MustCompile(`^\$\{\w+:([-?])(.*)\}$`)

// Balancer is the configuration of the balancer for processes of one machine: it listens at
// an address and has replicas at others, in the order of Replicas, all host:port. Nothing
// but these addresses differs from what stands in the file; it is an error if one of them
// is not there once.
func (f *File) Balancer(listen string, replicas []string) (string, error) {
	names := f.Replicas()
	if len(names) != len(replicas) {
		return "", fmt.Errorf("docker-compose.yml: the balancer has %d replicas, not %d", len(names), len(replicas))
	}
	replace := map[string]string{"bind :3000\n": "bind " + listen + "\n"}
	for i, name := range names {
		replace["server "+name+" "+name+":3000\n"] = "server " + name + " " + replicas[i] + "\n"
	}
	config := f.balancer
	for old, fresh := range replace {
		want := 1
		if strings.HasPrefix(old, "server ") {
			want = strings.Count("\n"+f.balancer, "\nbackend ") // each has all replicas
		}
		if n := strings.Count(config, old); n != want {
			return "", fmt.Errorf("docker-compose.yml: the balancer's configuration has %q %d times, not %d", old, n, want)
		}
		config = strings.ReplaceAll(config, old, fresh)
	}
	return config, nil
}
