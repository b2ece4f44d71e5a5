package documentstest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"parley/domain"
	"parley/domain/documents"
	"parley/domain/op"
)

// location is where the compiler finds the document.
const location = "parley:///document.json"

// Schemas are those of one document. It is safe for concurrent use.
type Schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// OpenAPI returns the schemas of a registry's OpenAPI document, which it reads into a value.
func OpenAPI(registry *op.Registry, into any) (*Schemas, error) {
	document, err := documents.New(documents.Options{Registry: registry}).OpenAPI(context.Background(), domain.Actor{}, documents.Request{})
	if err != nil {
		return nil, err
	}
	return read(document, into)
}

// AsyncAPI returns the schemas of a registry's AsyncAPI document, which it reads into a value.
func AsyncAPI(registry *op.Registry, into any) (*Schemas, error) {
	document, err := documents.New(documents.Options{Registry: registry}).AsyncAPI(context.Background(), domain.Actor{}, documents.Request{})
	if err != nil {
		return nil, err
	}
	return read(document, into)
}

// read returns the schemas of a document, which it reads into a value. Each is compiled when
// it is first asked for.
func read(document documents.Document, into any) (*Schemas, error) {
	_, text, _ := document.Raw()
	if err := json.Unmarshal(text, into); err != nil {
		return nil, err
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	closeObjects(whole)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	return &Schemas{compiler: compiler}, compiler.AddResource(location, whole)
}

// closeObjects forbids the fields that an object's schema does not name.
func closeObjects(value any) {
	switch v := value.(type) {
	case map[string]any:
		_, named := v["properties"].(map[string]any)
		if _, open := v["additionalProperties"]; named && !open && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}

// Validate checks a JSON text against the schema at a place of the document, such as
// #/components/schemas/Failure.
func (s *Schemas) Validate(pointer string, body []byte) error {
	s.mu.Lock()
	schema, err := s.compiler.Compile(location + pointer)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// Escape is a key as part of a pointer in a URL.
func Escape(key string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}
