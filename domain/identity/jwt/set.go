package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// maxKeys bounds the keys of a set.
const maxKeys = 64

// maxTried bounds the keys that one token is checked with, if it does not name its own.
const maxTried = 8

// Keys finds the keys that a token may be signed with.
type Keys interface {
	// Find returns the keys of an algorithm with an id, or, if the id is empty, all of the
	// algorithm; none if there are none. Codes: unavailable, canceled.
	Find(ctx context.Context, id, alg string) ([]Key, error)
}

// Static are keys that do not change.
type Static []Key

// Find returns the keys of an algorithm. A key without an id may have any.
func (s Static) Find(_ context.Context, id, alg string) ([]Key, error) {
	return pick(s, func(k Key) bool { return k.Alg == alg && (id == "" || k.ID == "" || k.ID == id) }), nil
}

// pick returns the keys that fit, at most maxTried.
func pick(keys []Key, fits func(Key) bool) []Key {
	var found []Key
	for _, k := range keys {
		if fits(k) && len(found) < maxTried {
			found = append(found, k)
		}
	}
	return found
}

// Several looks into several sets.
type Several []Keys

// Find returns what all of the sets have; one that fails counts as empty unless the others
// have nothing.
func (s Several) Find(ctx context.Context, id, alg string) ([]Key, error) {
	var all []Key
	var failed error
	for _, keys := range s {
		found, err := keys.Find(ctx, id, alg)
		all, failed = append(all, found...), errors.Join(failed, err)
	}
	if len(all) > 0 {
		failed = nil
	}
	return all, failed
}

// jwk is a JSON Web Key as far as it is looked at.
type jwk struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	Alg    string   `json:"alg"`
	Crv    string   `json:"crv"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
}

// ParseSet returns the keys of a JWK Set that can check signatures here. Others are left
// out, as the standard asks for: keys for encryption, of other kinds and algorithms, and
// secrets, which have no business in a set that anybody may read.
func ParseSet(data []byte) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("no JWK Set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the JWK Set has more than %d keys", maxKeys)
	}
	var keys []Key
	for _, raw := range set.Keys {
		var k jwk
		if json.Unmarshal(raw, &k) != nil || len(k.Kid) > maxKeyID {
			continue
		}
		if key, err := k.key(); err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the JWK Set has no usable key")
	}
	return keys, nil
}

// key returns the key that checks signatures, or why there is none.
func (k jwk) key() (Key, error) {
	if k.Use != "" && k.Use != "sig" || len(k.KeyOps) > 0 && !slices.Contains(k.KeyOps, "verify") {
		return Key{}, errors.New("it is not for signatures")
	}
	public, err := k.public()
	if err != nil {
		return Key{}, err
	}
	key, err := newPublic(public)
	if err != nil {
		return Key{}, err
	}
	if k.Alg != "" && k.Alg != key.Alg {
		return Key{}, fmt.Errorf("it is for %s", k.Alg)
	}
	key.ID = k.Kid
	return key, nil
}

// public decodes the public key.
func (k jwk) public() (crypto.PublicKey, error) {
	switch {
	case k.Kty == "RSA":
		n, errN := decode(k.N)
		e, errE := decode(k.E)
		if errN != nil || errE != nil || len(e) == 0 || len(e) > 4 {
			return nil, errors.New("its numbers are malformed")
		}
		exponent := int(new(big.Int).SetBytes(e).Int64())
		if exponent < 3 || exponent%2 == 0 || exponent > 1<<31-1 {
			return nil, errors.New("its exponent is malformed")
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: exponent}, nil
	case k.Kty == "EC" && k.Crv == "P-256":
		x, errX := decode(k.X)
		y, errY := decode(k.Y)
		if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
			return nil, errors.New("its coordinates are malformed")
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	case k.Kty == "OKP" && k.Crv == "Ed25519":
		x, err := decode(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errors.New("its key is malformed")
		}
		return ed25519.PublicKey(x), nil
	default:
		return nil, fmt.Errorf("keys of kind %q are not supported", k.Kty)
	}
}
