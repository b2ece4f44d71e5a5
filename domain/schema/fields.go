package schema

import (
	"reflect"
	"slices"
	"strings"
)

// field is a field of a struct on the wire.
type field struct {
	name, comment string
	aliases       []string
	typ           reflect.Type
	optional      bool
	depth         int
}

// fieldsOf returns the fields of a struct in their order, those of embedded structs
// among them. Where two have one name, the one less deep counts, as in encoding/json.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for _, f := range walk(t, 0) {
		i := slices.IndexFunc(out, func(o field) bool { return o.name == f.name })
		switch {
		case i < 0:
			out = append(out, f)
		case f.depth < out[i].depth:
			out[i] = f
		}
	}
	return out
}

// walk returns all fields of a struct, those of embedded structs at a greater depth.
func walk(t reflect.Type, depth int) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case name == "-" || f.Tag.Get("op") != "":
		case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
			out = append(out, walk(inner, depth+1)...)
		case f.IsExported():
			out = append(out, newField(t, f, name, options, depth))
		}
	}
	return out
}

// newField reads the tags of a field.
func newField(t reflect.Type, f reflect.StructField, name, options string, depth int) field {
	out := field{name: name, comment: FieldKey(t, f.Name), typ: f.Type, depth: depth}
	if name == "" {
		out.name = f.Name
	}
	if a := f.Tag.Get("alias"); a != "" {
		out.aliases = strings.Split(a, ",")
	}
	for option := range strings.SplitSeq(options, ",") {
		out.optional = out.optional || option == "omitempty" || option == "omitzero"
		if option == "string" {
			out.typ = reflect.TypeFor[string]()
		}
	}
	return out
}

// help is the comment on a field, which begins with its name on the wire instead of that
// in the code; without one it is what that name means everywhere.
func (s *Set) help(f field) string {
	text := s.comments[f.comment]
	if text == "" {
		return s.comments["*."+f.name]
	}
	in := f.comment[strings.LastIndexByte(f.comment, '.')+1:]
	if rest, ok := strings.CutPrefix(text, in+" "); ok {
		return f.name + " " + rest
	}
	return text
}
