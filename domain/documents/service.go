package documents

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"parley/domain/op"
	"parley/domain/schema"
)

// comments are the doc comments of types and fields; see the package comment.
//
//go:embed comments.json
var comments []byte

// Options of a Service.
type Options struct {
	// Registry holds the operations and events; all of them must be declared before the
	// first document is asked for.
	Registry *op.Registry
	// Version is that of the server, shown in the documents.
	Version string
}

// Service makes the documents. It is safe for concurrent use.
type Service struct {
	opts Options
	once sync.Once

	set     *schema.Set
	entries []entry
	open    json.RawMessage
	async   json.RawMessage
	site    *site
	err     error
}

// New returns a service that makes nothing until it is asked.
func New(o Options) *Service { return &Service{opts: o} }

// prepare makes the documents, once.
func (s *Service) prepare() error {
	s.once.Do(func() {
		known := map[string]string{}
		if s.err = json.Unmarshal(comments, &known); s.err != nil {
			return
		}
		s.set = schema.New(meanings(known))
		for _, o := range s.opts.Registry.Ops() {
			s.entries = append(s.entries, newEntry(o, s.set))
		}
		for i := range s.entries {
			s.entries[i].named = s.set.Named()
		}
		if s.async, s.err = json.Marshal(s.asyncapi()); s.err != nil {
			return
		}
		if s.open, s.err = json.Marshal(s.openapi()); s.err != nil {
			return
		}
		s.site, s.err = newSite(s)
	})
	if s.err != nil {
		return fmt.Errorf("make the documents: %w", s.err)
	}
	return nil
}

// nouns are those of the operations, ordered.
func (s *Service) nouns() []string {
	var list []string
	for _, e := range s.entries {
		if !slices.Contains(list, e.Noun) {
			list = append(list, e.Noun)
		}
	}
	return list
}

// resolve returns the schema that of refers to, or itself.
func resolve(named map[string]schema.Schema, of schema.Schema) schema.Schema {
	ref, _ := of["$ref"].(string)
	if name, ok := strings.CutPrefix(ref, "#/components/schemas/"); ok {
		return named[name]
	}
	return of
}

// resolved is the schema of the result without a reference.
func (e entry) resolved() schema.Schema { return resolve(e.named, e.ResultType) }
