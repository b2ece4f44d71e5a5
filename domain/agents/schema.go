package agents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/domain"
)

// Bounds of a character, which comes from outside.
const (
	// maxCharacter is how many bytes a character may have, pictures included.
	maxCharacter = 4 << 20
	// maxDepth is how deep its lists and objects may be nested.
	maxDepth = 32
	// maxName is how many characters names may have.
	maxName = 256
	// maxFaults is how many faults are told, and unknown keys named; a file of garbage has
	// thousands. So many times more are looked for, to tell them in order.
	maxFaults  = 20
	maxNoticed = 10 * maxFaults
	// maxQuoted is how many bytes of a path or a value a message repeats.
	maxQuoted = 200
)

// checker gathers what is wrong with a JSON value, in the reference's words.
type checker struct{ issues []domain.Issue }

// add notes a fault at a path.
func (c *checker) add(path, format string, args ...any) {
	if len(c.issues) < maxNoticed {
		c.issues = append(c.issues, domain.Issue{Path: shortened(path), Message: fmt.Sprintf(format, args...)})
	}
}

// shortened is the beginning of a text for a message.
func shortened(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "..."
}

// rule checks a value that is present.
type rule func(c *checker, path string, value any)

// below is the path of a member.
func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// absent stands for a field that is not there, in a rule that has words of its own for it.
type absent struct{}

// kind is a value's type in the reference's words.
func kind(value any) string {
	switch value.(type) {
	case absent:
		return "undefined"
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// is checks the type of a value.
func is(want string) rule {
	return func(c *checker, path string, value any) {
		if kind(value) != want {
			c.add(path, "Expected %s, received %s", want, kind(value))
		}
	}
}

// text is a text.
var text = is("string")

// name is a text that is shown in lists; missing is what is said of an empty one, "" if
// it may be empty.
func name(missing string) rule {
	return func(c *checker, path string, value any) {
		s, ok := value.(string)
		switch {
		case !ok:
			text(c, path, value)
		case strings.TrimSpace(s) == "" && missing != "":
			c.add(path, "%s", missing)
		case utf8.RuneCountInString(s) > maxName:
			c.add(path, "String must contain at most %d character(s)", maxName)
		}
	}
}

// identifier is a UUID.
func identifier(c *checker, path string, value any) {
	s, ok := value.(string)
	if !ok {
		text(c, path, value)
	} else if !domain.IsUUID(s) {
		c.add(path, "Invalid UUID format")
	}
}

// listOf is a list of values of a rule.
func listOf(each rule) rule {
	return func(c *checker, path string, value any) {
		list, ok := value.([]any)
		if !ok {
			is("array")(c, path, value)
			return
		}
		for i, v := range list {
			each(c, below(path, strconv.Itoa(i)), v)
		}
	}
}

// recordOf is an object with free keys and values of a rule.
func recordOf(each rule) rule {
	return func(c *checker, path string, value any) {
		object, ok := value.(map[string]any)
		if !ok {
			is("object")(c, path, value)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			each(c, below(path, key), object[key])
		}
	}
}

// oneOf is a value of one of some types.
func oneOf(kinds ...string) rule {
	return func(c *checker, path string, value any) {
		if !slices.Contains(kinds, kind(value)) {
			c.add(path, "Invalid input: Expected %s, received %s", strings.Join(kinds, " or "), kind(value))
		}
	}
}

// objectOf is an object with known fields, of which some are required; others are free.
func objectOf(fields map[string]rule, required ...string) rule {
	return func(c *checker, path string, value any) {
		object, ok := value.(map[string]any)
		if !ok {
			is("object")(c, path, value)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if v, given := object[key]; given {
				fields[key](c, below(path, key), v)
			} else if slices.Contains(required, key) {
				c.add(below(path, key), "Required")
			}
		}
	}
}

// parser reads JSON into values, and notes what encoding/json would pass over.
type parser struct {
	*json.Decoder
	checker
}

// errTooDeep ends the reading of what is nested too deep.
var errTooDeep = errors.New("nested too deep")

// parse reads one JSON object. Keys that stand twice and texts that cannot be stored are
// noted in the checker. The error is about JSON as such, safe to show.
func parse(data []byte) (map[string]any, checker, error) {
	if len(data) > maxCharacter {
		return nil, checker{}, fmt.Errorf("larger than %d bytes", maxCharacter)
	}
	if !utf8.Valid(data) {
		return nil, checker{}, errors.New("expected one JSON object in valid UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, checker{}, fmt.Errorf("expected one JSON object%s", place(data, err))
	}
	p := parser{Decoder: json.NewDecoder(bytes.NewReader(data))}
	p.UseNumber()
	value, err := p.value("", 0)
	if err != nil {
		return nil, checker{}, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, checker{}, fmt.Errorf("expected one JSON object, received %s", kind(value))
	}
	return object, p.checker, nil
}

// place says where in data the JSON breaks, "" if err does not tell.
func place(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	before := data[:min(max(int(syntax.Offset)-1, 0), len(data))]
	line, column := 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf(" (line %d, column %d: %s)", line, column, syntax.Error())
}

// value reads the next value; the JSON is known to be valid.
func (p *parser) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	token, err := p.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return p.object(path, depth)
		}
		return p.list(path, depth)
	case string:
		if strings.ContainsRune(t, 0) {
			p.add(path, "must not contain NUL")
		}
		return t, nil
	default:
		return t, nil
	}
}

// object reads the rest of an object.
func (p *parser) object(path string, depth int) (any, error) {
	object := map[string]any{}
	for p.More() {
		token, err := p.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		at := below(path, key)
		value, err := p.value(at, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := object[key]; twice {
			p.add(at, "Duplicate key")
		}
		if strings.ContainsRune(key, 0) {
			p.add(path, "a key must not contain NUL")
		}
		object[key] = value
	}
	_, err := p.Token()
	return object, err
}

// list reads the rest of a list.
func (p *parser) list(path string, depth int) (any, error) {
	list := []any{}
	for p.More() {
		value, err := p.value(below(path, strconv.Itoa(len(list))), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := p.Token()
	return list, err
}
