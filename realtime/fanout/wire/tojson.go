package wire

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxDepth bounds how deep values may be nested, in both directions.
const maxDepth = 512

// maxAttachments bounds the binary parts of one value.
const maxAttachments = 256

// jsonWriter turns msgpack into JSON. Bytes become placeholders and attachments, as in the
// packets of Socket.IO.
type jsonWriter struct {
	reader
	out         []byte
	attachments [][]byte
	depth       int
}

// value appends the next value.
func (w *jsonWriter) value() error {
	t, err := w.next()
	if err != nil {
		return err
	}
	switch t.kind {
	case kindNil:
		w.out = append(w.out, "null"...)
	case kindBool:
		w.out = strconv.AppendBool(w.out, t.ext == 1)
	case kindInt:
		w.out = strconv.AppendInt(w.out, int64(t.number), 10) //nolint:gosec // two's complement
	case kindUint:
		w.out = strconv.AppendUint(w.out, t.number, 10)
	case kindFloat:
		w.out = appendFloat(w.out, math.Float64frombits(t.number))
	case kindString:
		w.out = appendQuoted(w.out, t.bytes)
	case kindBytes:
		return w.attach(t.bytes)
	case kindExtension:
		return w.extension(t)
	case kindArray:
		return w.nested(t.number, w.array)
	case kindMap:
		return w.nested(t.number, w.object)
	}
	return nil
}

// nested calls f one level deeper.
func (w *jsonWriter) nested(n uint64, f func(uint64) error) error {
	if w.depth++; w.depth > maxDepth {
		return errMalformed
	}
	err := f(n)
	w.depth--
	return err
}

// array appends n elements.
func (w *jsonWriter) array(n uint64) error {
	w.out = append(w.out, '[')
	for i := range n {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.value(); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
}

// object appends n pairs.
func (w *jsonWriter) object(n uint64) error {
	w.out = append(w.out, '{')
	for i := range n {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.key(); err != nil {
			return err
		}
		w.out = append(w.out, ':')
		if err := w.value(); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

// key appends the key of a pair; one that is no string is given by its text.
func (w *jsonWriter) key() error {
	t, err := w.next()
	if err != nil {
		return err
	}
	text, ok := t.text()
	if !ok {
		return errMalformed
	}
	w.out = appendQuoted(w.out, text)
	return nil
}

// text is what a name says that is a string or a number, as it may be in JavaScript.
func (t token) text() ([]byte, bool) {
	switch t.kind { //nolint:exhaustive // others are no names
	case kindString:
		return t.bytes, true
	case kindUint:
		return strconv.AppendUint(nil, t.number, 10), true
	case kindInt:
		return strconv.AppendInt(nil, int64(t.number), 10), true //nolint:gosec // two's complement
	case kindFloat:
		return appendFloat(nil, math.Float64frombits(t.number)), true
	}
	return nil, false
}

// attach appends a placeholder for bytes.
func (w *jsonWriter) attach(b []byte) error {
	if len(w.attachments) == maxAttachments {
		return errMalformed
	}
	w.out = append(w.out, placeholderHead...)
	w.out = strconv.AppendInt(w.out, int64(len(w.attachments)), 10)
	w.out = append(w.out, '}')
	w.attachments = append(w.attachments, b)
	return nil
}

// The extensions of the npm package notepack.io: dates, and what older versions made of
// ArrayBuffer, undefined and dates.
const (
	extTime = -1
	extOld  = 0
)

// extension appends a value of a type that JSON has not.
func (w *jsonWriter) extension(t token) error {
	switch {
	case t.ext == extTime:
		return w.time(t.bytes)
	case t.ext == extOld && len(t.bytes) == 1:
		w.out = append(w.out, "null"...)
		return nil
	case t.ext == extOld && len(t.bytes) == 8:
		w.moment(time.UnixMilli(int64(binary.BigEndian.Uint64(t.bytes)))) //nolint:gosec // milliseconds
		return nil
	case t.ext == extOld:
		return w.attach(t.bytes)
	}
	w.out = append(w.out, '[')
	w.out = strconv.AppendInt(w.out, int64(t.ext), 10)
	w.out = append(w.out, ',')
	err := w.attach(t.bytes)
	w.out = append(w.out, ']')
	return err
}

// time appends a timestamp of one of the three sizes.
func (w *jsonWriter) time(b []byte) error {
	switch len(b) {
	case 4:
		w.moment(time.Unix(int64(binary.BigEndian.Uint32(b)), 0))
	case 8:
		n := binary.BigEndian.Uint64(b)
		w.moment(time.Unix(int64(n&(1<<34-1)), int64(n>>34)))
	case 12:
		w.moment(time.Unix(int64(binary.BigEndian.Uint64(b[4:])), int64(binary.BigEndian.Uint32(b)))) //nolint:gosec // two's complement
	default:
		return errMalformed
	}
	return nil
}

// moment appends a time as JavaScript's JSON has it; one that it cannot say is null.
func (w *jsonWriter) moment(t time.Time) {
	t = t.UTC()
	if year := t.Year(); year < 0 || year > 9999 {
		w.out = append(w.out, "null"...)
		return
	}
	w.out = t.AppendFormat(w.out, `"2006-01-02T15:04:05.000Z"`)
}

// appendFloat appends a number as JSON; what JSON cannot say is null, as in JavaScript.
func appendFloat(out []byte, f float64) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(out, "null"...)
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(out, f, 'e', -1, 64)
	default:
		return strconv.AppendFloat(out, f, 'f', -1, 64)
	}
}

// appendQuoted appends a string as JSON. Bytes that are no UTF-8 are replaced.
func appendQuoted(out, s []byte) []byte {
	const digits = "0123456789abcdef"
	if !utf8.Valid(s) {
		s = []byte(string([]rune(string(s))))
	}
	out = append(out, '"')
	start := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		default:
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(out, s[start:]...), '"')
}
