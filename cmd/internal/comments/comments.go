package comments

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Folders are those whose types go over the wire.
var Folders = []string{"domain", "realtime"}

// Read returns the comments of all structs with JSON tags below the folders of the
// repository at root, without those of tests and their suites, under the keys of
// schema.TypeKey and schema.FieldKey.
func Read(root, module string) (map[string]string, error) {
	out := map[string]string{}
	for _, folder := range Folders {
		err := fs.WalkDir(os.DirFS(root), folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(path.Dir(name), "test") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			addFile(out, module+"/"+path.Dir(name), f)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addFile adds the comments of a file's types.
func addFile(out map[string]string, pkg string, f *ast.File) {
	for _, decl := range f.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			doc := t.Doc
			if doc == nil && len(group.Specs) == 1 {
				doc = group.Doc
			}
			addType(out, pkg+"."+t.Name.Name, t, doc)
		}
	}
}

// addType adds the comments of a type and its fields if it is one for the wire.
func addType(out map[string]string, key string, t *ast.TypeSpec, doc *ast.CommentGroup) {
	s, ok := t.Type.(*ast.StructType)
	if !ok || !tagged(s) {
		return
	}
	if text := clean(doc); text != "" {
		out[key] = text
	}
	for _, field := range s.Fields.List {
		text := clean(field.Doc)
		if text == "" {
			text = clean(field.Comment)
		}
		for _, name := range field.Names {
			if text != "" {
				out[key+"."+name.Name] = text
			}
		}
	}
}

// tagged reports whether a struct has JSON tags.
func tagged(s *ast.StructType) bool {
	for _, field := range s.Fields.List {
		if field.Tag != nil && strings.Contains(field.Tag.Value, `json:"`) {
			return true
		}
	}
	return false
}

// clean is the text of a comment on one line.
func clean(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	return strings.Join(strings.Fields(group.Text()), " ")
}
