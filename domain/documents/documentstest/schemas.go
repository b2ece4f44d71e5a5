package documentstest

import (
	"bytes"
	"context"
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

// New returns the schemas in the text of a document. Each is compiled when it is first
// asked for.
func New(text []byte) (*Schemas, error) {
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

// OpenAPI is the OpenAPI document of a registry.
func OpenAPI(registry *op.Registry) ([]byte, error) {
	return text(documents.New(documents.Options{Registry: registry}).OpenAPI(context.Background(), domain.Actor{}, documents.Request{}))
}

// AsyncAPI is the AsyncAPI document of a registry.
func AsyncAPI(registry *op.Registry) ([]byte, error) {
	return text(documents.New(documents.Options{Registry: registry}).AsyncAPI(context.Background(), domain.Actor{}, documents.Request{}))
}

// text is that of a document, if there is one.
func text(document documents.Document, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	_, body, _ := document.Raw()
	return body, nil
}

// Escape is a key as part of a pointer in a URL.
func Escape(key string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}
