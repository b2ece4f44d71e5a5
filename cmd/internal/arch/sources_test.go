package arch_test

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// topLevel is what may lie in the repository's folder, beside what begins with a dot.
var topLevel = []string{
	"cmd", "realtime", "rest", "domain", "storage", "web",
	"docker-compose.yml", "go.mod", "go.sum", "README.md",
	"Makefile", "Dockerfile", "LICENSE", "CHANGELOG.md",
	"bin", // built, not committed
}

func TestTopLevelHoldsOnlyWhatBelongsThere(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			t.Errorf("%s lies at the top level: a newcomer finds the way by six folders; put it into one of them", name)
		}
	}
}

func TestEachPackageHasOnePackageComment(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range packages(t, "") {
		var with []string
		for _, file := range p.GoFiles {
			if parse(t, fset, p, file).Doc != nil {
				with = append(with, file)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has its package comment in %d files %v, not in one: that is where its reader begins", p.ImportPath, len(with), with)
		}
	}
}

func TestEveryDeclarationHasAComment(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range packages(t, "") {
		for _, file := range p.GoFiles {
			for _, decl := range parse(t, fset, p, file).Decls {
				if name := undocumented(decl); name != "" && (ast.IsExported(name) || !isSuite(p)) {
					t.Errorf("%s: %s has no doc comment: say what it promises", fset.Position(decl.Pos()), name)
				}
			}
		}
	}
}

// undocumented returns the name of what decl declares without a comment, or "". A
// comment on a group serves its members, a trailing one serves its line.
func undocumented(decl ast.Decl) string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && !isObvious(d) {
			return d.Name.Name
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return ""
		}
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Doc == nil && s.Comment == nil {
					return s.Name.Name
				}
			case *ast.ValueSpec:
				if s.Doc == nil && s.Comment == nil && s.Names[0].Name != "_" {
					return s.Names[0].Name
				}
			}
		}
	}
	return ""
}

// isSuite reports whether p is a test suite kept as an ordinary package. Its cases are
// told by the names in its table, like those in test files.
func isSuite(p goPackage) bool { return strings.HasSuffix(p.Name, "test") && len(p.Name) > len("test") }

// isObvious reports whether a method's contract is that of a well-known interface.
func isObvious(d *ast.FuncDecl) bool {
	known := []string{"Error", "Unwrap", "String", "Len", "Less", "Swap", "MarshalJSON", "UnmarshalJSON"}
	return d.Recv != nil && slices.Contains(known, d.Name.Name)
}

func TestNothingHappensBeforeMain(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range packages(t, "") {
		for _, file := range p.GoFiles {
			for _, decl := range parse(t, fset, p, file).Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s: an init function runs for everybody who imports the package; let wiring call it", fset.Position(f.Pos()))
				}
			}
		}
	}
}

func TestOnlyMainEndsTheProcessOrPrints(t *testing.T) {
	forbidden := map[string][]string{"fmt": {"Print", "Printf", "Println"}, "os": {"Exit"}}
	fset := token.NewFileSet()
	for _, p := range packages(t, "") {
		if p.Name == "main" {
			continue
		}
		for _, file := range p.GoFiles {
			ast.Inspect(parse(t, fset, p, file), func(n ast.Node) bool {
				call, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if pkg, ok := call.X.(*ast.Ident); ok && slices.Contains(forbidden[pkg.Name], call.Sel.Name) {
					t.Errorf("%s: %s.%s: write to what was handed in and return an error; only main talks to the terminal and exits",
						fset.Position(call.Pos()), pkg.Name, call.Sel.Name)
				}
				return true
			})
		}
	}
}

// dialled are the packages that may connect a client of siotest by itself: the transport and
// the way to it, which know no document, and the one that holds what clients hear against it.
var dialled = []string{"realtime/sio", "realtime/relay", "realtime/realtimetest"}

func TestAllThatSocketsHearIsHeldAgainstTheDocument(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range packages(t, "") {
		if slices.ContainsFunc(dialled, func(dir string) bool { return within(p.path(), dir) }) {
			continue
		}
		for _, file := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			ast.Inspect(parse(t, fset, p, file), func(n ast.Node) bool {
				called, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if pkg, ok := called.X.(*ast.Ident); ok && pkg.Name == "siotest" && called.Sel.Name == "Dial" {
					t.Errorf("%s: siotest.Dial: connect by the realtimetest.Dialer of the test's server, which compares all that the client hears with the AsyncAPI document",
						fset.Position(called.Pos()))
				}
				return true
			})
		}
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	marks := regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}, "|") + `)\b`)
	sources(t, func(path, text string) {
		for i, line := range strings.Split(text, "\n") {
			if mark := marks.FindString(line); mark != "" {
				t.Errorf("%s:%d: %s: do it, or write an issue", path, i+1, mark)
			}
		}
	})
}
