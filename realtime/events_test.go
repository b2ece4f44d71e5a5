package realtime

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/domain/op"
)

// senders adds to named the functions of a file that are handed the name of an event, and
// which of their arguments it is.
func senders(f *ast.File, named map[string]int) {
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		at := 0
		for _, field := range fn.Type.Params.List {
			for _, name := range field.Names {
				if kind, ok := field.Type.(*ast.Ident); ok && name.Name == "event" && kind.Name == "string" {
					named[fn.Name.Name] = at
				}
				at++
			}
		}
	}
}

func TestEveryEventThatIsSentIsInTheTableAndTheOtherWayRound(t *testing.T) {
	var table []string
	for _, e := range events() {
		if e.Direction == op.ToClient {
			table = append(table, e.Name)
		}
	}
	sent := sentEvents(t)
	for _, name := range sent {
		if !slices.Contains(table, name) {
			t.Errorf("the gateway sends %s, which the table in events.go lacks: add it with its payload", name)
		}
	}
	for _, name := range table {
		if !slices.Contains(sent, name) {
			t.Errorf("the table in events.go has %s, which nothing sends", name)
		}
	}
}

func TestEveryEventOfTheReferenceIsInTheTable(t *testing.T) {
	for name := range references {
		silent := slices.Contains([]string{"3", "4", "5", "6"}, name) // types that only a server sends
		known := slices.ContainsFunc(events(), func(e op.Event) bool { return e.Direction == op.ToServer && e.Name == name })
		if known == silent {
			t.Errorf("event %s: in the table %v", name, known)
		}
	}
}

// sentEvents are the names that stand in the sources where an event is sent.
func sentEvents(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	sources, named := map[string]*ast.File{}, map[string]int{"Emit": 0, "EncodeEvent": 1} // these two are sio's
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		sources[file.Name()] = f
		senders(f, named)
	}
	for file, f := range sources {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch called := call.Fun.(type) {
			case *ast.SelectorExpr:
				name = called.Sel.Name
			case *ast.Ident:
				name = called.Name
			}
			if at, ok := named[name]; ok && at < len(call.Args) {
				names = append(names, literal(t, file, call.Args[at])...)
			}
			return true
		})
	}
	return names
}

// literal is the text of an argument, nothing where the function hands on its own event.
func literal(t *testing.T, file string, arg ast.Expr) []string {
	t.Helper()
	switch a := arg.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(a.Value)
		if err != nil {
			t.Fatal(err)
		}
		return []string{text}
	case *ast.Ident:
		if a.Name == "event" {
			return nil
		}
	}
	t.Errorf("%s: an event's name must be a literal where it is sent", file)
	return nil
}
