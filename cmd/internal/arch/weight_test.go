package arch_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reflective matches a function that looks methods up by name at run time, in what the
// linker tells of who needs whom.
var reflective = regexp.MustCompile(`(?m)^(\S+) <ReflectMethod> -> `)

// reflectiveIn links the package main in dir and returns its reflective functions.
func reflectiveIn(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	args = append([]string{"build", "-ldflags=-dumpdep", "-o", filepath.Join(t.TempDir(), "program")}, args...)
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Run(); err != nil {
		t.Fatalf("go build: %v\n%.2000s", err, &told)
	}
	var found []string
	for _, match := range reflective.FindAllSubmatch(told.Bytes(), -1) {
		if name := string(match[1]); !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

func TestTheLinkerMayDropMethodsThatNothingCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("links the whole server")
	}
	if found := reflectiveIn(t, root, "-tags", "nomsgpack", "./cmd/parley"); len(found) > 0 {
		t.Errorf("%s look up methods by name, for which the linker keeps every method of every type: "+
			"7 MB of the program and 4 MB of idle memory. Who calls them: go build -ldflags=-dumpdep", strings.Join(found, " and "))
	}
}

func TestALookUpByNameWouldBeSeen(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module probe\n",
		"main.go": "package main\n\nimport (\n\t\"os\"\n\t\"reflect\"\n)\n\nfunc main() { reflect.ValueOf(os.Stdout).MethodByName(os.Args[0]) }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found := reflectiveIn(t, dir, "."); !slices.Contains(found, "main.main") {
		t.Errorf("the linker tells otherwise now who looks up methods by name: it names %q", found)
	}
}

func TestTheProgramIsBuiltWithoutWhatItDoesNotUse(t *testing.T) {
	for file, want := range map[string]string{"Makefile": "TAGS             := nomsgpack\n", "Dockerfile": "go build -trimpath -tags nomsgpack "} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s lacks %q: gin's MessagePack costs 6 MB and nothing uses it", file, want)
		}
	}
}
