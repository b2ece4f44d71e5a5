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
	err  error

	// What prepare sets does not change, but for set, which is used under making.
	entries []entry
	replies map[string]json.RawMessage
	front   markup
	files   map[string]Page

	// making is held while a document is made; below is what was made so far.
	making      sync.Mutex
	set         *schema.Set
	open, async json.RawMessage
	pages       map[string]Page
}

// New returns a service that makes nothing until it is asked.
func New(o Options) *Service { return &Service{opts: o, pages: map[string]Page{}} }

// prepare gathers what all documents are made of, once.
func (s *Service) prepare() error {
	s.once.Do(func() { s.err = s.gather() })
	if s.err != nil {
		return fmt.Errorf("make the documents: %w", s.err)
	}
	return nil
}

// gather reads the embedded files and describes every type, so that it does not depend
// on which document is asked for first which types it names.
func (s *Service) gather() error {
	known := map[string]string{}
	if err := json.Unmarshal(comments, &known); err != nil {
		return err
	}
	if err := json.Unmarshal(repliesFile, &s.replies); err != nil {
		return err
	}
	s.set = schema.New(meanings(known))
	for _, o := range s.opts.Registry.Ops() {
		s.entries = append(s.entries, newEntry(o, s.set))
	}
	for i := range s.entries {
		s.entries[i].named = s.set.Named()
	}
	for _, e := range s.opts.Registry.Events(op.ToServer) {
		if e.Payload != nil {
			s.set.Fields(e.Payload)
		}
	}
	for _, e := range s.opts.Registry.Events(op.ToClient) {
		if e.Payload != nil {
			s.set.Result(e.Payload)
		}
	}
	return s.readSite()
}

// document returns what is kept, which it makes first if there is nothing yet. Making one
// takes some megabytes for a moment, so each waits until somebody asks for it.
func (s *Service) document(kept *json.RawMessage, write func() object) (Document, error) {
	if err := s.prepare(); err != nil {
		return Document{}, err
	}
	s.making.Lock()
	defer s.making.Unlock()
	if *kept == nil {
		text, err := json.Marshal(write())
		if err != nil {
			return Document{}, fmt.Errorf("make the documents: %w", err)
		}
		*kept = text
	}
	return Document{*kept}, nil
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
