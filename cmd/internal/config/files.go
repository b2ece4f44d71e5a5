package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/joho/godotenv"
)

// readDotenv reads the nearest .env from the working directory upwards; there need
// not be one.
func readDotenv(src Source) (layer, error) {
	l := layer{source: ".env"}
	for dir := src.Dir; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, ".env")
		data, err := src.ReadFile(path)
		switch {
		case err == nil:
			l.source = path
			l.values, err = parseDotenv(data)
			if err != nil {
				return l, fmt.Errorf("%s: %w", path, err)
			}
			return l, nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EISDIR): // a folder .env is somebody's Python
			return l, fmt.Errorf("read the nearest .env: %w", err)
		case dir == filepath.Dir(dir):
			return l, nil
		}
	}
}

// parseDotenv reads the lines of a .env. The library's own error quotes the file, in
// which there are secrets, so it is replaced.
func parseDotenv(data []byte) (map[string]string, error) {
	values, err := godotenv.UnmarshalBytes(data)
	if err != nil {
		return nil, errors.New("not in the form NAME=value, one a line (a value with spaces, # or $ needs 'quotes')")
	}
	return values, nil
}

// readFile reads the config file that one of layers names, if any.
func (c *Config) readFile(src Source, layers []layer) (layer, error) {
	l := layer{source: "file", keyed: true}
	path := ""
	for _, named := range layers {
		if v, ok := named.lookup(setting{name: "PARLEY_CONFIG"}); ok {
			path = v
			break
		}
	}
	if path == "" {
		return l, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(src.Dir, path)
	}
	l.source = path
	data, err := src.ReadFile(path)
	if err != nil {
		return l, fmt.Errorf("read the config file: %w", err)
	}
	if l.values, err = parseFile(data); err != nil {
		return l, fmt.Errorf("config file %s: %w", path, err)
	}
	return l, nil
}

// parseFile reads a flat JSON object of texts, numbers, booleans and lists of texts.
func parseFile(data []byte) (map[string]string, error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows after the JSON object")
	}
	values := map[string]string{}
	for key, v := range object {
		text, err := textOf(v)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		values[key] = text
	}
	return values, nil
}

// textOf writes a JSON value as it would stand in the environment; null is absent.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool, json.Number:
		return fmt.Sprint(v), nil
	case []any:
		var parts []string
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return "", errors.New("a list may hold texts only")
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, ","), nil
	default:
		return "", errors.New("must be a text, a number, true, false or a list of texts")
	}
}
