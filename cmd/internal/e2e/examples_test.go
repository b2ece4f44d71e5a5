package e2e_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain/documents"
	"parley/domain/op"
)

// updateReplies writes what the examples were answered into the documentation.
var updateReplies = flag.Bool("update-replies", false, "renew domain/documents/replies.json")

// repliesFile holds the replies that the documentation shows.
const repliesFile = "../../../domain/documents/replies.json"

// TestEveryExampleOfTheDocumentationWorks runs all of them, in every language; with -short
// those that need no more than curl and Node.js. With three replicas it does not repeat for
// every language what ends a server.
func TestEveryExampleOfTheDocumentationWorks(t *testing.T) {
	registry := declared(t)
	snippets, err := documents.New(documents.Options{Registry: registry}).Snippets()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range snippets {
		if s.Language == "go" {
			if code, err := format.Source([]byte(s.Code + "\n")); err != nil || string(code) != s.Code+"\n" {
				t.Errorf("%s is not as gofmt writes it (%v):\n%s", s.Operation, err, s.Code)
			}
		}
	}
	interpreter := ""
	if testing.Short() {
		snippets = slices.DeleteFunc(snippets, func(s documents.Snippet) bool {
			return !slices.Contains([]string{"curl", "fetch", "socket"}, s.Language)
		})
	} else {
		interpreter = python(t)
	}
	scenario(t, inSoak, func(t *testing.T, on topology) {
		if on == three {
			once := slices.DeleteFunc(slices.Clone(snippets), func(s documents.Snippet) bool { return s.Final && s.Language != "curl" })
			runExamples(t, on, once, interpreter)
			return
		}
		compareReplies(t, registry, runExamples(t, on, snippets, interpreter))
	})
}

// runExamples runs examples and returns the replies.
func runExamples(t *testing.T, on topology, snippets []documents.Snippet, interpreter string) map[string]any {
	t.Helper()
	const key = "an-example-key"
	dir := t.TempDir()
	in, out := filepath.Join(dir, "snippets.json"), filepath.Join(dir, "replies.json")
	writeJSON(t, in, snippets)
	args := []string{key, in, out, interpreter}
	for range servers(snippets) {
		args = append(args, on.start(t, "ELIZA_SERVER_AUTH_TOKEN="+key).url)
	}
	node(t, "examples.mjs", args...)
	return readJSON(t, out)
}

// compareReplies sees to it that the documentation shows a reply of each operation, and
// renews them if that is asked for.
func compareReplies(t *testing.T, registry *op.Registry, got map[string]any) {
	t.Helper()
	shown := readJSON(t, repliesFile)
	if *updateReplies {
		for name := range shown {
			if registry.Lookup(name) == nil {
				delete(shown, name)
			}
		}
		for name, reply := range got {
			if !reflect.DeepEqual(shape(shown[name]), shape(reply)) { // else only times and ids differ
				shown[name] = reply
			}
		}
		writeJSON(t, repliesFile, shown)
		return
	}
	for name := range got {
		if shown[name] == nil {
			t.Errorf("the documentation shows no reply of %s: run make docs", name)
		}
	}
	for name := range shown {
		if registry.Lookup(name) == nil {
			t.Errorf("the documentation shows a reply of %s, which is no operation: run make docs", name)
		}
	}
}

// servers is how many the examples need: each that ends one needs its own.
func servers(snippets []documents.Snippet) int {
	final := 0
	for _, s := range snippets {
		if s.Final {
			final++
		}
	}
	return max(final, 1)
}

// python is an interpreter that has what the examples import. The system's own is tried
// too: its packages are not seen by another one that comes first in the path.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import requests, socketio, websocket").Run() == nil {
			return name
		}
	}
	t.Fatal("Python 3 or its packages are missing; install them: apt-get install python3 python3-requests python3-socketio python3-websocket")
	return ""
}

// declared is the registry of a server that is built and not run.
func declared(t *testing.T) *op.Registry {
	t.Helper()
	dir := t.TempDir()
	cfg, err := config.Load(config.Source{Dir: dir, ReadFile: os.ReadFile,
		Env: []string{"SERVER_PORT=0", "PARLEY_DATA_DIR=" + filepath.Join(dir, "data")}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a.Registry()
}

// shape is a value of JSON without its values: names and kinds.
func shape(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[name] = shape(inner)
		}
		return out
	case []any:
		if len(v) == 0 {
			return []any{}
		}
		return []any{shape(v[0])}
	case nil:
		return nil
	default:
		return reflect.TypeOf(value).Kind()
	}
}

// readJSON reads an object.
func readJSON(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// writeJSON writes a value.
func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	var text bytes.Buffer
	j := json.NewEncoder(&text)
	j.SetEscapeHTML(false)
	j.SetIndent("", " ")
	if err := j.Encode(value); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
