package documents

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"parley/domain/op"
	"parley/domain/schema"
)

// siteFiles are the text of the first page, the style and the script.
//
//go:embed site
var siteFiles embed.FS

// repliesFile is what a server answered to the examples, by operation; see the package comment.
//
//go:embed replies.json
var repliesFile []byte

// eventsPage is the name of the page of the Socket.IO events.
const eventsPage = "events"

// readSite reads the files that the pages are made of.
func (s *Service) readSite() error {
	front, err := siteFiles.ReadFile("site/front.html")
	if err != nil {
		return err
	}
	s.front, s.files = markup(front), map[string]Page{}
	for name, kind := range map[string]string{"docs.css": "text/css", "docs.js": "text/javascript"} {
		text, err := siteFiles.ReadFile("site/" + name)
		if err != nil {
			return err
		}
		s.files[name] = Page{ContentType: kind + "; charset=utf-8", Text: string(text)}
	}
	return nil
}

// page returns a page or file of the site, "" being the first page. Pages are made when
// they are first asked for; there are as many as nouns, and two.
func (s *Service) page(name string) (Page, bool) {
	if file, ok := s.files[name]; ok {
		return file, true
	}
	s.making.Lock()
	defer s.making.Unlock()
	if page, ok := s.pages[name]; ok {
		return page, true
	}
	v, ok := s.view(name)
	if !ok {
		return Page{}, false
	}
	page := Page{ContentType: "text/html; charset=utf-8", Text: v.write(s.front)}
	s.pages[name] = page
	return page, true
}

// view is what the page of a name shows; false if there is no such page.
func (s *Service) view(name string) (v view, ok bool) {
	switch {
	case name == "":
		v = view{Title: "Parley", Front: true}
	case name == eventsPage:
		v = s.eventsView()
	case slices.Contains(s.nouns(), name):
		v = s.nounView(name)
	default:
		return view{}, false
	}
	v.Menu = s.menu()
	return v, true
}

// view is what a page shows.
type view struct {
	Title, Name string
	// Intro tells what the page is about, "" for none.
	Intro      string
	Front      bool
	Menu       []group
	Operations []operationView
	ToServer   []eventView
	ToClient   []eventView
}

// group is a part of the menu.
type group struct {
	Name  string
	Links []link
}

// link leads to an operation or event; Words is what the search looks in beside its name.
type link struct{ Name, Help, Href, Words string }

// operationView is an operation on its page.
type operationView struct {
	Name, Help, Caller string
	Status             string
	Routes, Events     []string
	Fields             []row
	Result             []row
	Reply              string
	Errors             []errorRow
	Snippets           []Snippet
	Streams, Empty     bool
}

// row is a field in a table.
type row struct {
	Name, Type, Help string
	Aliases          []string
	Required         bool
}

// errorRow is a code that an operation may answer with.
type errorRow struct {
	Status        int
	Code, Meaning string
}

// eventView is an event on its page.
type eventView struct {
	Name, Help, Operation, Href string
	Fields                      []row
	Answers                     []string
}

// menu lists all operations and events by their pages.
func (s *Service) menu() []group {
	var list []group
	for _, noun := range s.nouns() {
		g := group{Name: noun}
		for _, e := range s.entries {
			if e.Noun == noun {
				g.Links = append(g.Links, link{e.Name, e.Help, href(e.Name),
					strings.Join(append(append([]string{e.Help}, e.Routes...), e.Events...), " ")})
			}
		}
		list = append(list, g)
	}
	g := group{Name: eventsPage}
	for _, direction := range []op.Direction{op.ToServer, op.ToClient} {
		for _, e := range s.opts.Registry.Events(direction) {
			g.Links = append(g.Links, link{e.Name, e.Help, "/api/docs/" + eventsPage + "#" + anchor(e.Name, direction), e.Help})
		}
	}
	return append(list, g)
}

// href leads to an operation on the page of its noun.
func href(operation string) string {
	noun, _, _ := strings.Cut(operation, ":")
	return "/api/docs/" + noun + "#" + operation
}

// anchor names an event on its page: some go both ways.
func anchor(event string, d op.Direction) string {
	if d == op.ToServer {
		return "to-server-" + event
	}
	return "to-client-" + event
}

// nounView is the page of a noun.
func (s *Service) nounView(noun string) view {
	v := view{Title: noun, Name: noun, Intro: intros[noun]}
	for _, e := range s.entries {
		if e.Noun == noun {
			v.Operations = append(v.Operations, s.operationView(e, s.replies[e.Name]))
		}
	}
	return v
}

// operationView is what a page shows of an operation.
func (s *Service) operationView(e entry, reply json.RawMessage) operationView {
	v := operationView{Name: e.Name, Help: e.Help, Caller: e.Caller(), Routes: e.Routes, Events: e.Names(),
		Status: fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)), Snippets: e.snippets(), Streams: e.Streams(),
		Empty: e.Status == http.StatusNoContent && !e.SocketOnly}
	for _, f := range e.Fields {
		v.Fields = append(v.Fields, row{Name: f.Name, Type: s.typeText(f.Schema), Help: f.Help, Aliases: f.Aliases, Required: f.Required})
	}
	v.Result = s.rows("", e.ResultType, 0)
	if len(reply) > 0 {
		v.Reply = indented(reply)
	}
	for _, c := range e.codes() {
		v.Errors = append(v.Errors, errorRow{c.HTTP, c.Reason, meaning(c.Code)})
	}
	return v
}

// indented is JSON for people.
func indented(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	return pretty(value, "")
}

// eventsView is the page of the events.
func (s *Service) eventsView() view {
	v := view{Title: "Socket.IO events", Name: eventsPage}
	for _, e := range s.opts.Registry.Events(op.ToServer) {
		shown := eventView{Name: e.Name, Help: e.Help, Operation: e.Operation, Answers: e.Answers}
		if e.Operation != "" {
			shown.Href = href(e.Operation)
		} else if e.Payload != nil {
			for _, f := range s.set.Fields(e.Payload) {
				shown.Fields = append(shown.Fields, row{Name: f.Name, Type: s.typeText(f.Schema), Help: f.Help})
			}
		}
		v.ToServer = append(v.ToServer, shown)
	}
	for _, e := range s.opts.Registry.Events(op.ToClient) {
		shown := eventView{Name: e.Name, Help: e.Help}
		if e.Payload != nil {
			shown.Fields = s.rows("", s.set.Result(e.Payload), 0)
		}
		v.ToClient = append(v.ToClient, shown)
	}
	return v
}

// maxDepth is how deep a table shows the fields of fields.
const maxDepth = 2

// rows are the fields of an object, those of the objects in it below their own.
func (s *Service) rows(prefix string, of schema.Schema, depth int) []row {
	of = resolve(s.set.Named(), of)
	properties, _ := of["properties"].(object)
	required, _ := of["required"].([]string)
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return compareFields(required, a, b) })
	var list []row
	for _, name := range names {
		inner, _ := properties[name].(schema.Schema)
		help, _ := inner["description"].(string)
		list = append(list, row{Name: prefix + name, Type: s.typeText(inner), Help: help, Required: slices.Contains(required, name)})
		if depth < maxDepth {
			item, suffix := inner, "."
			if items, ok := inner["items"].(schema.Schema); ok {
				item, suffix = items, "[]."
			}
			list = append(list, s.rows(prefix+name+suffix, item, depth+1)...)
		}
	}
	return list
}

// compareFields orders the fields that are always there first, as they are declared, then
// the others by name.
func compareFields(required []string, a, b string) int {
	i, j := slices.Index(required, a), slices.Index(required, b)
	switch {
	case i >= 0 && j >= 0:
		return i - j
	case i >= 0:
		return -1
	case j >= 0:
		return 1
	default:
		return strings.Compare(a, b)
	}
}

// typeText says in a few words what a schema allows.
func (s *Service) typeText(of schema.Schema) string {
	of = resolve(s.set.Named(), of)
	if forms, ok := of["anyOf"].([]schema.Schema); ok {
		parts := make([]string, len(forms))
		for i, form := range forms {
			parts[i] = s.typeText(form)
		}
		return strings.Join(parts, " or ")
	}
	if values, ok := of["enum"].([]string); ok {
		return strings.Join(values, ", ")
	}
	if format, ok := of["format"].(string); ok {
		return map[string]string{"uuid": "UUID", "date-time": "ISO 8601 time"}[format]
	}
	switch kind := of["type"].(type) {
	case []string:
		return strings.Join(kind, " or ")
	case string:
		if items, ok := of["items"].(schema.Schema); ok && kind == "array" {
			return "list of " + s.typeText(items)
		}
		return kind
	default:
		return "any JSON"
	}
}
