package domain

import (
	"fmt"
	"io"
)

// Secret is a text that must not be shown: whatever prints, logs or encodes it gets
// *** (nothing if it is empty). Only Reveal gives the text itself. It must not be the
// key of a map that is encoded: encoding/json writes keys of a text type as they are.
type Secret string

// hidden stands in for every non-empty Secret.
const hidden = "***"

// Reveal returns the secret text, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("domain.Secret(%q)", s.String()) }

// Format hides the text from every verb of package fmt, those for numbers included.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, s.GoString())
		return
	}
	_, _ = io.WriteString(f, s.String())
}

// MarshalText hides the text from encoders, zerolog's Interface and Any among them.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
