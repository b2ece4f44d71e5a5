package schema

import (
	"reflect"
	"slices"
	"strings"

	"parley/domain"
)

// Field is a field of a request.
type Field struct {
	// Name is the field's own name; Aliases are others under which it is accepted.
	Name    string
	Aliases []string
	// Help is the field's comment, "" if there is none.
	Help   string
	Schema Schema
	// Required says that the operation refuses a request without it.
	Required bool
}

// Is reports whether the field has this name or alias.
func (f Field) Is(name string) bool { return f.Name == name || slices.Contains(f.Aliases, name) }

// payloader is implemented by requests that take the whole payload; see the package comment.
type payloader interface{ Payload() any }

// Fields returns the fields of a request, and behind them those of its payload.
func (s *Set) Fields(request reflect.Type) []Field {
	required := requiredOf(request)
	fields := fieldsOf(request)
	if p, ok := zero(request).(payloader); ok {
		for _, f := range fieldsOf(reflect.TypeOf(p.Payload())) {
			if !slices.ContainsFunc(fields, func(own field) bool { return own.name == f.name }) {
				fields = append(fields, f)
			}
		}
	}
	var out []Field
	for _, f := range fields {
		typ := f.typ
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem() // null is as good as absent
		}
		out = append(out, Field{Name: f.name, Aliases: f.aliases, Help: s.help(f),
			Schema: s.input(typ), Required: required[f.name]})
	}
	return out
}

// Request returns the schema of a request of these fields. Aliases are properties too;
// a field that is required may come under any of its names.
func Request(fields []Field) Schema {
	properties, required, any := map[string]any{}, []string{}, []Schema{}
	for _, f := range fields {
		properties[f.Name] = described(f.Schema, f.Help)
		either := []Schema{{"required": []string{f.Name}}}
		for _, alias := range f.Aliases {
			properties[alias] = described(f.Schema, "Another name of "+f.Name+".")
			either = append(either, Schema{"required": []string{alias}})
		}
		switch {
		case f.Required && len(f.Aliases) == 0:
			required = append(required, f.Name)
		case f.Required:
			any = append(any, Schema{"anyOf": either})
		}
	}
	out := Schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(any) > 0 {
		out["allOf"] = any
	}
	return out
}

// input returns the schema of a value that the server reads. It is lenient: of a nested
// object no field is required, since only the operation knows which it needs.
func (s *Set) input(t reflect.Type) Schema {
	if known, ok := special(t); ok {
		return known
	}
	switch {
	case t.Kind() == reflect.Struct && !encodesItself(t):
		if _, ok := zero(t).(former); ok {
			return s.Result(t)
		}
		return s.inputObject(t)
	case t.Kind() == reflect.Pointer:
		return s.input(t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && !encodesItself(t):
		return Schema{"type": "array", "items": s.input(t.Elem())}
	default:
		return s.Result(t)
	}
}

// inputObject returns the schema of an object that the server reads; of one within itself
// it says only that it is an object.
func (s *Set) inputObject(t reflect.Type) Schema {
	if s.reading[t] {
		return Schema{"type": "object"}
	}
	s.reading[t] = true
	defer delete(s.reading, t)
	properties := map[string]any{}
	for _, f := range fieldsOf(t) {
		properties[f.name] = described(s.input(f.typ), s.help(f))
	}
	return Schema{"type": "object", "properties": properties}
}

// requiredOf returns the fields that an empty request is told it lacks.
func requiredOf(request reflect.Type) (names map[string]bool) {
	names = map[string]bool{}
	v, ok := reflect.New(request).Interface().(interface{ Validate() error })
	if !ok {
		return names
	}
	err := v.Validate()
	if err == nil {
		return names
	}
	for _, issue := range domain.AsError(err).Issues {
		if strings.HasPrefix(issue.Message, "is required") {
			names[issue.Path] = true
		}
	}
	return names
}

// TakesFile reports whether a request takes an uploaded file: it has a field with the tag
// `op:"file"`.
func TakesFile(request reflect.Type) bool {
	for i := range request.NumField() {
		if request.Field(i).Tag.Get("op") == "file" {
			return true
		}
	}
	return false
}
