package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
)

// errJSON says that what should be sent is no JSON, or nested too deep.
var errJSON = errors.New("malformed JSON")

// placeholderHead begins the placeholder of an attachment, before its number.
const placeholderHead = `{"_placeholder":true,"num":`

// packer turns JSON into msgpack. Placeholders become the bytes that they stand for.
type packer struct {
	in          []byte
	at          int
	out         []byte
	attachments [][]byte
	depth       int
}

// space passes over white space and returns the byte that follows, 0 at the end.
func (p *packer) space() byte {
	for p.at < len(p.in) {
		switch c := p.in[p.at]; c {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return c
		}
	}
	return 0
}

// value appends the next value.
func (p *packer) value() error {
	switch c := p.space(); c {
	case '[':
		return p.container(0xdc, ']', (*packer).value)
	case '{':
		if done, err := p.placeholder(); done || err != nil {
			return err
		}
		return p.container(0xde, '}', (*packer).pair)
	case '"':
		return p.text()
	case 't':
		return p.word("true", 0xc3)
	case 'f':
		return p.word("false", 0xc2)
	case 'n':
		return p.word("null", 0xc0)
	default:
		return p.number()
	}
}

// word appends a literal.
func (p *packer) word(word string, code byte) error {
	if !bytes.HasPrefix(p.in[p.at:], []byte(word)) {
		return errJSON
	}
	p.at += len(word)
	p.out = append(p.out, code)
	return nil
}

// container appends an array or an object of which element appends each part. Its head has
// two bytes for the size, which are filled in afterwards; only one that needs four is moved.
func (p *packer) container(code, end byte, element func(*packer) error) error {
	if p.depth++; p.depth > maxDepth {
		return errJSON
	}
	p.at++
	head := len(p.out)
	p.out = append(p.out, code, 0, 0)
	n := 0
	for c := p.space(); c != end; n++ {
		if n > 0 {
			if c != ',' {
				return errJSON
			}
			p.at++
		}
		if err := element(p); err != nil {
			return err
		}
		c = p.space()
	}
	p.at++
	p.depth--
	if n > math.MaxUint16 {
		p.out = append(p.out, 0, 0)
		copy(p.out[head+5:], p.out[head+3:])
		p.out[head] = code + 1
		binary.BigEndian.PutUint32(p.out[head+1:], uint32(n))
		return nil
	}
	binary.BigEndian.PutUint16(p.out[head+1:], uint16(n))
	return nil
}

// pair appends a key and its value.
func (p *packer) pair() error {
	if p.space() != '"' {
		return errJSON
	}
	if err := p.text(); err != nil {
		return err
	}
	if p.space() != ':' {
		return errJSON
	}
	p.at++
	return p.value()
}

// placeholder appends the bytes that an object stands for, if it does.
func (p *packer) placeholder() (done bool, err error) {
	if len(p.attachments) == 0 || !bytes.HasPrefix(p.in[p.at:], []byte(placeholderHead)) {
		return false, nil
	}
	rest := p.in[p.at+len(placeholderHead):]
	end := bytes.IndexByte(rest, '}')
	if end < 0 {
		return false, errJSON
	}
	n, err := strconv.Atoi(string(rest[:end]))
	if err != nil || n < 0 || n >= len(p.attachments) {
		return false, errJSON
	}
	p.at += len(placeholderHead) + end + 1
	p.out = appendBytes(p.out, p.attachments[n])
	return true, nil
}

// text appends a string.
func (p *packer) text() error {
	rest := p.in[p.at+1:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return errJSON
	}
	if bytes.IndexByte(rest[:end], '\\') < 0 {
		p.out = appendString(p.out, rest[:end])
		p.at += end + 2
		return nil
	}
	end = 0
	for end < len(rest) && rest[end] != '"' {
		if rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(rest) {
		return errJSON
	}
	var s string
	if err := json.Unmarshal(p.in[p.at:p.at+end+2], &s); err != nil {
		return errJSON
	}
	p.out = appendString(p.out, s)
	p.at += end + 2
	return nil
}

// number appends a number: whole ones as such, as long as they fit.
func (p *packer) number() error {
	start := p.at
	whole := true
	for ; p.at < len(p.in); p.at++ {
		c := p.in[p.at]
		if c >= '0' && c <= '9' || c == '-' {
			continue
		}
		if c != '.' && c != 'e' && c != 'E' && c != '+' {
			break
		}
		whole = false
	}
	text := string(p.in[start:p.at])
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			p.out = appendInt(p.out, n)
			return nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return errJSON
	}
	p.out = binary.BigEndian.AppendUint64(append(p.out, 0xcb), math.Float64bits(f))
	return nil
}

// appendInt appends a whole number in its shortest form.
func appendInt(out []byte, n int64) []byte {
	switch {
	case n >= 0 && n < 0x80, n < 0 && n >= -0x20:
		return append(out, byte(n)) //nolint:gosec // one byte
	case n >= math.MinInt8 && n <= math.MaxInt8:
		return append(out, 0xd0, byte(n)) //nolint:gosec // one byte
	case n >= math.MinInt16 && n <= math.MaxInt16:
		return binary.BigEndian.AppendUint16(append(out, 0xd1), uint16(n)) //nolint:gosec // two bytes
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(out, 0xd2), uint32(n)) //nolint:gosec // four bytes
	default:
		return binary.BigEndian.AppendUint64(append(out, 0xd3), uint64(n)) //nolint:gosec // two's complement
	}
}

// appendString appends a string.
func appendString[T string | []byte](out []byte, s T) []byte {
	switch n := len(s); {
	case n < 0x20:
		out = append(out, 0xa0|byte(n))
	case n <= math.MaxUint8:
		out = append(out, 0xd9, byte(n))
	case n <= math.MaxUint16:
		out = binary.BigEndian.AppendUint16(append(out, 0xda), uint16(n))
	default:
		out = binary.BigEndian.AppendUint32(append(out, 0xdb), uint32(n)) //nolint:gosec // four bytes
	}
	return append(out, s...)
}

// appendBytes appends bytes.
func appendBytes(out, b []byte) []byte {
	switch n := len(b); {
	case n <= math.MaxUint8:
		out = append(out, 0xc4, byte(n))
	case n <= math.MaxUint16:
		out = binary.BigEndian.AppendUint16(append(out, 0xc5), uint16(n))
	default:
		out = binary.BigEndian.AppendUint32(append(out, 0xc6), uint32(n)) //nolint:gosec // four bytes
	}
	return append(out, b...)
}

// appendStrings appends an array of strings.
func appendStrings(out []byte, list []string) []byte {
	out = binary.BigEndian.AppendUint32(append(out, 0xdd), uint32(len(list))) //nolint:gosec // names of rooms
	for _, s := range list {
		out = appendString(out, s)
	}
	return out
}
