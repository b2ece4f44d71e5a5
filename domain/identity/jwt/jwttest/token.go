// Package jwttest makes tokens for tests: good ones, and any others.
package jwttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Secret is the secret of tests, long enough for HS256.
const Secret = "a secret of at least thirty-two bytes"

// HS256 returns a token with these claims, signed with Secret.
func HS256(claims map[string]any) string {
	return Sign([]byte(Secret), map[string]any{"alg": "HS256", "typ": "JWT"}, claims)
}

// Sign returns a token with this header and these claims, signed by the kind of the key:
// a []byte as an HMAC, an RSA, ECDSA or Ed25519 private key as itself, nil not at all. What
// the header says of it does not matter. It panics if that fails.
func Sign(key any, header, claims map[string]any) string {
	signed := part(header) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature(key, []byte(signed)))
}

// part is one part of a token.
func part(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// signature signs a text.
func signature(key any, text []byte) []byte {
	sum := sha256.Sum256(text)
	switch k := key.(type) {
	case nil:
		return nil
	case []byte:
		mac := hmac.New(sha256.New, k)
		mac.Write(text)
		return mac.Sum(nil)
	case *rsa.PrivateKey:
		out, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
		if err != nil {
			panic(err)
		}
		return out
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			panic(err)
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	case ed25519.PrivateKey:
		return ed25519.Sign(k, text)
	default:
		panic(fmt.Sprintf("keys of kind %T sign nothing", key))
	}
}
