package config

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/domain"
)

// oddValues are texts that a careless writer of .env files loses something of.
var oddValues = []string{"", " ", "plain", "two words", " lead", "trail ", "a#b", "a #b", "#a", "a # b # c", `"`, `'`, `""`, `''`,
	`"quoted"`, `'quoted'`, `"it's"`, `it's "both"`, `'a' and "b"`, "\n", "a\nb", "a\n", "\r\n", "a\r\nb", "a\rb", "\r", "$", "$HOME", "${HOME}",
	"$(HOME)", `\$HOME`, `\\$A`, `\`, `a\`, `a\n`, `C:\new\table\`, "a\n\\", "a\n'\\", "a\n\"", "'\n\"", "'\n\\\"", "é", "日本語 ✓", "\u00a0x\u00a0", "\u0085", "a=b",
	"a: b", "export X=1", "-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\n", `{"a":"it's","b":[1]}`, "`cmd`", "!x", "\t", "a\tb", "\v", "\\\r", "\"\r\n'\\",
	"null", "0", strings.Repeat("x", 10_000), "a\u2028b", "😀 $", `\'`, `'\''`, `"\"`, "#", " #", "$_", `'$_"`}

// folder returns a folder without a .env above it that the test could find by mistake.
func folder(t *testing.T) (string, *EnvFile) {
	t.Helper()
	dir := t.TempDir()
	c := Default()
	c.WorkDir = dir
	return dir, c.EnvFile()
}

// write makes a .env in dir.
func write(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, ".env")
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

// text reads a file.
func textFrom(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryValueReadsBackTheSame(t *testing.T) {
	all := map[string]string{}
	for i, value := range oddValues {
		all[fmt.Sprintf("V%d", i)] = value
		text, err := editEnv("", map[string]string{"A": value, "B": "b"})
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		if got, err := parseDotenv([]byte(text)); err != nil || got["A"] != value || got["B"] != "b" || len(got) != 2 {
			t.Errorf("%q is read back as %q from %q (%v)", value, got, text, err)
		}
	}
	text, err := editEnv("", all)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseDotenv([]byte(text)); err != nil || !maps.Equal(got, all) {
		t.Errorf("all of them together are not read back: %v", err)
	}
}

func TestRandomValuesReadBackTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("aZ09 \t\n\r#$\\\"'={}()_:éß日😀\u00a0\u0085")
	for range 3000 {
		want := map[string]string{}
		for i := range 1 + random.IntN(4) {
			value := make([]rune, random.IntN(8))
			for j := range value {
				value[j] = letters[random.IntN(len(letters))]
			}
			want[string(rune('A'+i))] = string(value)
		}
		text, err := editEnv("# top\nA=1 # one\nexport B='2'\n", want)
		if err != nil {
			t.Fatalf("%q: %v", want, err)
		}
		if got, err := parseDotenv([]byte(text)); err != nil || !maps.Equal(got, want) || !strings.HasPrefix(text, "# top\n") {
			t.Fatalf("%q is read back as %q from %q (%v)", want, got, text, err)
		}
	}
}

func TestCommentsAndOrderStay(t *testing.T) {
	const before = "# head\n\nB=2 # two\n\n# about A\nexport A=\"1\"\nC: 'x\ny' # after\n# tail"
	for _, tc := range []struct {
		name, before string
		want         map[string]string
		after        string
	}{
		{"nothing changed", before, map[string]string{"A": "1", "B": "2", "C": "x\ny"}, before + "\n"},
		{"a value changed", before, map[string]string{"A": "1 1", "B": "2", "C": "x\ny"},
			"# head\n\nB=2 # two\n\n# about A\nexport A='1 1'\nC: 'x\ny' # after\n# tail\n"},
		{"one removed", before, map[string]string{"A": "1", "C": "x\ny"}, "# head\n\n\n# about A\nexport A=\"1\"\nC: 'x\ny' # after\n# tail\n"},
		{"all removed", before, map[string]string{}, "# head\n\n\n# about A\n# tail\n"},
		{"one added", "A=1", map[string]string{"A": "1", "Z": "", "B": "b"}, "A=1\nB=b\nZ=\n"},
		{"the last of two counts", "A=1\nA=2\n", map[string]string{"A": "3"}, "A=3\n"},
		{"two that are unchanged", "A=1\nA=2\n", map[string]string{"A": "2"}, "A=1\nA=2\n"},
		{"lines of Windows", "# c\r\nA=1\r\nB=2\r\n", map[string]string{"A": "x", "B": "2"}, "# c\r\nA=x\r\nB=2\r\n"},
		{"a value that refers to another", "A=1\nB=${A}0\n", map[string]string{"A": "2", "B": "10"}, "A=2\nB=10\n"},
		{"an empty file", "", map[string]string{"A": "x"}, "A=x\n"},
		{"only a comment", "# c", map[string]string{}, "# c\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			after, err := editEnv(tc.before, tc.want)
			if err != nil || after != tc.after {
				t.Errorf("%v\n%q, want\n%q", err, after, tc.after)
			}
		})
	}
}

func TestUnreadableFileIsNotTouched(t *testing.T) {
	dir, env := folder(t)
	const broken = "A=1\nthis is no assignment\nSECRET='hunter2"
	path := write(t, dir, broken)
	for _, merge := range []bool{true, false} {
		err := env.WriteFile(t.Context(), map[string]string{"A": "2"}, merge)
		if !domain.IsCode(err, domain.Internal) || strings.Contains(err.Error(), "hunter2") || textFrom(t, path) != broken {
			t.Errorf("merge %v: %v, %s", merge, err, textFrom(t, path))
		}
	}
	if _, err := env.ReadFile(t.Context()); !domain.IsCode(err, domain.Internal) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("read: %v", err)
	}
}

func TestFileIsMadeReplacedAndKept(t *testing.T) {
	dir, env := folder(t)
	ctx := t.Context()
	if got, err := env.ReadFile(ctx); err != nil || len(got) != 0 {
		t.Fatalf("no file: %v, %v", got, err)
	}
	if state := env.File(ctx); state.Exists || !state.Writable {
		t.Errorf("no file: %+v", state)
	}
	if err := env.WriteFile(ctx, map[string]string{"A": "1"}, false); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ".env")
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("a new file has mode %v (%v)", info.Mode(), err)
	}
	write(t, dir, "A=1\nB=2\n")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := env.WriteFile(ctx, map[string]string{"B": "3"}, false); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 || textFrom(t, path) != "B=3\n" {
		t.Errorf("%v %v: %s", err, info.Mode(), textFrom(t, path))
	}
	if kept := textFrom(t, path+".bak"); kept != "A=1\nB=2\n" {
		t.Errorf("the copy holds %q", kept)
	}
	if err := env.WriteFile(ctx, map[string]string{"C": "4"}, true); err != nil || textFrom(t, path) != "B=3\nC=4\n" {
		t.Errorf("merge: %v, %s", err, textFrom(t, path))
	}
	if state := env.File(ctx); !state.Exists || !state.Writable {
		t.Errorf("the file: %+v", state)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".env-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestNearestFileUpwardsIsMeant(t *testing.T) {
	dir, _ := folder(t)
	deep := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(filepath.Join(dir, "a", ".env"), 0o700); err != nil { // a folder of that name is passed by
		t.Fatal(err)
	}
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	path := write(t, dir, "A=1\n")
	c := Default()
	c.WorkDir = deep
	if err := c.EnvFile().WriteFile(t.Context(), map[string]string{"A": "2"}, false); err != nil || textFrom(t, path) != "A=2\n" {
		t.Errorf("%v: %s", err, textFrom(t, path))
	}
}

func TestLinkStaysALink(t *testing.T) {
	dir, env := folder(t)
	target := filepath.Join(dir, "shared")
	if err := os.WriteFile(target, []byte("A=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, ".env")); err != nil {
		t.Skip("this system has no links:", err)
	}
	if err := env.WriteFile(t.Context(), map[string]string{"A": "2"}, false); err != nil || textFrom(t, target) != "A=2\n" {
		t.Errorf("%v: %s", err, textFrom(t, target))
	}
	if info, err := os.Lstat(filepath.Join(dir, ".env")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
}

func TestWritersAtOnceLoseNothing(t *testing.T) {
	_, env := folder(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := env.WriteFile(context.Background(), map[string]string{fmt.Sprintf("V%d", i): "x"}, true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := env.ReadFile(t.Context()); err != nil || len(got) != 20 {
		t.Errorf("%d variables, %v", len(got), err)
	}
}

func TestVariablesSayWhereTheyAreFrom(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "LOG_LEVEL=debug\nOPENAI_API_KEY=sk-1\nBOTH=file\n")
	c, err := Load(Source{Args: []string{"--server-port=81"}, Env: []string{"ELIZA_SERVER_AUTH_TOKEN=hush", "BOTH=outer"}, Dir: dir, ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.EnvFile().Variables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ".env")
	for name, want := range map[string][3]string{
		"SERVER_PORT": {"81", "flag", "set"}, "LOG_LEVEL": {"debug", path, "set"}, "OPENAI_API_KEY": {"sk-1", path, "set"},
		"BOTH": {"outer", "environment", "set"}, "ELIZA_SERVER_AUTH_TOKEN": {"hush", "environment", "set"}, "RATE_LIMIT_API": {"1000", "default", ""},
	} {
		found := 0
		for _, v := range list {
			if v.Name != name {
				continue
			}
			found++
			if v.Value != want[0] || v.Source != want[1] || v.Set != (want[2] != "") || v.Secret != (name == "ELIZA_SERVER_AUTH_TOKEN") {
				t.Errorf("%+v, want %v", v, want)
			}
		}
		if found != 1 {
			t.Errorf("%s is listed %d times", name, found)
		}
	}
}

// FuzzEnvRoundTrip changes any .env to any values and checks that it reads back as told,
// and that the comments of the head stay.
func FuzzEnvRoundTrip(f *testing.F) {
	f.Add("# c\nA=1 # one\nB='x y'\nexport C=\"${A}\\n\"\n", "it's", "\"b\" $A #")
	for _, value := range oddValues {
		f.Add("A='1'\r\n#x\r\nB : 2", value, "\\")
	}
	f.Fuzz(func(t *testing.T, text, first, second string) {
		if strings.ContainsRune(first+second, 0) || !slices.Equal([]rune(first+second), []rune(strings.ToValidUTF8(first+second, ""))) {
			return // refused before it gets here
		}
		want := map[string]string{"A": first, "NEW": second}
		edited, err := editEnv(text, want)
		if err != nil {
			return // said so, and nothing was written
		}
		got, err := parseDotenv([]byte(edited))
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%q with %q became %q, read back as %q (%v)", text, want, edited, got, err)
		}
		if again, err := editEnv(edited, want); err != nil {
			t.Fatalf("what was written, %q, cannot be written again: %q, %v", edited, again, err)
		}
	})
}
