package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"parley/domain"
)

// Source is what Load reads from.
type Source struct {
	// Args are the arguments after the command: flags only.
	Args []string
	// Env is the environment, as NAME=value.
	Env []string
	// Dir is the absolute working directory, where the search for .env begins.
	Dir string
	// ReadFile reads a file, as os.ReadFile does.
	ReadFile func(path string) ([]byte, error)
}

// layer is what one source says, by the name of the environment or by key.
type layer struct {
	// source says where the values are from.
	source string
	values map[string]string
	// keyed layers name a setting by its key, others by its name and aliases.
	keyed bool
}

// lookup returns the layer's value of s; an empty one counts as absent.
func (l layer) lookup(s setting) (string, bool) {
	names := append([]string{s.name}, s.aliases...)
	if l.keyed {
		names = []string{s.key()}
	}
	for _, name := range names {
		if v := l.values[name]; strings.TrimSpace(v) != "" {
			return v, true
		}
	}
	return "", false
}

// Load reads the configuration from its sources and validates it. The error joins
// all faults; flag.ErrHelp is returned alone when help was asked for.
func Load(src Source) (Config, error) {
	c := Default()
	flags, err := parseFlags(src.Args)
	if err != nil {
		return Config{}, err
	}
	dotenv, err := readDotenv(src)
	if err != nil {
		return Config{}, err
	}
	environment := parseEnviron(src.Env)
	c.keepVariables(dotenv, environment)
	c.WorkDir, c.environment = src.Dir, func(name string) string { return environment.values[name] }
	layers := []layer{flags, environment, dotenv}
	file, err := c.readFile(src, layers)
	if err != nil {
		return Config{}, err
	}
	faults := []error{c.apply(append(layers, file)), refuse(environment, dotenv)}
	c.noteNames(environment, dotenv)
	c.noteKeys(file)
	if !c.given("ELIZA_UI_ENABLE") {
		c.UI = c.Environment != "production"
	}
	faults = append(faults, c.Validate())
	if err := errors.Join(faults...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// keepVariables notes the variables of layers, the last of which wins, for the agents.
func (c *Config) keepVariables(layers ...layer) {
	variables, own := map[string]domain.Secret{}, c.secretNames()
	for _, l := range layers {
		for name, v := range l.values {
			if !slices.Contains(own, name) {
				variables[name] = domain.Secret(v)
			}
		}
	}
	c.forAgents = &variables
}

// secretNames are the variables whose values are the server's own secrets.
func (c *Config) secretNames() []string {
	var names []string
	for _, s := range c.settings() {
		switch s.value.(type) {
		case bound[domain.Secret], bound[[]domain.Secret]:
			names = append(append(names, s.name), s.aliases...)
		}
	}
	return names
}

// apply sets every setting from the first of layers that has it.
func (c *Config) apply(layers []layer) error {
	var faults []error
	c.sources = map[string]string{}
	for _, s := range c.settings() {
		for _, l := range layers {
			v, ok := l.lookup(s)
			if !ok {
				continue
			}
			if err := s.value.Set(v); err != nil {
				faults = append(faults, fmt.Errorf("%s (%s): %w", s.name, l.source, err))
			}
			c.sources[s.name] = l.source
			break
		}
	}
	return errors.Join(faults...)
}

// given reports whether a source set the setting.
func (c *Config) given(name string) bool { return c.sources[name] != "" }

// parseFlags reads the flags; nothing but flags may stand there.
func parseFlags(args []string) (layer, error) {
	l := layer{source: "flag", values: map[string]string{}, keyed: true}
	set := flag.NewFlagSet("parley", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, s := range new(Config).settings() {
		record := func(v string) error {
			l.values[s.key()] = v
			return nil
		}
		if s.isSwitch() {
			set.BoolFunc(s.key(), s.help, record)
		} else {
			set.Func(s.key(), s.help, record)
		}
	}
	if err := set.Parse(args); err != nil {
		return l, explainFlag(err)
	}
	if set.NArg() > 0 {
		return l, fmt.Errorf("unexpected argument %q: settings are given as --name=value (see parley --help)", set.Arg(0))
	}
	return l, nil
}

// explainFlag says what is wrong with a flag, and names the one that was probably meant.
func explainFlag(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return flag.ErrHelp
	}
	if name, missing := strings.CutPrefix(err.Error(), "flag needs an argument: -"); missing {
		return fmt.Errorf("flag --%s needs a value: --%s=value", name, name)
	}
	_, name, unknown := strings.Cut(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	if meant := closest(name, keys()); meant != "" {
		return fmt.Errorf("unknown flag --%s: did you mean --%s?", name, meant)
	}
	return fmt.Errorf("unknown flag --%s (parley --help lists them)", name)
}

// keys are the names of all flags and keys of the file.
func keys() []string {
	var all []string
	for _, s := range new(Config).settings() {
		all = append(all, s.key())
	}
	return all
}

// names are the environment names of all settings, aliases included.
func names() []string {
	var all []string
	for _, s := range new(Config).settings() {
		all = append(append(all, s.name), s.aliases...)
	}
	return all
}

// parseEnviron reads the environment.
func parseEnviron(environ []string) layer {
	l := layer{source: "environment", values: map[string]string{}}
	for _, line := range environ {
		if name, v, ok := strings.Cut(line, "="); ok {
			l.values[name] = v
		}
	}
	return l
}

// refuse reports databases that are named but would not be used: ignoring them would
// put people's data in another place than they think.
func refuse(layers ...layer) error {
	var faults []error
	named := slices.ContainsFunc(layers, func(l layer) bool { return strings.TrimSpace(l.values["MONGODB_URI"]) != "" })
	for _, l := range layers {
		if strings.HasPrefix(strings.TrimSpace(l.values["DATABASE_URL"]), "mongodb") && !named {
			faults = append(faults, fmt.Errorf("DATABASE_URL (%s) names a MongoDB, which MONGODB_URI chooses here: set that, or unset it to start", l.source))
		}
	}
	return errors.Join(faults...)
}

// noteNames notices variables that do nothing: unknown ones that carry our prefix or
// nearly a setting's name, and known ones without effect.
func (c *Config) noteNames(layers ...layer) {
	known := names()
	for _, l := range layers {
		for name, v := range l.values {
			switch {
			case strings.TrimSpace(v) == "" || slices.Contains(known, name) || strings.HasPrefix(name, "CHARACTER."):
			case hasNoEffect(name):
				c.note(zerolog.InfoLevel, "setting has no effect in this version", name, l.source, "")
			case strings.HasPrefix(name, "PARLEY_"):
				c.note(zerolog.WarnLevel, "unknown setting is ignored", name, l.source, closest(name, known))
			default:
				if meant := misspelt(name, known); meant != "" {
					c.note(zerolog.WarnLevel, "variable looks like a misspelt setting", name, l.source, meant)
				}
			}
		}
	}
	c.sortNotices()
}

// noteKeys notices unknown keys of the config file.
func (c *Config) noteKeys(file layer) {
	known := keys()
	for key := range file.values {
		if !slices.Contains(known, key) || key == "config" {
			c.note(zerolog.WarnLevel, "unknown setting is ignored", key, file.source, closest(key, known))
		}
	}
	c.sortNotices()
}

// note adds a notice about a name.
func (c *Config) note(level zerolog.Level, message, name, source, meant string) {
	fields := map[string]any{"name": name, "source": source}
	if meant != "" {
		fields["did_you_mean"] = meant
	}
	c.notices = append(c.notices, notice{level: level, message: message, fields: fields})
}

// sortNotices brings the notices into an order that does not change from start to start.
func (c *Config) sortNotices() {
	slices.SortFunc(c.notices, func(a, b notice) int {
		return strings.Compare(fmt.Sprint(-a.level, a.fields["name"]), fmt.Sprint(-b.level, b.fields["name"]))
	})
}
