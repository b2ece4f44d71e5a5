package op

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/domain"
)

// Input is what a door received: the flat JSON object of a socket, or path, query
// and body of a REST request, which are one flat object to the operation.
type Input struct {
	// Body is a JSON object; empty and null count as {}.
	Body json.RawMessage
	// Path holds the path parameters; they win over everything else.
	Path map[string]string
	// Query holds the query; the body wins over it. nil on a socket.
	Query url.Values
	// Form holds the fields of a form that carried a file; they stand for the body. An
	// object among them is JSON text.
	Form url.Values
	// File is the file that came with the form, nil if there is none.
	File *File
	// REST is set by the REST door.
	REST bool
}

// Door names where the input came from.
func (in Input) Door() string {
	if in.REST {
		return "rest"
	}
	return "socket"
}

// Validator is implemented by requests that check more than their fields' types.
type Validator interface {
	// Validate returns every fault it finds, as one Invalid error.
	Validate() error
}

// field is one field of a request.
type field struct {
	name string
	// names are the name and its aliases, the one that wins first.
	names []string
	index int
	typ   reflect.Type
	guard guard
	// long lifts maxText.
	long bool
}

// decoder turns Input into a request of one type. Tags: `json:"name"` names the
// field, `alias:"a,b"` lists other names (the canonical one wins), `op:"payload"`
// on a json.RawMessage field with json:"-" receives the whole body, `op:"file"` on a
// *File field with json:"-" the uploaded file, `text:"long"` lets a text be longer than
// maxText, for which the request's Validate then has a limit, `access:"..."` says what a
// bound caller may put there (guard).
type decoder struct {
	typ     reflect.Type
	fields  []field
	payload int
	// file is the index of the field that receives a file, -1 if there is none.
	file int
}

// newDecoder reads the tags of a request type, which must be a struct.
func newDecoder(typ reflect.Type) decoder {
	if typ.Kind() != reflect.Struct {
		panic(fmt.Sprintf("request type %s is not a struct", typ))
	}
	d := decoder{typ: typ, payload: -1, file: -1}
	for i := range typ.NumField() {
		f := typ.Field(i)
		switch f.Tag.Get("op") {
		case "payload":
			d.payload = i
			continue
		case "file":
			d.file = i
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("field %s of %s has no json tag", f.Name, typ))
		}
		names := []string{name}
		if a := f.Tag.Get("alias"); a != "" {
			names = append(names, strings.Split(a, ",")...)
		}
		d.fields = append(d.fields, field{name: name, names: names, index: i, typ: f.Type, guard: newGuard(f, typ),
			long: f.Tag.Get("text") == "long"})
	}
	return d
}

// knows reports whether a field has this name or alias.
func (d decoder) knows(name string) bool {
	return slices.ContainsFunc(d.fields, func(f field) bool { return slices.Contains(f.names, name) })
}

// decode returns a pointer to a new request of a caller, or an Invalid error that names
// the faulty fields, or Forbidden if it acts as somebody else.
func (d decoder) decode(actor domain.Actor, in Input) (any, error) {
	object, err := parseObject(in.Body)
	if err != nil {
		return nil, err
	}
	req := reflect.New(d.typ)
	var faults domain.Faults
	idFaults, faultCount := 0, 0
	var given map[string]string // made when needed: sockets decode every message here
	for _, f := range d.fields {
		raw, name, err := f.find(object.fields, in)
		if in.REST && name != "" && name != f.name {
			if given == nil {
				given = map[string]string{}
			}
			given[f.name] = name
		}
		if err != nil {
			faultCount++
			faults.Add(f.name, "%s", err.Error())
			continue
		}
		if raw == nil {
			continue
		}
		value := req.Elem().Field(f.index)
		if err := json.Unmarshal(raw, value.Addr().Interface()); err != nil {
			faultCount++
			if isIDFault(err) {
				idFaults++
			}
			faults.Add(f.name, "%s", explain(err, f.typ))
		} else if fault := f.unfit(raw, value, in.REST || object.nul); fault != "" {
			faultCount++
			faults.Add(f.name, "%s", fault)
		}
	}
	if err := faults.Err(); err != nil {
		if failure := domain.AsError(err); idFaults == faultCount {
			failure.Reason = "INVALID_ID"
		}
		return nil, asGiven(err, given)
	}
	if object.nul { // in what no field takes, but a payload or a log would keep
		return nil, domain.Errorf(domain.Invalid, "The payload must not contain NUL")
	}
	if d.payload >= 0 && len(object.fields) > 0 {
		req.Elem().Field(d.payload).SetBytes(bytes.Clone(in.Body))
	}
	if d.file >= 0 && in.File != nil {
		req.Elem().Field(d.file).Set(reflect.ValueOf(in.File))
	}
	if err := d.impersonate(actor, req.Elem()); err != nil {
		return nil, err
	}
	if v, ok := req.Interface().(Validator); ok {
		if err := v.Validate(); err != nil {
			return nil, asGiven(err, given)
		}
	}
	return req.Interface(), nil
}

// find returns the field's raw JSON and the name under which it stood: from the path,
// the body, the form, then the query; in each the name wins over its aliases. null and an empty
// number count as absent, for which it returns nil.
func (f field) find(object map[string]json.RawMessage, in Input) (json.RawMessage, string, error) {
	for _, name := range f.names {
		if text, ok := in.Path[name]; ok {
			raw, err := fromText([]string{text}, f.typ)
			return raw, name, err
		}
	}
	for _, name := range f.names {
		if raw, ok := object[name]; ok && string(raw) != "null" {
			return raw, name, nil
		}
	}
	for _, name := range f.names {
		if texts, ok := in.Form[name]; ok && len(texts) > 0 {
			raw, err := fromForm(texts, f.typ)
			return raw, name, err
		}
	}
	for _, name := range f.names {
		if texts, ok := in.Query[name]; ok && len(texts) > 0 {
			raw, err := fromText(texts, f.typ)
			return raw, name, err
		}
	}
	return nil, "", nil
}

// fromText turns the texts of a path or query parameter into JSON of the field's
// type, nil for an empty number. Lists may be repeated or joined by commas; only the
// text "true" is true; an integer too large for its type becomes the largest one.
func fromText(texts []string, typ reflect.Type) (json.RawMessage, error) {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return nil, errors.New("must be valid UTF-8")
		}
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch typ.Kind() { //nolint:exhaustive // everything else is a JSON string
	case reflect.Bool:
		return json.RawMessage(strconv.FormatBool(texts[0] == "true")), nil
	case reflect.Int, reflect.Int64:
		return integer(texts[0])
	case reflect.Float64:
		return number(texts[0])
	case reflect.Slice:
		return list(texts, typ)
	default:
		return json.Marshal(texts[0])
	}
}

// integer reads a whole number; one out of range is as large as it can be.
func integer(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errors.New("must be an integer")
	}
	return strconv.AppendInt(nil, n, 10), nil
}

// number reads a finite number.
func number(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return nil, errors.New("must be a number")
	}
	return strconv.AppendFloat(nil, n, 'g', -1, 64), nil
}

// list reads a list of texts, or one text where any JSON is allowed.
func list(texts []string, typ reflect.Type) (json.RawMessage, error) {
	if typ.Elem().Kind() == reflect.Uint8 { // json.RawMessage
		return json.Marshal(texts[0])
	}
	entries := []string{}
	for _, text := range texts {
		if text != "" {
			entries = append(entries, strings.Split(text, ",")...)
		}
	}
	return json.Marshal(entries)
}

// isIDFault reports whether err says that a UUID is malformed.
func isIDFault(err error) bool {
	var known *domain.Error
	return errors.As(err, &known) && known.Reason == "INVALID_ID"
}

// explain says in a few words what type a field must have.
func explain(err error, typ reflect.Type) string {
	var known *domain.Error
	if errors.As(err, &known) {
		if known.Reason == "INVALID_ID" {
			return "must be a UUID"
		}
		return known.Message
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	var within *json.UnmarshalTypeError
	if errors.As(err, &within) && within.Type != typ && (typ.Kind() == reflect.Slice || typ.Kind() == reflect.Struct) {
		return misfit(within, typ)
	}
	switch typ.Kind() { //nolint:exhaustive // the JSON kinds that requests use
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int64:
		return "must be an integer"
	case reflect.Float64:
		return "must be a number"
	case reflect.Slice:
		return "must be a list"
	case reflect.Map, reflect.Struct:
		return "must be an object"
	default:
		return "has the wrong type"
	}
}

// misfit says what within a list or an object has the wrong type.
func misfit(e *json.UnmarshalTypeError, typ reflect.Type) string {
	switch {
	case typ.Kind() != reflect.Slice:
		return fmt.Sprintf("has the wrong type at %s", e.Field)
	case e.Field != "":
		return fmt.Sprintf("has an entry with the wrong type at %s", e.Field)
	default:
		return "has an entry of the wrong type"
	}
}
