package comments_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"parley/cmd/internal/comments"
)

// update writes the file instead of comparing it.
var update = flag.Bool("update", false, "renew domain/documents/comments.json")

// root is the repository, seen from here.
const root = "../../../"

func TestTheDocumentsHaveTheCurrentComments(t *testing.T) {
	found, err := comments.Read(root, "parley")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	j := json.NewEncoder(&want)
	j.SetEscapeHTML(false)
	j.SetIndent("", " ")
	if err := j.Encode(found); err != nil {
		t.Fatal(err)
	}
	const file = root + "domain/documents/comments.json"
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Error("domain/documents/comments.json is behind the code: run make docs")
	}
}
