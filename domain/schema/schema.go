package schema

import (
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"regexp"
	"strings"
	"time"

	"parley/domain"
)

// Schema is a JSON Schema.
type Schema map[string]any

// former is implemented by types that encode themselves; see the package comment.
type former interface{ Forms() []any }

// enumerator is implemented by types of few values; see the package comment.
type enumerator interface{ Enum() []string }

// Set gathers the schemas of named types, each once, and refers to them. It is not safe
// for concurrent use.
type Set struct {
	comments map[string]string
	named    map[string]Schema
	names    map[reflect.Type]string
	// reading are the types of requests that are being described, which may hold themselves.
	reading map[reflect.Type]bool
	// unseen are the types that encode themselves and do not say how.
	unseen []reflect.Type
}

// New returns an empty set. comments are the doc comments of types and fields, under
// the keys of TypeKey and FieldKey, and what a name on the wire means where a field of that
// name has no comment, under "*." and the name; nil is none.
func New(comments map[string]string) *Set {
	return &Set{comments: comments, named: map[string]Schema{}, names: map[reflect.Type]string{}, reading: map[reflect.Type]bool{}}
}

// TypeKey is the key of a type's comment.
func TypeKey(t reflect.Type) string { return t.PkgPath() + "." + plainName(t) }

// FieldKey is the key of the comment on a field of the struct t.
func FieldKey(t reflect.Type, field string) string { return TypeKey(t) + "." + field }

// plainName is the name of t without the arguments of a generic type.
func plainName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}

// Named returns the schemas that others refer to, by name.
func (s *Set) Named() map[string]Schema { return s.named }

// Unseen returns the types that encode themselves without saying how, which the
// documents can only call "anything".
func (s *Set) Unseen() []reflect.Type { return s.unseen }

// Result returns the schema of a value of type t as the server sends it.
func (s *Set) Result(t reflect.Type) Schema {
	if t == nil {
		return Schema{}
	}
	if known, ok := special(t); ok {
		return known
	}
	if forms, ok := zero(t).(former); ok {
		return s.forms(t, forms.Forms())
	}
	if t.Kind() != reflect.Pointer && encodesItself(t) {
		s.unseen = append(s.unseen, t)
		return Schema{}
	}
	return s.plain(t)
}

// plain returns the schema of a type that encoding/json encodes by its kind.
func (s *Set) plain(t reflect.Type) Schema {
	switch t.Kind() { //nolint:exhaustive // what JSON cannot express does not occur
	case reflect.Pointer:
		return nullable(s.Result(t.Elem()))
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t)
		}
		return s.refer(t, func() Schema { return s.object(t) })
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return Schema{"type": "string", "contentEncoding": "base64"}
		}
		return Schema{"type": "array", "items": s.Result(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": s.Result(t.Elem())}
	case reflect.String:
		return text(t)
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Schema{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Schema{"type": "integer", "minimum": 0}
	default:
		return Schema{}
	}
}

// object returns the schema of a struct: a field that is always there is required.
func (s *Set) object(t reflect.Type) Schema {
	properties, required := map[string]any{}, []string{}
	out := Schema{"type": "object"}
	for _, f := range fieldsOf(t) {
		if f.name == "*" {
			out["additionalProperties"] = s.Result(f.typ.Elem())
			continue
		}
		typ := f.typ
		if f.optional && typ.Kind() == reflect.Pointer {
			typ = typ.Elem() // where it is there it is not null
		}
		properties[f.name] = described(s.Result(typ), s.help(f))
		if !f.optional {
			required = append(required, f.name)
		}
	}
	out["properties"] = properties
	if len(required) > 0 {
		out["required"] = required
	}
	if help := s.comments[TypeKey(t)]; help != "" && t.Name() != "" {
		out["description"] = help
	}
	return out
}

// forms returns the schema of a type that may stand in any of several forms.
func (s *Set) forms(t reflect.Type, list []any) Schema {
	if t.Kind() == reflect.Pointer {
		return nullable(s.forms(t.Elem(), list))
	}
	return s.refer(t, func() Schema {
		var any []Schema
		for _, form := range list {
			if form == nil {
				any = append(any, Schema{"type": "null"})
				continue
			}
			any = append(any, s.Result(reflect.TypeOf(form)))
		}
		if len(any) == 1 {
			return described(any[0], s.comments[TypeKey(t)])
		}
		return described(Schema{"anyOf": any}, s.comments[TypeKey(t)])
	})
}

// refer returns a reference to the schema of a named type, which make makes once. Its
// place is taken before, so that types may refer to themselves.
func (s *Set) refer(t reflect.Type, make func() Schema) Schema {
	name, ok := s.names[t]
	if !ok {
		name = s.name(t)
		s.names[t] = name
		s.named[name] = Schema{}
		s.named[name] = make()
	}
	return Schema{"$ref": "#/components/schemas/" + name}
}

// unusable are the characters that a name in a document may not have.
var unusable = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// name is a name for t that no other type has: its package and its own.
func (s *Set) name(t reflect.Type) string {
	base := strings.Trim(unusable.ReplaceAllString(path.Base(t.PkgPath())+"."+t.Name(), "_"), "_")
	name := base
	for n := 2; s.named[name] != nil; n++ {
		name = base + "_" + string(rune('0'+n))
	}
	return name
}

// text is the schema of a type of texts.
func text(t reflect.Type) Schema {
	out := Schema{"type": "string"}
	if e, ok := zero(t).(enumerator); ok {
		out["enum"] = e.Enum()
	}
	if IsID(t) {
		out["format"] = "uuid"
	}
	return out
}

// IsID reports whether t is an ID: a text that refuses to be anything but a UUID.
func IsID(t reflect.Type) bool {
	if t.Kind() != reflect.String {
		return false
	}
	u, ok := reflect.New(t).Interface().(json.Unmarshaler)
	if !ok {
		return false
	}
	err := u.UnmarshalJSON([]byte(`"no id"`))
	return err != nil && domain.AsError(err).Reason == "INVALID_ID"
}

// special returns the schemas of types whose form is known by heart.
func special(t reflect.Type) (Schema, bool) {
	switch t {
	case reflect.TypeFor[json.RawMessage]():
		return Schema{}, true
	case reflect.TypeFor[domain.Metadata]():
		return Schema{"type": "object", "additionalProperties": true}, true
	case reflect.TypeFor[time.Time]():
		return Schema{"type": "string", "format": "date-time"}, true
	case reflect.TypeFor[domain.Instant]():
		return Schema{"type": []string{"integer", "string"},
			"description": "Milliseconds since 1970, or an ISO 8601 time."}, true
	case reflect.TypeFor[json.Number]():
		return Schema{"type": "number"}, true
	}
	return nil, false
}

// encodesItself reports whether t decides about its own JSON.
func encodesItself(t reflect.Type) bool {
	if t.Implements(reflect.TypeFor[json.Marshaler]()) {
		return true
	}
	return t.Kind() != reflect.String && t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// zero is a value of t to ask for its methods; that of a pointer points somewhere.
func zero(t reflect.Type) any {
	if t.Kind() == reflect.Pointer {
		return reflect.New(t.Elem()).Interface()
	}
	return reflect.New(t).Elem().Interface()
}

// nullable also allows null.
func nullable(s Schema) Schema {
	if len(s) == 0 {
		return s
	}
	if kind, ok := s["type"].(string); ok && s["enum"] == nil {
		out := Schema{}
		for key, value := range s {
			out[key] = value
		}
		out["type"] = []string{kind, "null"}
		return out
	}
	return Schema{"anyOf": []Schema{s, {"type": "null"}}}
}

// described adds a comment. Beside a reference it stands for this place only.
func described(s Schema, help string) Schema {
	if help == "" {
		return s
	}
	out := Schema{"description": help}
	for key, value := range s {
		if key != "description" {
			out[key] = value
		}
	}
	return out
}
