package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/joho/godotenv"
)

// errUnreadable says that a .env is not in the form that its reader takes.
var errUnreadable = errors.New("not in the form NAME=value, one a line")

// errUnwritable says that no notation of the .env reads back as the value.
var errUnwritable = errors.New("a value cannot be written so that it reads back the same")

// statement is one assignment of a .env.
type statement struct {
	// name is the variable.
	name string
	// begin, value and end are where it stands in the text: from its first character to the
	// one after its value, which starts at value.
	begin, value, end int
}

// editEnv returns the text of a .env with its variables changed to want: all of them and no
// others. Comments, order and spelling of what stays are kept; new variables come last. It
// fails with errUnreadable or errUnwritable.
func editEnv(text string, want map[string]string) (string, error) {
	windows := strings.Contains(text, "\r\n")
	text = strings.ReplaceAll(text, "\r\n", "\n") // as its reader does
	statements, err := scanEnv(text)
	if err != nil {
		return "", err
	}
	now, err := parseDotenv([]byte(text))
	if err != nil {
		return "", errUnreadable
	}
	for _, keep := range []bool{true, false} {
		// Values may refer to one another, so that keeping the spelling of an unchanged one
		// can change it: then all are written anew.
		edited, err := composeEnv(text, statements, want, func(name string) bool { return keep && now[name] == want[name] })
		if err != nil {
			return "", err
		}
		if windows {
			edited = strings.ReplaceAll(edited, "\n", "\r\n")
		}
		if got, err := parseDotenv([]byte(edited)); err == nil && maps.Equal(got, want) {
			return edited, nil
		}
	}
	return "", errUnwritable
}

// composeEnv puts the text together again: statements of wanted variables stay or get their
// new value, the others go, with the rest of their line.
func composeEnv(text string, statements []statement, want map[string]string, keep func(name string) bool) (string, error) {
	var b strings.Builder
	at, last := 0, map[string]int{}
	for i, s := range statements {
		last[s.name] = i
	}
	for i, s := range statements {
		b.WriteString(text[at:s.begin])
		value, wanted := want[s.name]
		switch {
		case wanted && keep(s.name):
			b.WriteString(text[s.begin:s.end])
			at = s.end
		case wanted && last[s.name] == i: // the last one counts
			rest, _, _ := strings.Cut(text[s.end:], "\n")
			alone := isComment(rest)
			if !alone { // another statement follows on the line, as one can after quotes
				rest = ""
			}
			quoted, err := quoteEnv(value, rest)
			if err != nil {
				return "", err
			}
			b.WriteString(text[s.begin:s.value] + quoted)
			if !alone {
				b.WriteByte('\n')
			}
			at = s.end
		default:
			at = lineEnd(text, s.end)
		}
	}
	b.WriteString(text[at:])
	return appendEnv(b.String(), want, last)
}

// appendEnv adds the variables that no statement names.
func appendEnv(text string, want map[string]string, named map[string]int) (string, error) {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := named[name]; ok {
			continue
		}
		quoted, err := quoteEnv(want[name], "")
		if err != nil {
			return "", err
		}
		text += name + "=" + quoted + "\n"
	}
	return text, nil
}

// lineEnd is where the line after at begins, unless more than a comment follows at.
func lineEnd(text string, at int) int {
	rest, _, found := strings.Cut(text[at:], "\n")
	if !isComment(rest) {
		return at
	}
	if !found {
		return len(text)
	}
	return at + len(rest) + 1
}

// isComment reports whether nothing but a comment stands in the rest of a line.
func isComment(rest string) bool {
	trimmed := strings.TrimSpace(rest)
	return trimmed == "" || trimmed[0] == '#'
}

// quoteEnv writes a value in the plainest notation that reads back the same where rest
// follows on its line.
func quoteEnv(value, rest string) (string, error) {
	if isPlain(value) && (value != "" || rest == "") {
		return value, nil
	}
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, `$`, `\$`).Replace(value)
	dollars := strings.ReplaceAll(value, `$`, `\$`)
	for _, notation := range []string{
		`'` + value + `'`,
		`"` + escaped + `"`,
		`"` + escaped + `""`, // after a backslash the first one does not end it
		dollars,
		dollars + ` #`, // what precedes the last comment is the value
		`"` + escaped + `$_"`,
	} {
		if got, err := godotenv.Unmarshal("A=" + notation + rest + "\nB=b\n"); err == nil && len(got) == 2 && got["A"] == value && got["B"] == "b" {
			return notation, nil
		}
	}
	return "", errUnwritable
}

// isPlain reports whether a value needs no quotes, for any reader of such files.
func isPlain(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("_-./:@%+,=?&~^", r)
	})
}

// scanEnv finds the statements of a .env by the rules of its reader, which does not tell
// where they stand.
func scanEnv(text string) ([]statement, error) {
	var all []statement
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
		if at == len(text) {
			return all, nil
		}
		if text[at] == '#' {
			if at += strings.IndexByte(text[at:]+"\n", '\n'); at == len(text) {
				return all, nil
			}
			continue
		}
		s, err := scanStatement(text, at)
		if err != nil {
			return nil, err
		}
		all, at = append(all, s), s.end
	}
}

// scanStatement reads the statement that begins at a place.
func scanStatement(text string, begin int) (statement, error) {
	s := statement{begin: begin}
	sign := strings.IndexAny(text[begin:], "=:")
	if sign < 0 {
		return s, errUnreadable
	}
	s.name = text[begin : begin+sign]
	if rest, ok := strings.CutPrefix(s.name, "export"); ok && strings.TrimLeftFunc(rest, isBlank) != rest {
		s.name = strings.TrimLeftFunc(rest, isBlank)
	}
	s.name = strings.TrimRightFunc(s.name, unicode.IsSpace)
	s.value = begin + sign + 1
	s.value += len(text[s.value:]) - len(strings.TrimLeftFunc(text[s.value:], isBlank))
	value := text[s.value:]
	if value == "" || value[0] != '"' && value[0] != '\'' {
		end := strings.IndexAny(value, "\n\r")
		if end < 0 {
			end = len(value)
		}
		s.end = s.value + valueEnd(value[:end])
		return s, nil
	}
	for i := 1; i < len(value); i++ {
		if value[i] == value[0] && value[i-1] != '\\' {
			s.end = s.value + i + 1
			return s, nil
		}
	}
	return s, errUnreadable
}

// valueEnd is where an unquoted value ends: before the space and the comment behind it.
func valueEnd(line string) int {
	for i := len(line) - 1; i > 0; i-- {
		if line[i] == '#' && strings.TrimRightFunc(line[:i], isBlank) != line[:i] {
			return len(strings.TrimRightFunc(line[:i], isBlank))
		}
	}
	return len(strings.TrimRightFunc(line, isBlank))
}

// isBlank is what the reader takes for a space within a line.
func isBlank(r rune) bool {
	switch r {
	case '\t', '\v', '\f', '\r', ' ', 0x85, 0xA0:
		return true
	default:
		return false
	}
}
