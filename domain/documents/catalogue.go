package documents

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/schema"
)

// entry is what the documents tell of an operation.
type entry struct {
	*op.Op
	// Noun is the part of the name before the colon, Verb the one behind it.
	Noun, Verb string
	// Fields are those of the request, Given the values of the example.
	Fields []schema.Field
	Given  map[string]any
	// ResultType is the schema of the result.
	ResultType schema.Schema
	// Paths are the REST routes.
	Paths []route
	// named are the schemas that others refer to.
	named map[string]schema.Schema
}

// route is a REST route of an operation.
type route struct {
	Method, Path string
	// Params are the names in the path, in their order.
	Params []string
	// Alias says that another route of the operation comes before.
	Alias bool
}

// newEntry reads what there is to know about an operation.
func newEntry(o *op.Op, set *schema.Set) entry {
	e := entry{Op: o, Fields: set.Fields(o.Request()), ResultType: set.Result(o.Result())}
	e.Noun, e.Verb, _ = strings.Cut(o.Name, ":")
	e.Given = set.Given(e.Fields, o.Example)
	for i, text := range o.Routes {
		r := route{Alias: i > 0}
		r.Method, r.Path, _ = strings.Cut(text, " ")
		for segment := range strings.SplitSeq(r.Path, "/") {
			if name, ok := strings.CutPrefix(segment, ":"); ok {
				r.Params = append(r.Params, name)
			}
		}
		e.Paths = append(e.Paths, r)
	}
	return e
}

// field returns the field of a name or alias; the registry has checked that there is one.
func (e entry) field(name string) schema.Field {
	i := slices.IndexFunc(e.Fields, func(f schema.Field) bool { return f.Is(name) })
	return e.Fields[i]
}

// left returns the fields that a route does not have in its path.
func (e entry) left(r route) []schema.Field {
	return slices.DeleteFunc(slices.Clone(e.Fields), func(f schema.Field) bool {
		return slices.ContainsFunc(r.Params, f.Is)
	})
}

// carries reports whether the fields beside those of the path stand in a body.
func (r route) carries() bool { return r.Method != http.MethodGet && r.Method != http.MethodDelete }

// main is the route of the examples: the first one whose parameters the example has.
func (e entry) main() (route, bool) {
	for _, r := range e.Paths {
		if !slices.ContainsFunc(r.Params, func(name string) bool { return e.Given[e.field(name).Name] == nil }) {
			return r, true
		}
	}
	return route{}, false
}

// Names are those of its socket events, none for one that has only REST routes.
func (e entry) Names() []string {
	if e.RESTOnly {
		return nil
	}
	return append([]string{e.Name}, e.Events...)
}

// Caller says who may call it.
func (e entry) Caller() string {
	switch e.Access {
	case op.Public:
		return "everybody"
	case op.Admin:
		return "administrators"
	case op.Member:
		return "members"
	}
	return "nobody"
}

// codes are the codes that the operation may answer with.
func (e entry) codes() []domain.CodeInfo {
	own := append(op.CommonErrors(), e.Errors...)
	var list []domain.CodeInfo
	for _, row := range domain.Codes() {
		if slices.Contains(own, row.Code) && row.Code != domain.Canceled { // whose caller is gone
			list = append(list, row)
		}
	}
	return list
}

// has reports whether the type of the result implements an interface.
func (e entry) has(iface reflect.Type) bool { return e.Result().Implements(iface) }

// needsFile reports whether the example cannot do without an uploaded file: the operation
// is for nothing else, or refuses the example as it is.
func (e entry) needsFile() bool {
	if !schema.TakesFile(e.Request()) {
		return false
	}
	if e.RESTOnly {
		return true
	}
	request := reflect.New(e.Request()).Interface()
	given, err := json.Marshal(e.Given)
	if err != nil || json.Unmarshal(given, request) != nil {
		return true
	}
	v, ok := request.(op.Validator)
	return ok && v.Validate() != nil
}
