//go:build !noui

package web_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"parley/web"
)

// maxFirstLoad is what a first visit may cost, compressed, with what is loaded beside the page.
const maxFirstLoad = 120 << 10

// reference finds what index.html loads from this server.
var reference = regexp.MustCompile(`(?:src|href)="/([^"]+)"`)

// inline finds what a strict content security policy forbids.
var inline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:[^>]*)>[^<]|javascript:`)

func TestPageIsCompleteAndSmall(t *testing.T) {
	files := web.Files()
	index := read(t, files, "index.html")
	first := gzipped(t, index)
	found := reference.FindAllStringSubmatch(string(index), -1)
	if len(found) == 0 {
		t.Fatal("index.html loads nothing")
	}
	for _, match := range found {
		body := read(t, files, match[1])
		if strings.HasPrefix(match[1], "assets/") {
			first += gzipped(t, body)
		}
	}
	all := gzipped(t, index)
	err := fs.WalkDir(files, "assets", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all += gzipped(t, read(t, files, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if all > maxFirstLoad {
		t.Errorf("a first visit loads %d bytes compressed, at most %d allowed", all, maxFirstLoad)
	}
	t.Logf("compressed: %d bytes until the page is drawn, %d with what is loaded beside it", first, all)
}

func TestPageHasNothingInline(t *testing.T) {
	if found := inline.Find(read(t, web.Files(), "index.html")); found != nil {
		t.Errorf("index.html has %q, which a strict policy forbids", found)
	}
}

func TestAssetsAreNamedByContent(t *testing.T) {
	hashed := regexp.MustCompile(`^assets/.+-[\w-]{8}\.(js|css)$`)
	err := fs.WalkDir(web.Files(), "assets", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !hashed.MatchString(path) {
			t.Errorf("%s may not be cached for ever: its name has no hash", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// read returns a file of the page.
func read(t *testing.T, files fs.FS, name string) []byte {
	t.Helper()
	body, err := fs.ReadFile(files, name)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return body
}

// gzipped returns the size of body on its way to a browser.
func gzipped(t *testing.T, body []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}
