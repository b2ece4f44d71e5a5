package system

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
)

// redacted stands in for the value of a field that looks like a credential.
const redacted = "***"

// redact replaces credentials in fields, however deep. Numbers and truth values
// stay: they count tokens, they are none.
func redact(fields map[string]any) {
	for key, value := range fields {
		switch v := value.(type) {
		case json.Number, bool, nil:
		case map[string]any:
			if looksSecret(key) {
				fields[key] = redacted
				continue
			}
			redact(v)
		case string:
			fields[key] = redactText(v)
			if looksSecret(key) {
				fields[key] = redacted
			}
		default:
			if looksSecret(key) {
				fields[key] = redacted
				continue
			}
			redactList(value)
		}
	}
}

// redactList redacts the objects and texts of a list.
func redactList(value any) {
	list, _ := value.([]any)
	for i, item := range list {
		switch v := item.(type) {
		case map[string]any:
			redact(v)
		case string:
			list[i] = redactText(v)
		default:
			redactList(item)
		}
	}
}

// looksSecret reports whether a field of this name may hold a credential.
func looksSecret(key string) bool {
	key = strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(key))
	for _, part := range []string{"apikey", "authorization", "cookie", "token", "secret", "password", "passwd", "passphrase",
		"privatekey", "accesskey", "credential"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

// The places of a text in which credentials stand: the query of an address, a header, the
// user part of an address, and in a line of JSON a field of such a name.
var (
	inQuery  = regexp.MustCompile(`(?i)((?:[?&;]|\\u0026)(?:api_?key|access_?token|auth|token|key|secret|password|signature)=)[^&\s"'<>\\]+`)
	inHeader = regexp.MustCompile(`(?i)\b((?:x-api-key|authorization|cookie|set-cookie)["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"'\\]+`)
	inScheme = regexp.MustCompile(`(?i)\b(bearer\s+)[a-z0-9._~+/=-]{8,}`)
	inField  = regexp.MustCompile(`(?i)("[^"\\]*(?:api_?-?key|authorization|cookie|token|secret|password|passwd|passphrase|credential)[^"\\]*":\s*)"(?:[^"\\]|\\.)*"`)
	inUser   = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@"'\\]*:[^/\s@"'\\]+@`)
)

// redactText replaces the credentials that stand in a text.
func redactText(text string) string {
	if !strings.ContainsAny(text, "=:") && !strings.ContainsAny(text, "bB") {
		return text
	}
	text = inQuery.ReplaceAllString(text, "${1}"+redacted)
	text = inHeader.ReplaceAllString(text, "${1}"+redacted)
	text = inScheme.ReplaceAllString(text, "${1}"+redacted)
	return inUser.ReplaceAllString(text, "${1}"+redacted+"@")
}

// shortestKnown is the length from which a known secret is looked for in the log; a
// shorter one would stand in ordinary words.
const shortestKnown = 6

// scrubber is the writer of NewScrubber.
type scrubber struct {
	out     io.Writer
	secrets [][]byte
}

// NewScrubber returns a writer that hands each line on to out without credentials: those
// of addresses and headers, and the given secrets wherever they stand. It is as safe for
// concurrent use as out.
func NewScrubber(out io.Writer, secrets ...string) io.Writer {
	s := &scrubber{out: out}
	for _, secret := range secrets {
		if len(secret) < shortestKnown {
			continue
		}
		s.secrets = append(s.secrets, []byte(secret))
		if quoted, err := json.Marshal(secret); err == nil {
			s.secrets = append(s.secrets, quoted[1:len(quoted)-1])
		}
	}
	return s
}

// Write hands one line on.
func (s *scrubber) Write(line []byte) (int, error) {
	clean := line
	if suspicious(line) {
		clean = []byte(inField.ReplaceAllString(redactText(string(line)), `${1}"`+redacted+`"`))
	}
	for _, secret := range s.secrets {
		if bytes.Contains(clean, secret) {
			clean = bytes.ReplaceAll(clean, secret, []byte(redacted))
		}
	}
	if _, err := s.out.Write(clean); err != nil {
		return 0, err
	}
	return len(line), nil
}

// suspicious reports whether a line may hold a credential; it is a quick look.
func suspicious(line []byte) bool {
	lower := bytes.ToLower(line)
	return slices.ContainsFunc([]string{"://", "?", "&", "bearer", "authorization", "cookie",
		"apikey", "api_key", "api-key", "token", "secret", "passw", "passphrase", "credential"}, func(sign string) bool {
		return bytes.Contains(lower, []byte(sign))
	})
}
