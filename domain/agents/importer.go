package agents

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/rs/zerolog"

	"parley/domain"
)

// ImporterOptions are what an Importer needs.
type ImporterOptions struct {
	Agents *Service
	// Dirs are the folders whose character files are loaded.
	Dirs []string
	// URLs are the addresses that are loaded.
	URLs   []domain.Secret
	Logger zerolog.Logger
}

// Importer makes agents, once at the start, of the characters that the configuration
// names. They run, as in the reference; one that exists stays as it is, also stopped.
type Importer struct{ ImporterOptions }

// NewImporter returns an Importer that does nothing until Run.
func NewImporter(o ImporterOptions) *Importer {
	o.Logger = o.Logger.With().Str("component", "agents").Logger()
	return &Importer{o}
}

// Run loads everything. What cannot be loaded is logged and left out. It returns when all
// is done or ctx ends.
func (i *Importer) Run(ctx context.Context) error {
	for _, dir := range i.Dirs {
		paths, err := i.Agents.library.Files(dir)
		if err != nil {
			i.Logger.Warn().Err(err).Str("dir", dir).Msg("character files cannot be listed")
		}
		for _, path := range paths {
			i.take(ctx, path, func() ([]Character, error) { return readFile(path) })
		}
	}
	remote := NewFetcher(FetcherOptions{Trusted: true})
	var group sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, url := range i.URLs {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			i.take(ctx, "REMOTE_CHARACTER_URLS", func() ([]Character, error) { return remote.Fetch(ctx, url.Reveal()) })
		})
	}
	group.Wait()
	return nil
}

// readFile reads the character of a file.
func readFile(path string) ([]Character, error) {
	data, err := readWithin(filepath.Dir(path), filepath.Base(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil, domain.Errorf(domain.NotFound, "It is no regular file")
	}
	if err != nil {
		return nil, err
	}
	c, err := readCharacter(data)
	return []Character{c}, err
}

// take makes agents of the characters of a source. The cause of an error is not logged: it
// may name an address in which there is a token.
func (i *Importer) take(ctx context.Context, source string, load func() ([]Character, error)) {
	all, err := load()
	for _, c := range all {
		if err == nil {
			c = i.Agents.withEnvironment(c)
			if c.ID == "" {
				c.ID = domain.StringToUUID[domain.AgentID](c.Name)
			}
			_, err = i.Agents.Seed(ctx, c, true)
		}
	}
	if err != nil && ctx.Err() == nil {
		i.Logger.Warn().Str("error", domain.AsError(err).Message).Str("source", source).Msg("character cannot be loaded")
	}
}
