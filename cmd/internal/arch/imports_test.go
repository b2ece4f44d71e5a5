package arch_test

import (
	"slices"
	"strings"
	"testing"
)

// layer is a rule on which packages of ours the packages below dir may import.
type layer struct {
	dir string
	// except are folders below dir that have a rule of their own.
	except []string
	// may are the folders from which they may import, beside their own.
	may    []string
	reason string
}

// layers are the import rules: cmd -> {rest, realtime, storage, web} -> domain/op -> domain.
var layers = []layer{
	{dir: "domain", may: nil,
		reason: "the domain is the middle: doors and stores depend on it, so it must not depend on them; declare the methods it needs as an interface in its ports.go or store.go and let cmd/internal/app pass them in"},
	{dir: "rest", may: []string{"domain"},
		reason: "a door knows the operations and nothing else; what both doors need belongs to the domain"},
	{dir: "realtime", except: []string{"realtime/sio", "realtime/fanout"}, may: []string{"domain"},
		reason: "a door knows the operations and nothing else; what both doors need belongs to the domain"},
	{dir: "realtime/fanout", may: []string{"domain"},
		reason: "ordering must work over any transport; the gateway joins it with one"},
	{dir: "realtime/sio", may: []string{"realtime/fanout/wire"},
		reason: "the transport carries events, to clients and to other servers, without knowing what they mean; the gateway gives them their meaning"},
	{dir: "storage", may: []string{"domain"},
		reason: "a backend implements the ports of the domain and knows no door and no other backend's business"},
	{dir: "web", may: nil,
		reason: "the web client is files; it needs nothing of the server"},
	{dir: "cmd", may: []string{"domain", "rest", "realtime", "storage", "web"}},
}

// covers reports whether the rule is about the package at path.
func (l layer) covers(path string) bool {
	for _, dir := range l.except {
		if within(path, dir) {
			return false
		}
	}
	return within(path, l.dir)
}

// allows reports whether a package under the rule may import the package at path.
func (l layer) allows(path string) bool {
	if within(path, l.dir) {
		return true
	}
	for _, dir := range l.may {
		if within(path, dir) {
			return true
		}
	}
	return false
}

func TestPackagesImportTowardsTheDomain(t *testing.T) {
	for _, p := range packages(t, "") {
		i := slices.IndexFunc(layers, func(l layer) bool { return l.covers(p.path()) })
		if i < 0 {
			t.Errorf("%s is in no layer: the folders are cmd, rest, realtime, domain, storage and web", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if ours(imported) && !layers[i].allows(local(imported)) {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, layers[i].reason)
			}
		}
	}
}

func TestSharedWordsImportNoFeature(t *testing.T) {
	for _, p := range packages(t, "domain") {
		if p.path() != "domain" && p.path() != "domain/op" && p.path() != "domain/trace" {
			continue
		}
		for _, imported := range p.Imports {
			if ours(imported) && imported != module+"/domain" && imported != module+"/domain/trace" {
				t.Errorf("%s imports %s: every feature is built on it, so it can be built on none", p.ImportPath, imported)
			}
		}
	}
}

func TestBackendsDoNotImportOneAnother(t *testing.T) {
	for _, p := range packages(t, "storage") {
		for _, imported := range p.Imports {
			path := local(imported)
			if strings.HasPrefix(path, "storage/") && path != p.path() && path != "storage/storagetest" {
				t.Errorf("%s imports %s: a backend must be replaceable without another", p.ImportPath, imported)
			}
		}
	}
}

// library is a rule on where a library may be imported.
type library struct {
	prefix string
	only   []string
	reason string
}

// libraries are the rules on libraries; they hold for tests too.
var libraries = []library{
	{"github.com/gin-gonic/gin", []string{"rest"}, "HTTP routing is rest's own business; handlers elsewhere are net/http"},
	{"github.com/zishang520/", []string{"realtime/sio"}, "its defects are worked around in one place, which stays replaceable"},
	{"github.com/gorilla/websocket", []string{"realtime/sio", "cmd/internal/client", "cmd/internal/fakeserver"}, "frames are the transport's business; the load driver is a client"},
	{"modernc.org/sqlite", []string{"storage/sqlite"}, "a driver's types and errors end at its backend"},
	{"go.mongodb.org/mongo-driver", []string{"storage/mongo"}, "a driver's types and errors end at its backend"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"domain/documents/documentstest"}, "it holds what a server says against the documents, in tests; a server needs none of it"},
	{"html/template", nil, "it calls methods by name, for which the linker keeps every method of every type: 7 MB of the program and 4 MB of idle memory; domain/documents/pages.go shows how to do without"},
	{"text/template", nil, "it calls methods by name, for which the linker keeps every method of every type: 7 MB of the program and 4 MB of idle memory"},
	{"github.com/joho/godotenv", []string{"cmd/internal/config"}, "configuration is read once and passed down"},
	{"go.opentelemetry.io/", []string{"cmd/internal/tracing"}, "who traces and how is wiring's business; domain/trace is what the others begin spans with"},
	{"github.com/prometheus/", []string{"cmd/internal/app"}, "components report what happened; wiring decides how it is counted"},
	{"github.com/rs/zerolog/log", nil, "the global logger hides who logs; a zerolog.Logger is handed in"},
}

func TestLibrariesStayInTheirPlace(t *testing.T) {
	for _, p := range packages(t, "") {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for _, l := range libraries {
				if strings.HasPrefix(imported, l.prefix) && !slices.ContainsFunc(l.only, func(dir string) bool { return within(p.path(), dir) }) {
					t.Errorf("%s imports %s: %s (allowed in: %v)", p.ImportPath, imported, l.reason, l.only)
				}
			}
		}
	}
}

func TestDomainUsesFewLibraries(t *testing.T) {
	allowed := []string{"github.com/google/uuid", "github.com/rs/zerolog"}
	for _, p := range packages(t, "domain") {
		if isSuite(p) {
			continue // no server has it; see TestOnlyTestsImportSuites
		}
		for _, imported := range p.Imports {
			standard := !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
			if !standard && !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s: the domain uses the standard library, %s only, so that rules stay readable and testable alone",
					p.ImportPath, imported, strings.Join(allowed, " and "))
			}
		}
	}
}

func TestOnlyTestsImportSuites(t *testing.T) {
	suites := map[string]bool{}
	for _, p := range packages(t, "") {
		suites[p.ImportPath] = isSuite(p)
	}
	for _, p := range packages(t, "") {
		for _, imported := range p.Imports {
			if suites[imported] && !isSuite(p) {
				t.Errorf("%s imports %s: what is made for tests, and its libraries, must not come into a program", p.ImportPath, imported)
			}
		}
	}
}
