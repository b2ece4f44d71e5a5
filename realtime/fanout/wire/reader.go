package wire

import (
	"encoding/binary"
	"errors"
	"math"
)

// errMalformed says that bytes are no msgpack of the form expected.
var errMalformed = errors.New("malformed msgpack")

// kind says what a token is.
type kind uint8

// The kinds of tokens. Those from kindArray on are followed by their elements.
const (
	kindNil kind = iota
	kindBool
	kindInt
	kindUint
	kindFloat
	kindString
	kindBytes
	kindExtension
	kindArray
	kindMap
)

// token is one value of msgpack, or the head of an array or a map.
type token struct {
	kind kind
	// ext is the type of an extension; true of a boolean is 1.
	ext int8
	// number is a kindUint as it is, a kindInt in two's complement, a kindFloat in the
	// bits of a float64, and the size of an array or a map.
	number uint64
	// bytes are those of the input.
	bytes []byte
}

// reader takes tokens off its input.
type reader struct{ rest []byte }

// take cuts n bytes off.
func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.rest)) {
		return nil, errMalformed
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, nil
}

// uint cuts a number of size bytes off.
func (r *reader) uint(size uint64) (uint64, error) {
	b, err := r.take(size)
	if err != nil {
		return 0, err
	}
	switch size {
	case 1:
		return uint64(b[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(b)), nil
	default:
		return binary.BigEndian.Uint64(b), nil
	}
}

// next takes one token off. The elements of what it announces fit into the input.
func (r *reader) next() (token, error) {
	if len(r.rest) == 0 {
		return token{}, errMalformed
	}
	prefix := r.rest[0]
	r.rest = r.rest[1:]
	switch {
	case prefix < 0x80:
		return token{kind: kindUint, number: uint64(prefix)}, nil
	case prefix < 0x90:
		return r.container(kindMap, uint64(prefix&0x0f))
	case prefix < 0xa0:
		return r.container(kindArray, uint64(prefix&0x0f))
	case prefix < 0xc0:
		return r.run(kindString, uint64(prefix&0x1f))
	case prefix >= 0xe0:
		return token{kind: kindInt, number: uint64(int64(int8(prefix)))}, nil //nolint:gosec // two's complement
	}
	return r.long(prefix)
}

// long is next for the prefixes that a size or a number follows.
func (r *reader) long(prefix byte) (token, error) {
	switch {
	case prefix == 0xc0:
		return token{kind: kindNil}, nil
	case prefix == 0xc2 || prefix == 0xc3:
		return token{kind: kindBool, ext: int8(prefix & 1)}, nil
	case prefix >= 0xc4 && prefix <= 0xc6:
		return r.sized(kindBytes, 1<<(prefix-0xc4))
	case prefix >= 0xc7 && prefix <= 0xc9:
		n, err := r.uint(1 << (prefix - 0xc7))
		if err != nil {
			return token{}, err
		}
		return r.extension(n)
	case prefix == 0xca || prefix == 0xcb:
		return r.float(prefix == 0xcb)
	case prefix >= 0xcc && prefix <= 0xcf:
		n, err := r.uint(1 << (prefix - 0xcc))
		return token{kind: kindUint, number: n}, err
	case prefix >= 0xd0 && prefix <= 0xd3:
		return r.signed(1 << (prefix - 0xd0))
	case prefix >= 0xd4 && prefix <= 0xd8:
		return r.extension(1 << (prefix - 0xd4))
	case prefix >= 0xd9 && prefix <= 0xdb:
		return r.sized(kindString, 1<<(prefix-0xd9))
	case prefix == 0xdc || prefix == 0xdd:
		return r.sized(kindArray, 2<<(prefix-0xdc))
	case prefix == 0xde || prefix == 0xdf:
		return r.sized(kindMap, 2<<(prefix-0xde))
	}
	return token{}, errMalformed
}

// sized takes a size of some bytes off, and what it is the size of.
func (r *reader) sized(k kind, size uint64) (token, error) {
	n, err := r.uint(size)
	switch {
	case err != nil:
		return token{}, err
	case k == kindArray || k == kindMap:
		return r.container(k, n)
	default:
		return r.run(k, n)
	}
}

// run is a string or bytes.
func (r *reader) run(k kind, n uint64) (token, error) {
	b, err := r.take(n)
	return token{kind: k, bytes: b}, err
}

// container is the head of an array or a map; each element takes a byte at least.
func (r *reader) container(k kind, n uint64) (token, error) {
	least := n
	if k == kindMap {
		least = 2 * n
	}
	if least > uint64(len(r.rest)) {
		return token{}, errMalformed
	}
	return token{kind: k, number: n}, nil
}

// extension is a type and n bytes.
func (r *reader) extension(n uint64) (token, error) {
	b, err := r.take(n + 1)
	if err != nil {
		return token{}, err
	}
	return token{kind: kindExtension, ext: int8(b[0]), bytes: b[1:]}, nil //nolint:gosec // two's complement
}

// float is a number of four or eight bytes.
func (r *reader) float(double bool) (token, error) {
	if double {
		n, err := r.uint(8)
		return token{kind: kindFloat, number: n}, err
	}
	n, err := r.uint(4)
	return token{kind: kindFloat, number: math.Float64bits(float64(math.Float32frombits(uint32(n))))}, err //nolint:gosec // four bytes
}

// signed is a number of size bytes that may be below zero.
func (r *reader) signed(size uint64) (token, error) {
	n, err := r.uint(size)
	shift := 64 - 8*size
	return token{kind: kindInt, number: uint64(int64(n<<shift) >> shift)}, err //nolint:gosec // two's complement
}

// skip takes one value with all that is in it off and returns its bytes. However deep it
// is nested, it takes no more room.
func (r *reader) skip() ([]byte, error) {
	start := r.rest
	for left := uint64(1); left > 0; left-- {
		t, err := r.next()
		if err != nil {
			return nil, err
		}
		switch t.kind { //nolint:exhaustive // the others have no elements
		case kindArray:
			left += t.number
		case kindMap:
			left += 2 * t.number
		}
		if left-1 > uint64(len(r.rest)) {
			return nil, errMalformed
		}
	}
	return start[:len(start)-len(r.rest)], nil
}

// text takes a string off.
func (r *reader) text() ([]byte, error) {
	t, err := r.next()
	if err == nil && t.kind != kindString {
		err = errMalformed
	}
	return t.bytes, err
}

// open takes the head of an array or a map off.
func (r *reader) open(k kind) (uint64, error) {
	t, err := r.next()
	if err == nil && t.kind != k {
		err = errMalformed
	}
	return t.number, err
}
