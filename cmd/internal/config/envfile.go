package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"parley/domain"
	"parley/domain/system"
)

// maxEnvFile bounds the .env that is read and written, in bytes.
const maxEnvFile = 4 << 20

// backupSuffix is added to the name of the .env for the copy of what it held before.
const backupSuffix = ".bak"

var _ system.Environment = (*EnvFile)(nil)

// EnvFile is the nearest .env from a folder upwards, and what the configuration says of its
// variables. It is safe for concurrent use within this process; another program that writes
// the file at the same time may lose or win, but never leaves half a file.
type EnvFile struct {
	cfg Config
	mu  sync.Mutex
}

// EnvFile returns the .env of this configuration's working directory.
func (c *Config) EnvFile() *EnvFile { return &EnvFile{cfg: *c} }

// find returns the path of the nearest .env; if there is none, the path of the one to make.
func (e *EnvFile) find() (path string, exists bool) {
	for dir := e.cfg.WorkDir; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, ".env")
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, true
		}
		if dir == filepath.Dir(dir) {
			return filepath.Join(e.cfg.WorkDir, ".env"), false
		}
	}
}

// File tells whether there is a .env and whether it, or else its folder, can be written.
func (e *EnvFile) File(context.Context) system.EnvFile {
	path, exists := e.find()
	return system.EnvFile{Exists: exists, Writable: writable(path, exists)}
}

// ReadFile returns the variables of the .env; none if there is no file.
func (e *EnvFile) ReadFile(context.Context) (map[string]string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, text, err := e.read()
	if err != nil {
		return nil, err
	}
	values, err := parseDotenv([]byte(text))
	if err != nil {
		return nil, domain.Wrap(domain.Internal, err, "The .env file is not in the form NAME=value, one a line")
	}
	return values, nil
}

// read returns the path and text of the .env, "" if there is none. The caller holds the lock.
func (e *EnvFile) read() (path, text string, err error) {
	path, exists := e.find()
	if !exists {
		return path, "", nil
	}
	info, err := os.Stat(path)
	if err == nil && (info.Size() > maxEnvFile || !info.Mode().IsRegular()) {
		err = errors.New("it is too large, or no ordinary file")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path) //nolint:gosec // the file that the program itself loads
	}
	if err != nil {
		return path, "", domain.Wrap(domain.Internal, err, "The .env file cannot be read")
	}
	return path, string(data), nil
}

// WriteFile makes the .env hold the values; see system.Environment. The file that was there
// before is kept beside it.
func (e *EnvFile) WriteFile(_ context.Context, values map[string]string, merge bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	path, text, err := e.read()
	if err != nil {
		return err
	}
	want := values
	if merge {
		if want, err = parseDotenv([]byte(text)); err != nil {
			return domain.Wrap(domain.Internal, err, "The .env file is not in the form NAME=value, one a line")
		}
		maps.Copy(want, values)
	}
	edited, err := editEnv(text, want)
	switch {
	case errors.Is(err, errUnwritable):
		return domain.Wrap(domain.Invalid, err, "content holds a value that a .env file cannot express")
	case err != nil:
		return domain.Wrap(domain.Internal, err, "The .env file is not in the form NAME=value, one a line")
	case len(edited) > maxEnvFile:
		return domain.Errorf(domain.Invalid, "The .env file would be larger than %d bytes", maxEnvFile)
	case edited == text:
		return nil
	}
	if err := replaceFile(path, text, edited); err != nil {
		return domain.Wrap(domain.Internal, err, "The .env file cannot be written")
	}
	return nil
}

// replaceFile puts a new text into the place of a file in one step, and the old one into a
// copy beside it, if there is one. A link stays one.
func replaceFile(path, before, after string) error {
	mode := fs.FileMode(0o600)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
		if err := writeFile(path+backupSuffix, before, mode); err != nil {
			return fmt.Errorf("keep a copy: %w", err)
		}
	}
	return writeFile(path, after, mode)
}

// writeFile writes a file beside its place and moves it there once it is on the disk.
func writeFile(path, text string, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".env-*.tmp")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Chmod(mode))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename last. Systems that cannot do that need not.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the folder of the .env
	if err != nil {
		return nil //nolint:nilerr // the file itself is written
	}
	_ = folder.Sync()
	return folder.Close()
}

// writable reports whether the file can be replaced: by whether its folder takes another.
func writable(path string, exists bool) bool {
	if exists {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".env-*.tmp")
	if err != nil {
		return false
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name())) == nil
}

// Variables lists the settings, and what else stands in the .env.
func (e *EnvFile) Variables(ctx context.Context) ([]system.Variable, error) {
	inFile, err := e.ReadFile(ctx)
	if err != nil {
		return nil, err
	}
	path, _ := e.find()
	list := e.cfg.variables()
	known := names()
	for _, name := range known {
		delete(inFile, name)
	}
	for name, value := range inFile {
		v := system.Variable{Name: name, Value: value, Set: true, Source: path, Description: e.describe(name)}
		if outer := e.cfg.environment(name); outer != "" {
			v.Value, v.Source = outer, "environment"
		}
		list = append(list, v)
	}
	return list, nil
}

// describe tells what a variable that is no setting is for.
func (e *EnvFile) describe(name string) string {
	if hasNoEffect(name) {
		return "A setting of ElizaOS that has no effect in this version."
	}
	return ""
}

// variables are the settings with the values in force, secrets in clear.
func (c *Config) variables() []system.Variable {
	var list []system.Variable
	for _, s := range c.settings() {
		v := system.Variable{Name: s.name, Value: s.value.String(), Set: c.given(s.name), Source: "default", Description: s.help}
		if v.Set {
			v.Source = c.sources[s.name]
		} else if v.Value == "" {
			v.Value = s.fallback
		}
		if hidden, ok := s.value.(bound[domain.Secret]); ok {
			v.Value, v.Secret = hidden.field.Reveal(), true
		}
		list = append(list, v)
	}
	return list
}
