package agents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/domain"
)

// Library finds character files. Only what lies in its folders is read: a path that leads
// out of them, by .. or by a link, is as if nothing were there. The zero value knows the
// characters that come with the program. It is safe for concurrent use.
type Library struct {
	// Dirs are the folders in which files may lie, as absolute paths; they need not exist.
	Dirs []string
	// Cwd is the working directory, from which relative paths count.
	Cwd string
	// Remote fetches characters from addresses; nil refuses them.
	Remote *Fetcher
}

// Find returns the character of a file's path or, where that is allowed, of an address,
// which may answer one character or a list, of which the first one counts. Codes: invalid
// (no character), not_found, forbidden (addresses are not allowed), unavailable.
func (l Library) Find(ctx context.Context, path string) (Character, error) {
	if strings.ContainsRune(path, 0) || len(path) > 4096 {
		return Character{}, domain.Errorf(domain.Invalid, "characterPath is not a path")
	}
	if lower := strings.ToLower(path); strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		if l.Remote == nil {
			return Character{}, domain.Errorf(domain.Invalid, "Characters are not loaded from addresses here (ALLOW_REMOTE_CHARACTERS allows it)")
		}
		all, err := l.Remote.Fetch(ctx, path)
		if err != nil {
			return Character{}, err
		}
		return all[0], nil
	}
	for _, candidate := range l.candidates(path) {
		data, err := l.read(candidate)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Character{}, domain.Wrap(domain.Invalid, err, fmt.Sprintf("Character file %s cannot be read", quoted(path)))
		}
		return readCharacter(data)
	}
	if data, err := characters.ReadFile("characters/" + l.embedded(path)); err == nil {
		return readCharacter(data)
	}
	return Character{}, domain.Errorf(domain.NotFound,
		"Character %s not found. Character files are looked for in the folders of CHARACTER_DIRS", quoted(path))
}

// quoted is a path for a message.
func quoted(path string) string { return "'" + shortened(path) + "'" }

// candidates are the absolute paths at which a file may be, in the reference's order: as
// given, from the working directory and some above it; then in the folders themselves,
// with its own folder and without, in place of those beside the reference's program. Each
// is tried with .json and without.
func (l Library) candidates(path string) []string {
	var bases []string
	if filepath.IsAbs(path) {
		bases = []string{path}
	} else {
		for _, from := range []string{"", "../..", "../../..", "agent"} {
			bases = append(bases, filepath.Join(l.Cwd, from, path))
		}
		for _, dir := range l.Dirs {
			bases = append(bases, filepath.Join(dir, path), filepath.Join(dir, filepath.Base(path)))
		}
	}
	all := slices.Clone(bases)
	if !strings.EqualFold(filepath.Ext(path), ".json") {
		for _, b := range bases {
			all = append(all, b+".json")
		}
	}
	return all
}

// read reads a file that lies in one of the folders; fs.ErrNotExist if it does not.
func (l Library) read(path string) ([]byte, error) {
	for _, dir := range l.Dirs {
		name, err := filepath.Rel(dir, filepath.Clean(path))
		if err != nil || !filepath.IsLocal(name) || name == "." {
			continue
		}
		data, err := readWithin(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return data, err
	}
	return nil, fs.ErrNotExist
}

// readWithin reads a file below a folder, which links cannot lead out of. What is no
// regular file does not exist: reading a pipe would never end.
func readWithin(dir, name string) (data []byte, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	if info.Size() > maxCharacter {
		return nil, fmt.Errorf("it is larger than %d bytes", maxCharacter)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, maxCharacter+1))
}

// embedded is the name that a path gives to a character of the program: those lie in the
// folder characters, wherever the server was started.
func (l Library) embedded(path string) string {
	if filepath.IsAbs(path) {
		rel, err := filepath.Rel(l.Cwd, path)
		if err != nil {
			return ""
		}
		path = rel
	}
	name := filepath.ToSlash(filepath.Clean(path))
	name = strings.TrimSuffix(strings.TrimPrefix(name, "characters/"), ".json")
	if strings.ContainsAny(name, `/\`) || name == "" {
		return ""
	}
	return name + ".json"
}

// Files returns the paths of the character files in a folder, in the order of their names.
func (l Library) Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list character files: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".json") {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}
