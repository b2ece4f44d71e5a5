package arch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the repository's folder, seen from this package.
const root = "../../.."

// module is the prefix of our own packages.
const module = "parley"

// goPackage is what the go command tells about one of our packages.
type goPackage struct {
	ImportPath   string
	Name         string
	Dir          string
	Standard     bool
	GoFiles      []string
	Imports      []string
	TestGoFiles  []string
	TestImports  []string
	XTestGoFiles []string
	XTestImports []string
}

// path is the package's path without the module: "" for the module itself.
func (p goPackage) path() string { return local(p.ImportPath) }

// local strips the module from an import path of ours.
func local(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// ours reports whether an import path is in this module.
func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// within reports whether path is the package dir or below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// listed asks the go command once for all our packages. With -e it answers also
// while one of them does not compile; to say that is the compiler's business.
var listed = sync.OnceValues(func() ([]goPackage, error) {
	cmd := exec.Command("go", "list", "-e", "-json", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if len(p.GoFiles)+len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 {
			all = append(all, p)
		}
	}
})

// packages returns our packages in dir and below it; "" is all of them.
func packages(t *testing.T, dir string) []goPackage {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	var found []goPackage
	for _, p := range all {
		if dir == "" || within(p.path(), dir) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		t.Fatalf("there are no packages in %q", dir)
	}
	return found
}

// parse reads one file of p with its comments.
func parse(t *testing.T, fset *token.FileSet, p goPackage, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sources calls visit with every source file of ours, in Go or for the web, and not
// with what is installed, built or a tool's own.
func sources(t *testing.T, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "node_modules" || name == "dist" || path != root && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".ts", ".tsx", ".mjs", ".js", ".css":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			visit(filepath.ToSlash(path), string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
