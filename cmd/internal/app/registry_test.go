package app_test

import (
	"encoding/json"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain/documents"
	"parley/domain/op"
	"parley/domain/schema"
)

// updateRoutes renews the marks in the list of routes.
var updateRoutes = flag.Bool("update", false, "renew the marks in testdata/routes.txt")

// built is the registry of a server that is built and not run.
func built(t *testing.T) *op.Registry {
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

func TestEveryOperationIsFitForTheDocuments(t *testing.T) {
	set := schema.New(nil)
	for _, o := range built(t).Ops() {
		t.Run(o.Name, func(t *testing.T) {
			if !strings.HasSuffix(o.Help, ".") || strings.HasSuffix(o.Help, "..") {
				t.Errorf("its Help is no sentence: %q", o.Help)
			}
			for _, code := range o.Errors {
				if code.Info().Code != code {
					t.Errorf("its Errors have %q, which is no code", code)
				}
			}
			if o.Example == nil {
				t.Fatal("it has no Example")
			}
			fields := set.Fields(o.Request())
			body, err := json.Marshal(set.Given(fields, o.Example))
			if err != nil {
				t.Fatal(err)
			}
			request := reflect.New(o.Request()).Interface()
			if err := json.Unmarshal(body, request); err != nil {
				t.Errorf("its Example cannot be read: %s: %v", body, err)
			}
			if v, ok := request.(op.Validator); ok && !schema.TakesFile(o.Request()) {
				if err := v.Validate(); err != nil {
					t.Errorf("its Example is refused: %s: %v", body, err)
				}
			}
			set.Result(o.Result())
		})
	}
	for _, typ := range set.Unseen() {
		t.Errorf("%s encodes itself, so that the documents can say nothing of it: give it a method Forms() []any", typ)
	}
}

func TestReadmeShowsTheOperations(t *testing.T) {
	data, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), "<!-- ops:begin -->\n")
	table, _, closed := strings.Cut(rest, "<!-- ops:end -->")
	want, err := documents.New(documents.Options{Registry: built(t)}).Markdown()
	if err != nil {
		t.Fatal(err)
	}
	if !found || !closed || strings.TrimSpace(table) != strings.TrimSpace(want) {
		t.Error("the table of operations in the README is not the current one: run make docs")
	}
}

// param is a parameter in a path.
var param = regexp.MustCompile(`:\w+`)

func TestReferenceRoutes(t *testing.T) {
	served := map[string]bool{}
	for _, o := range built(t).Ops() {
		for _, route := range o.Routes {
			served[param.ReplaceAllString(route, ":")] = true
		}
	}
	const file = "testdata/routes.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	section, count := "", map[string]int{}
	for i, line := range lines {
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section, _, _ = strings.Cut(line[1:], ":")
		default:
			method, rest, _ := strings.Cut(line, " ")
			path, mark, _ := strings.Cut(rest, " ")
			now := mark
			if served[param.ReplaceAllString(method+" "+path, ":")] {
				now = ""
			} else if mark == "" {
				now = "missing"
			}
			count[section+" "+map[string]string{"": "served"}[now]+now]++
			if now != mark && !*updateRoutes {
				t.Errorf("%s %s is marked %q, but is %q: run the test with -update", method, path, mark, now)
			}
			lines[i] = strings.TrimSpace(method + " " + path + " " + now)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%s: %d", name, count[name])
	}
	if *updateRoutes {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
