package badinput_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/op"
)

// The kinds of trials; exceptions name them.
const (
	missing   = "missing"
	wrongType = "wrong type"
	badID     = "bad id"
	unknownID = "unknown id"
	nul       = "NUL"
	surrogate = "lone surrogate"
	tooLong   = "too long"
	tooMany   = "too many"
	badWord   = "unknown word"
	odd       = "odd" // what may be right or wrong, but never a fault of the server
)

// trial is one request of an operation and what must come back.
type trial struct {
	op *op.Op
	// field is what is wrong, named as the request names it; given is the alias under
	// which it is sent, "" for its own name.
	field, given string
	kind         string
	fields       object
	// want are the codes of which one must be answered; nil is any that is not the server's fault.
	want []string
	// named says that the answer's issues must name the field.
	named bool
	// loose says that in a query any text is right: one is a list, and one that is not
	// "true" is false.
	loose bool
}

// String names the trial in reports.
func (tr trial) String() string {
	value := string(tr.fields[tr.sent()])
	if len(value) > 60 {
		value = fmt.Sprintf("%s... (%d bytes)", value[:60], len(value))
	}
	return fmt.Sprintf("%s: %s: %s: %s", tr.op.Name, tr.kind, tr.sent(), value)
}

// sent is the name under which the field is sent.
func (tr trial) sent() string {
	if tr.given != "" {
		return tr.given
	}
	return tr.field
}

// strict reports whether the request must be refused.
func (tr trial) strict() bool { return tr.want != nil }

// text is longer than any text that is taken, but far within what a socket's packet holds.
var text = json.RawMessage(`"` + strings.Repeat("x", 150_000) + `"`)

// trialsOf are all trials of an operation.
func trialsOf(t *testing.T, o *op.Op) (trials []trial) {
	base := exampleOf(t, o)
	for _, f := range fieldsOf(o) {
		add := func(kind, value string, named bool, want ...string) {
			fields := maps.Clone(base)
			fields[f.name] = json.RawMessage(value)
			if value == "" {
				delete(fields, f.name)
			}
			trials = append(trials, trial{op: o, field: f.name, kind: kind, fields: fields, want: want, named: named, loose: isList(f.typ) || plain(f.typ).Kind() == reflect.Bool})
		}
		if f.required {
			add(missing, "", true, "INVALID_REQUEST")
			add(missing, "null", true, "INVALID_REQUEST")
			if plain(f.typ).Kind() == reflect.String {
				add(missing, `""`, true, "INVALID_REQUEST")
			}
		}
		for _, value := range []string{`7`, `-7`, `1.5`, `true`, `"text"`, `""`, `{}`, `{"a":{"b":[1]}}`, `[]`, `[7]`, `[null]`, `[[]]`, `[{}]`,
			`1e30`, `1e999999`, `-0`, `-9223372036854775808`, `9223372036854775807`, `99999999999999999999`} {
			switch {
			case takes(f.typ, value):
				add(odd, value, false)
			case isID(f.typ):
				add(badID, value, true, "INVALID_ID")
			default:
				add(wrongType, value, true, "INVALID_REQUEST", "INVALID_ID")
			}
		}
		add(surrogate, `"a\ud800b"`, false, "INVALID_REQUEST")
		add(surrogate, `{"a\udc00":1}`, false, "INVALID_REQUEST")
		add(nul, `"a\u0000b"`, true, "INVALID_REQUEST", "INVALID_ID")
		trials = append(trials, ofType(o, base, f)...)
		for _, value := range nested(f.typ) {
			if takes(f.typ, value) {
				add(odd, value, false)
			} else {
				add(wrongType, value, true, "INVALID_REQUEST", "INVALID_ID")
			}
		}
	}
	return trials
}

// ofType are the trials that only fields of some types have.
func ofType(o *op.Op, base object, f field) (trials []trial) {
	add := func(kind, value string, want ...string) {
		fields := maps.Clone(base)
		fields[f.name] = json.RawMessage(value)
		trials = append(trials, trial{op: o, field: f.name, kind: kind, fields: fields, want: want, named: want != nil})
	}
	typ := plain(f.typ)
	switch {
	case isID(typ):
		for _, bad := range []string{"text", "00000000-0000-0000-0000-00000000000", "g0000000-0000-0000-0000-000000000000",
			"{00000000-0000-0000-0000-000000000000}", "../../etc/passwd", "' OR 1=1 --"} {
			add(badID, quote(bad), "INVALID_ID")
		}
		add(tooLong, string(text), "INVALID_ID")
		if f.inPath && !o.Files() { // without its file that is refused anyway
			add(unknownID, quote(domain.NewID[string]()), "NOT_FOUND")
		}
	case isWord(typ):
		add(badWord, `"no-such-word"`, "INVALID_REQUEST", "INVALID_ID")
		add(tooLong, string(text), "INVALID_REQUEST")
	case typ.Kind() == reflect.String:
		add(tooLong, string(text), "INVALID_REQUEST", "INVALID_ID")
	case isList(typ):
		entry := `"a"`
		switch elem := plain(typ.Elem()); {
		case isID(elem):
			entry = quote(stranger)
			add(badID, `["text"]`, "INVALID_ID")
			add(badID, `[null]`, "INVALID_REQUEST")
			add(badID, `[`+entry+`,""]`, "INVALID_REQUEST")
		case elem.Kind() == reflect.Struct:
			entry = `{}`
		}
		add(tooMany, `[`+strings.Repeat(entry+`,`, 10_000)+entry+`]`, "INVALID_REQUEST")
	default:
		add(odd, `{"a":`+string(text)+`}`)
		add(odd, `{"__proto__":{"a":1},"constructor":{"prototype":{}},"$where":"1","a.b":1,"":1}`)
		add(odd, `{"a":`+strings.Repeat("[", 5_000)+strings.Repeat("]", 5_000)+`}`)
	}
	return trials
}

// nested are values of a field that is an object, or a list of objects, with something odd
// in one of their own fields.
func nested(typ reflect.Type) (values []string) {
	wrap := func(inner string) string { return inner }
	typ = plain(typ)
	if isList(typ) {
		typ, wrap = plain(typ.Elem()), func(inner string) string { return "[" + inner + "]" }
	}
	if typ.Kind() != reflect.Struct {
		return nil
	}
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		for _, value := range []string{`null`, `7`, `-1e18`, `"text"`, `""`, `true`, `{}`, `[]`, `[null]`, `[7]`, string(text)} {
			values = append(values, wrap(`{`+quote(name)+`:`+value+`}`))
		}
	}
	return values
}

// aliased are the trials of a wrong type under each other name of a field.
func aliased(t *testing.T, o *op.Op) (trials []trial) {
	base := exampleOf(t, o)
	for _, f := range fieldsOf(o) {
		for _, alias := range f.aliases {
			if f.inPath && !o.Files() { // without its file that is refused anyway
				break // what the path says wins
			}
			for _, value := range []string{`{"a":1}`, `7`} {
				if takes(f.typ, value) {
					continue
				}
				fields := maps.Clone(base)
				delete(fields, f.name)
				fields[alias] = json.RawMessage(value)
				trials = append(trials, trial{op: o, field: f.name, given: alias, kind: wrongType, fields: fields,
					want: []string{"INVALID_REQUEST", "INVALID_ID"}, named: true})
				break
			}
		}
	}
	return trials
}

// quote is a text as JSON.
func quote(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// stranger is an id that nothing has.
const stranger = "5ca1ab1e-5ca1-4ab1-8e5c-a1ab1e5ca1ab"

// body is the request as one JSON object, written by hand: what is sent need not be
// what an encoder would send.
func (tr trial) body() json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(tr.fields)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(name))
		b.WriteByte(':')
		b.Write(tr.fields[name])
	}
	b.WriteByte('}')
	return b.Bytes()
}
