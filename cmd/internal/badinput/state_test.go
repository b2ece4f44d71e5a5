package badinput_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// state is what a server keeps: a digest of each table and of each file beside it.
type state map[string]string

// state returns what the server keeps now.
func (s *server) state() state {
	s.t.Helper()
	digests, err := s.watch.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, dir := range s.dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "parley.") {
				return err
			}
			data, err := os.ReadFile(path)
			digests[path] = fmt.Sprintf("%x", sha256.Sum256(data))
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return digests
}

// changes names what differs between two states.
func changes(a, b state) (names []string) {
	for name := range maps.Keys(b) {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	for name := range maps.Keys(a) {
		if _, there := b[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// version changes with every commit to the database.
func (s *server) version() int64 {
	s.t.Helper()
	v, err := s.watch.Version()
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// quiet waits until nothing is written any more: agents finish their turns after the
// answers to what began them. What is owed is looked at first: it becomes work.
func (s *server) quiet() {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for {
		counts, err := s.watch.Counts()
		if err != nil {
			s.t.Fatal(err)
		}
		if counts["duties"] == 0 && counts["remains"] == 0 && s.Backlog() == 0 {
			return
		}
		if now := <-tick.C; now.After(deadline) {
			s.t.Fatalf("the server does not come to rest: %v", counts)
		}
	}
}
