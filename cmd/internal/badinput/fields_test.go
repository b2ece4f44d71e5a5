package badinput_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/op"
)

// field is one field of a request.
type field struct {
	name    string
	aliases []string
	typ     reflect.Type
	// required says that a request without it is refused.
	required bool
	// inPath says that a route names it in its path.
	inPath bool
}

// fieldsOf reads the fields of an operation's request.
func fieldsOf(o *op.Op) (fields []field) {
	required := requiredOf(o)
	for i := range o.Request().NumField() {
		f := o.Request().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || name == "" || !f.IsExported() {
			continue
		}
		var aliases []string
		if a := f.Tag.Get("alias"); a != "" {
			aliases = strings.Split(a, ",")
		}
		fields = append(fields, field{name: name, aliases: aliases, typ: f.Type, required: required[name],
			inPath: inPath(o, append([]string{name}, aliases...))})
	}
	return fields
}

// inPath reports whether a route has a parameter of one of the names.
func inPath(o *op.Op, names []string) bool {
	return slices.ContainsFunc(o.Routes, func(route string) bool {
		return slices.ContainsFunc(strings.Split(route, "/"), func(segment string) bool {
			name, isParam := strings.CutPrefix(segment, ":")
			return isParam && slices.Contains(names, name)
		})
	})
}

// requiredOf are the fields that an empty request is told to be required.
func requiredOf(o *op.Op) map[string]bool {
	names := map[string]bool{}
	v, ok := reflect.New(o.Request()).Interface().(op.Validator)
	if !ok {
		return names
	}
	if err := v.Validate(); err != nil {
		for _, issue := range domain.AsError(err).Issues {
			if issue.Message == "is required" {
				names[issue.Path] = true
			}
		}
	}
	return names
}

// plain is a type without its pointers.
func plain(typ reflect.Type) reflect.Type {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ
}

// isID reports whether a type is one of the typed ids.
func isID(typ reflect.Type) bool {
	typ = plain(typ)
	return typ.Kind() == reflect.String && typ.PkgPath() == reflect.TypeFor[domain.AgentID]().PkgPath() && strings.HasSuffix(typ.Name(), "ID")
}

// isWord reports whether a type is a closed set of words.
func isWord(typ reflect.Type) bool {
	typ = plain(typ)
	return typ.Kind() == reflect.String && typ.Name() != "string" && !isID(typ) && typ != reflect.TypeFor[domain.Secret]()
}

// isList reports whether a type is a list, and not JSON or bytes.
func isList(typ reflect.Type) bool {
	typ = plain(typ)
	return typ.Kind() == reflect.Slice && typ.Elem().Kind() != reflect.Uint8
}

// takes reports whether a value can be decoded into a type.
func takes(typ reflect.Type, value string) bool {
	return json.Unmarshal([]byte(value), reflect.New(typ).Interface()) == nil
}

// exampleOf is the example of an operation without what is not set in it.
func exampleOf(t *testing.T, o *op.Op) object {
	t.Helper()
	data, err := json.Marshal(o.Example)
	if err != nil {
		t.Fatal(err)
	}
	var fields object
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(fields, func(_ string, v json.RawMessage) bool {
		switch string(v) {
		case `null`, `""`, `false`, `0`, `"0001-01-01T00:00:00Z"`:
			return true
		}
		return false
	})
	return fields
}
