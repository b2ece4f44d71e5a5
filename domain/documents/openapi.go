package documents

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"parley/domain/identity"
	"parley/domain/op"
	"parley/domain/schema"
)

// object is a JSON object of a document.
type object = map[string]any

// openapi writes the OpenAPI document.
func (s *Service) openapi() object {
	paths := newPaths()
	for _, e := range s.entries {
		for i := range e.Paths {
			paths.add(e, i)
		}
	}
	components := s.failures()
	for name, of := range s.set.Named() {
		components["schemas"].(object)[name] = of
	}
	components["securitySchemes"] = object{
		"key":     object{"type": "apiKey", "in": "header", "name": "X-API-KEY", "description": "The server key."},
		"bearer":  object{"type": "http", "scheme": "bearer", "description": "The server key, or a token."},
		"session": object{"type": "apiKey", "in": "cookie", "name": identity.CookieName, "description": "Set by a keyed request; for reading."},
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Parley", "version": cmp.Or(s.opts.Version, "dev"), "description": about +
			" Every operation but uploads and streams is a Socket.IO event too: see /api/asyncapi.json."},
		"servers":    []object{{"url": "/"}},
		"tags":       s.tags(),
		"paths":      paths.items,
		"components": components,
	}
}

// about is the introduction of both documents.
const about = "A realtime messaging server for people and AI agents, a drop-in for the ElizaOS 1.2.0 server. " +
	"Credentials are needed only where the server has a key (PARLEY_AUTH)."

// tags are the nouns of the operations.
func (s *Service) tags() []object {
	var list []object
	for _, noun := range s.nouns() {
		tag := object{"name": noun}
		if text := intros[noun]; text != "" {
			tag["description"] = text
		}
		list = append(list, tag)
	}
	return list
}

// paths gathers the path items. Two paths that differ only in the names of their
// parameters are one to OpenAPI: the names of the first one stay.
type paths struct {
	items  object
	shapes map[string][]string // the names of the parameters, by the path without them
	first  map[string]string   // the path as it was first written
}

// newPaths returns no paths.
func newPaths() *paths {
	return &paths{items: object{}, shapes: map[string][]string{}, first: map[string]string{}}
}

// add writes a route of an operation.
func (p *paths) add(e entry, i int) {
	r := e.Paths[i]
	var shape, path []string
	for segment := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			shape, path = append(shape, "{}"), append(path, "{"+name+"}")
			continue
		}
		shape, path = append(shape, segment), append(path, segment)
	}
	key := strings.Join(shape, "/")
	if _, ok := p.shapes[key]; !ok {
		p.shapes[key], p.first[key] = r.Params, strings.Join(path, "/")
	}
	item, _ := p.items[p.first[key]].(object)
	if item == nil {
		item = object{}
		p.items[p.first[key]] = item
	}
	item[strings.ToLower(r.Method)] = e.operation(i, p.shapes[key])
}

// operation is the object of a route; names are those that its parameters have in the document.
func (e entry) operation(i int, names []string) object {
	r := e.Paths[i]
	out := object{
		"operationId": e.Noun + "_" + e.Verb,
		"tags":        []string{e.Noun},
		"summary":     e.Help,
		"description": e.describe(r),
		"responses":   e.responses(),
		"security":    e.security(r),
	}
	if i > 0 {
		out["operationId"] = e.Noun + "_" + e.Verb + "_" + strconv.Itoa(i+1)
	}
	if params := e.parameters(r, names); len(params) > 0 {
		out["parameters"] = params
	}
	if body := e.body(r); body != nil {
		out["requestBody"] = body
	}
	return out
}

// describe says what an operation's object has no field for.
func (e entry) describe(r route) string {
	text := "For " + e.Caller() + "."
	if names := e.Names(); len(names) > 0 {
		text += " Over a socket: " + strings.Join(names, ", ") + "."
	}
	if r.Alias {
		text += fmt.Sprintf(" The same as %s.", e.Routes[0])
	}
	if e.Streams() {
		text += " Answers as server-sent events where the caller accepts text/event-stream."
	}
	return text
}

// security lists the credentials that will do; none for everybody.
func (e entry) security(r route) []object {
	if e.Access == op.Public {
		return []object{}
	}
	list := []object{{"key": []string{}}, {"bearer": []string{}}}
	if r.Method == http.MethodGet {
		list = append(list, object{"session": []string{}})
	}
	return list
}

// parameters are those of path and query.
func (e entry) parameters(r route, names []string) []object {
	var list []object
	for i, name := range r.Params {
		f := e.field(name)
		list = append(list, parameter(names[i], "path", f, e.Given[f.Name], true))
	}
	if r.carries() {
		return list
	}
	for _, f := range e.left(r) {
		list = append(list, parameter(f.Name, "query", f, e.Given[f.Name], f.Required && len(f.Aliases) == 0))
	}
	return list
}

// parameter is one parameter. A list in a query may be repeated or joined by commas.
func parameter(name, in string, f schema.Field, given any, required bool) object {
	out := object{"name": name, "in": in, "required": required, "schema": f.Schema}
	if in == "path" && len(f.Schema) == 0 {
		out["schema"] = schema.Schema{"type": "string"}
	}
	if help := fieldHelp(f); help != "" {
		out["description"] = help
	}
	if given != nil {
		out["example"] = given
	}
	return out
}

// fieldHelp is a field's comment with its other names.
func fieldHelp(f schema.Field) string {
	if len(f.Aliases) == 0 {
		return f.Help
	}
	return strings.TrimSpace(f.Help + " Also accepted as " + strings.Join(f.Aliases, ", ") + ".")
}

// body is the request body of a route, nil if it has none.
func (e entry) body(r route) object {
	fields := e.left(r)
	if e.needsFile() {
		return object{"required": true, "content": object{"multipart/form-data": uploadBody(fields, true)}}
	}
	if !r.carries() || len(fields) == 0 {
		return nil
	}
	example, required := object{}, false
	for _, f := range fields {
		if v := e.Given[f.Name]; v != nil {
			example[f.Name] = v
		}
		required = required || f.Required
	}
	content := object{"application/json": object{"schema": schema.Request(fields), "example": example}}
	if schema.TakesFile(e.Request()) {
		content["multipart/form-data"] = uploadBody(fields, false)
	}
	return object{"required": required, "content": content}
}

// uploadBody is a form with a file.
func uploadBody(fields []schema.Field, needed bool) object {
	form := schema.Request(fields)
	properties, _ := form["properties"].(object)
	properties["file"] = object{"type": "string", "contentMediaType": "application/octet-stream", "description": "The file; at most one."}
	if needed {
		required, _ := form["required"].([]string)
		form["required"] = append(required, "file")
	}
	return object{"schema": form}
}
