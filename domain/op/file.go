package op

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// File is an uploaded file. It is the operation's until that answers, and then gone.
type File struct {
	// Name is the name that the caller gave it, as it came: it may hold anything.
	Name string
	// Type is the media type that the caller gave it, as it came; "" if it gave none.
	Type string
	Size int64
	// Content gives the bytes, from any place and as often as is wanted.
	Content io.ReadSeeker
}

// Files reports whether the operation takes an uploaded file, at most one.
func (o *Op) Files() bool { return o.decoder.file >= 0 }

// fromForm turns the texts of a form's field into JSON of the field's type: like those of
// a query, except that objects, and lists that say so, are JSON.
func fromForm(texts []string, typ reflect.Type) (json.RawMessage, error) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	text := strings.TrimSpace(texts[0])
	switch {
	case typ.Kind() == reflect.Map && text == "":
		return nil, nil
	case typ.Kind() != reflect.Map && (typ.Kind() != reflect.Slice || !strings.HasPrefix(text, "[")):
		return fromText(texts, typ)
	case !utf8.ValidString(text) || !json.Valid([]byte(text)) || hasLoneSurrogate([]byte(text)):
		return nil, errors.New("must be JSON")
	case text == "null":
		return nil, nil
	default:
		return json.RawMessage(text), nil
	}
}
