package documents

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"parley/domain/op"
)

// Base is the address of the server in the examples.
const Base = "http://localhost:3000"

// Snippet is an example of a call as a program.
type Snippet struct {
	// Operation is the operation's name.
	Operation string `json:"operation"`
	// Language is curl, fetch, socket, requests, python-socketio or go.
	Language string `json:"language"`
	// Title names it for people.
	Title string `json:"title"`
	Code  string `json:"code"`
	// Final says that it has to run last; see op.Spec.
	Final bool `json:"final"`
}

// call is a REST request as the examples write it.
type call struct {
	method, url string
	body        map[string]any
	keyed       bool
	// text says that the reply is no JSON, empty that there is none.
	text, empty bool
	// file is the name of a file that goes with it, and body with that as a form; kind is
	// the file's type.
	file, kind string
}

// Snippets returns the examples of all operations, in the order of their names.
func (s *Service) Snippets() ([]Snippet, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	var list []Snippet
	for _, e := range s.entries {
		list = append(list, e.snippets()...)
	}
	return list, nil
}

// snippets are the examples of an operation.
func (e entry) snippets() []Snippet {
	var list []Snippet
	add := func(language, title, code string) {
		list = append(list, Snippet{Operation: e.Name, Language: language, Title: title, Code: code, Final: e.Final})
	}
	if c, ok := e.call(); ok {
		add("curl", "curl", c.curl())
		add("fetch", "JavaScript, fetch", c.fetch())
	}
	if !e.RESTOnly {
		add("socket", "JavaScript, socket.io-client", e.socket())
	}
	if c, ok := e.call(); ok {
		add("requests", "Python, requests", c.requests())
	}
	if !e.RESTOnly {
		add("python-socketio", "Python, python-socketio", e.pythonSocket())
	}
	if c, ok := e.call(); ok {
		add("go", "Go", c.program())
	}
	return list
}

// call is the example as a REST request, if there is a route for it.
func (e entry) call() (call, bool) {
	r, ok := e.main()
	if !ok {
		return call{}, false
	}
	c := call{method: r.Method, keyed: e.Access != op.Public, empty: e.Status == http.StatusNoContent,
		text: e.has(reflect.TypeFor[op.Raw]())}
	if e.needsFile() {
		c.file, c.kind = "hello.txt", "text/plain"
		if strings.HasPrefix(r.Path, "/api/audio/") {
			c.file, c.kind = "hello.wav", "audio/wav"
		}
	}
	path := r.Path
	for _, name := range r.Params {
		text := fmt.Sprint(e.Given[e.field(name).Name])
		path = strings.Replace(path, ":"+name, url.PathEscape(text), 1)
	}
	query := url.Values{}
	for _, f := range e.left(r) {
		value := e.Given[f.Name]
		switch {
		case value == nil:
		case r.carries():
			if c.body == nil {
				c.body = map[string]any{}
			}
			c.body[f.Name] = value
		default:
			query.Set(f.Name, queryText(value))
		}
	}
	c.url = Base + path
	if len(query) > 0 {
		c.url += "?" + query.Encode()
	}
	return c, true
}

// queryText is a value as it stands in a query.
func queryText(value any) string {
	if list, ok := value.([]any); ok {
		parts := make([]string, len(list))
		for i, v := range list {
			parts[i] = fmt.Sprint(v)
		}
		return strings.Join(parts, ",")
	}
	if f, ok := value.(float64); ok {
		return strings.TrimSpace(pretty(f, ""))
	}
	return fmt.Sprint(value)
}

// lineEnd is a line's end with the indentation behind it.
var lineEnd = regexp.MustCompile(`\n *`)

// pretty is a value as JSON, on one line if it is short, else with its later lines behind
// prefix.
func pretty(value any, prefix string) string {
	var out strings.Builder
	j := json.NewEncoder(&out)
	j.SetEscapeHTML(false)
	j.SetIndent(prefix, "  ")
	if err := j.Encode(value); err != nil {
		return "null" // it came from JSON: cannot happen
	}
	text := strings.TrimSpace(out.String())
	if line := lineEnd.ReplaceAllString(text, " "); len(line) < 64 {
		return line
	}
	return text
}

// curl writes the call for a shell.
func (c call) curl() string {
	lines := []string{fmt.Sprintf("curl -X %s %s", c.method, shell(c.url))}
	if c.method == http.MethodGet {
		lines[0] = "curl " + shell(c.url)
	}
	if c.keyed {
		lines = append(lines, `-H "X-API-KEY: $PARLEY_KEY"`)
	}
	if c.file != "" {
		for _, name := range slices.Sorted(maps.Keys(c.body)) {
			lines = append(lines, "-F "+shell(name+"="+queryText(c.body[name])))
		}
		lines = append(lines, "-F "+shell("file=@"+c.file+";type="+c.kind))
	} else if c.body != nil {
		lines = append(lines, "-H 'Content-Type: application/json'", "-d "+shell(pretty(c.body, "")))
	}
	return strings.Join(lines, " \\\n  ")
}

// shell quotes a text for a shell.
func shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoted is a text as JavaScript, Python and Go write it.
func quoted(text string) string { return pretty(text, "") }

// fetch writes the call in JavaScript.
func (c call) fetch() string {
	var b strings.Builder
	if c.file != "" {
		b.WriteString("import { openAsBlob } from \"node:fs\";\n\nconst form = new FormData();\n")
		for _, name := range slices.Sorted(maps.Keys(c.body)) {
			fmt.Fprintf(&b, "form.set(%s, %s);\n", quoted(name), quoted(queryText(c.body[name])))
		}
		fmt.Fprintf(&b, "form.set(\"file\", await openAsBlob(%q, { type: %q }), %q);\n", c.file, c.kind, c.file)
	}
	fmt.Fprintf(&b, "const response = await fetch(%s", quoted(c.url))
	var options []string
	if c.method != http.MethodGet {
		options = append(options, fmt.Sprintf("method: %q", c.method))
	}
	var headers []string
	if c.keyed {
		headers = append(headers, `"X-API-KEY": process.env.PARLEY_KEY ?? ""`)
	}
	if c.body != nil && c.file == "" {
		headers = append(headers, `"Content-Type": "application/json"`)
	}
	if len(headers) > 0 {
		options = append(options, "headers: { "+strings.Join(headers, ", ")+" }")
	}
	switch {
	case c.file != "":
		options = append(options, "body: form")
	case c.body != nil:
		options = append(options, "body: JSON.stringify("+pretty(c.body, "  ")+")")
	}
	if len(options) > 0 {
		b.WriteString(", {\n  " + strings.Join(options, ",\n  ") + ",\n}")
	}
	b.WriteString(");\n")
	switch {
	case c.empty:
		b.WriteString("console.log(response.status);")
	case c.text:
		b.WriteString("console.log(response.status, await response.text());")
	default:
		b.WriteString("console.log(response.status, await response.json());")
	}
	return b.String()
}

// socket writes the operation as an event in JavaScript.
func (e entry) socket() string {
	return "import { io } from \"socket.io-client\";\n\n" +
		"const socket = io(" + quoted(Base) + ", { auth: { apiKey: process.env.PARLEY_KEY } });\n" +
		e.joining("await socket.emitWithAck(%s, %s);\n") +
		"const reply = await socket.emitWithAck(" + quoted(e.Name) + e.argument(", ", "") + ");\n" +
		"console.log(reply);\nsocket.close();"
}

// joining is the join that must come before an operation about the socket's own channels.
func (e entry) joining(format string) string {
	channel := e.Given["channelId"]
	if !e.SocketOnly || channel == nil || e.Name == "channels:join" {
		return ""
	}
	return fmt.Sprintf(format, quoted("channels:join"), pretty(object{"channelId": channel}, ""))
}

// argument is the payload behind a separator, an empty object if there is nothing in it.
func (e entry) argument(separator, prefix string) string {
	if len(e.Given) == 0 {
		return separator + "{}"
	}
	return separator + pretty(e.Given, prefix)
}

// requests writes the call in Python.
func (c call) requests() string {
	var b strings.Builder
	b.WriteString("import os\nimport requests\n\nresponse = requests." + strings.ToLower(c.method) + "(\n    " + quoted(c.url) + ",\n")
	if c.keyed {
		b.WriteString("    headers={\"X-API-KEY\": os.environ.get(\"PARLEY_KEY\", \"\")},\n")
	}
	switch {
	case c.file != "":
		fmt.Fprintf(&b, "    files={\"file\": (%q, open(%q, \"rb\"), %q)},\n", c.file, c.file, c.kind)
		if c.body != nil {
			b.WriteString("    data=" + python(pretty(c.body, "    ")) + ",\n")
		}
	case c.body != nil:
		b.WriteString("    json=" + python(pretty(c.body, "    ")) + ",\n")
	}
	b.WriteString(")\nprint(response.status_code, response.text)")
	if !c.keyed {
		return strings.TrimPrefix(b.String(), "import os\n")
	}
	return b.String()
}

// pythonSocket writes the operation as an event in Python.
func (e entry) pythonSocket() string {
	return "import os\nimport socketio\n\nsocket = socketio.Client()\n" +
		"socket.connect(" + quoted(Base) + ", auth={\"apiKey\": os.environ.get(\"PARLEY_KEY\", \"\")})\n" +
		e.joining("socket.call(%s, %s)\n") +
		"print(socket.call(" + quoted(e.Name) + python(e.argument(", ", "")) + "))\nsocket.disconnect()"
}

// python turns JSON into a Python literal: three words differ, outside of texts.
func python(text string) string {
	words := strings.NewReplacer("true", "True", "false", "False", "null", "None")
	var b strings.Builder
	for len(text) > 0 {
		start := strings.IndexByte(text, '"')
		if start < 0 {
			break
		}
		end := start + 1
		for end < len(text) && text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(text))
		b.WriteString(words.Replace(text[:start]) + text[start:end])
		text = text[end:]
	}
	return b.String() + words.Replace(text)
}
