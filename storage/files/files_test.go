package files_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/blob/blobtest"
	"parley/storage/files"
)

// owner is the channel of the tests.
const owner = "11111111-1111-4111-8111-111111111111"

// open opens a store in a folder.
func open(t *testing.T, o files.Options) *files.Store {
	t.Helper()
	s, err := files.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, files.Options{Dir: t.TempDir()}) })
}

// TestContractOverTheReferencesFolder runs with a fallback that must never be changed.
func TestContractOverTheReferencesFolder(t *testing.T) {
	old := t.TempDir()
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, files.Options{Dir: t.TempDir(), Fallback: old}) })
	if left := tree(t, old); left != "" {
		t.Errorf("the fallback has %s", left)
	}
}

// write makes a file with its folders.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree lists the files below a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, " ")
}

func TestFallbackIsReadAndNeverChanged(t *testing.T) {
	dir, old := t.TempDir(), t.TempDir()
	write(t, filepath.Join(old, "uploads/channels", owner, "a.txt"), "old")
	s := open(t, files.Options{Dir: dir, Fallback: old})
	key := blob.Key{Area: blob.ChannelUploads, Owner: owner, Name: "a.txt"}
	content := func() string {
		o, err := s.Open(t.Context(), key)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = o.Close() }()
		data, _ := io.ReadAll(o)
		return string(data)
	}
	if got := content(); got != "old" {
		t.Fatalf("read %q", got)
	}
	if _, err := s.Put(t.Context(), key, strings.NewReader("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(); got != "new" {
		t.Fatalf("read %q", got)
	}
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if got := content(); got != "old" {
		t.Fatalf("read %q", got)
	}
}

func TestOpenSweepsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "uploads/channels/.incoming/half"), "half")
	write(t, filepath.Join(dir, "generated/.incoming/half"), "half")
	write(t, filepath.Join(dir, "tmp/upload-1"), "half")
	write(t, filepath.Join(dir, "uploads/channels", owner, "whole.txt"), "whole")
	s := open(t, files.Options{Dir: dir})
	if got := tree(t, dir); got != "uploads/channels/"+owner+"/whole.txt" {
		t.Errorf("left: %s", got)
	}
	if s.Spool() != filepath.Join(dir, "tmp") {
		t.Errorf("spool %s", s.Spool())
	}
}

func TestFoldersGoWithTheirLastFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, files.Options{Dir: dir})
	for _, name := range []string{"a", "b"} {
		if _, err := s.Put(t.Context(), blob.Key{Area: blob.AgentUploads, Owner: owner, Name: name}, strings.NewReader(name)); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(dir, "uploads/agents", owner)
	for _, name := range []string{"a", "b"} {
		if _, err := os.Stat(folder); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), blob.Key{Area: blob.AgentUploads, Owner: owner, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret.txt"), "secret")
	write(t, filepath.Join(dir, "parley.db"), "secret")
	folder := filepath.Join(dir, "uploads/channels", owner)
	write(t, filepath.Join(folder, "plain.txt"), "plain")
	other := "22222222-2222-4222-8222-222222222222"
	for link, to := range map[string]string{
		filepath.Join(folder, "out.txt"):              filepath.Join(outside, "secret.txt"),
		filepath.Join(folder, "up.txt"):               "../../../parley.db",
		filepath.Join(folder, "loop.txt"):             "loop.txt",
		filepath.Join(folder, "dir"):                  ".",
		filepath.Join(dir, "uploads/channels", other): outside,
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, files.Options{Dir: dir})
	for _, key := range []blob.Key{
		{Area: blob.ChannelUploads, Owner: owner, Name: "out.txt"}, {Area: blob.ChannelUploads, Owner: owner, Name: "up.txt"},
		{Area: blob.ChannelUploads, Owner: owner, Name: "loop.txt"}, {Area: blob.ChannelUploads, Owner: owner, Name: "dir"},
		{Area: blob.ChannelUploads, Owner: other, Name: "secret.txt"},
	} {
		if o, err := s.Open(t.Context(), key); err == nil {
			data, _ := io.ReadAll(o)
			t.Errorf("%s holds %q", key, data)
		}
	}
	if _, err := s.Put(t.Context(), blob.Key{Area: blob.ChannelUploads, Owner: other, Name: "new.txt"}, strings.NewReader("x")); err == nil {
		t.Error("a link led a put out of the folder")
	}
	if got := tree(t, outside); got != "secret.txt" {
		t.Errorf("outside: %s", got)
	}
	if got := tree(t, filepath.Join(dir, "uploads/channels/.incoming")); got != "" {
		t.Errorf("incoming: %s", got)
	}
}

func TestFolderThatWentAwayIsUnavailable(t *testing.T) {
	dir := t.TempDir()
	s := open(t, files.Options{Dir: dir})
	if err := os.RemoveAll(filepath.Join(dir, "uploads")); err != nil {
		t.Fatal(err)
	}
	_, err := s.Put(t.Context(), blob.Key{Area: blob.ChannelUploads, Owner: owner, Name: "a"}, strings.NewReader("x"))
	if !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("err = %v", err)
	}
}
