package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
)

// The algorithms.
const (
	HS256 = "HS256"
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// minSecret is the least length of a secret, in bytes: that of the hash (RFC 7518, 3.2).
const minSecret = 32

// The sizes of RSA keys, in bits: shorter ones are broken, longer ones cost too much.
const (
	minRSA = 2048
	maxRSA = 8192
)

// Key checks the signatures of one algorithm. The zero value checks none.
type Key struct {
	// ID is the key's kid, "" if it has none.
	ID string
	// Alg is its algorithm.
	Alg    string
	verify func(signed, signature []byte) bool
}

// NewSecret returns the key of an HMAC; the secret must have 32 bytes or more.
func NewSecret(secret string) (Key, error) {
	if len(secret) < minSecret {
		return Key{}, fmt.Errorf("a secret for HS256 must have at least %d bytes, this one has %d", minSecret, len(secret))
	}
	return Key{Alg: HS256, verify: func(signed, signature []byte) bool {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(signed)
		return hmac.Equal(mac.Sum(nil), signature) // in constant time
	}}, nil
}

// newPublic returns the key of a public key of a known kind.
func newPublic(public crypto.PublicKey) (Key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA || k.N.BitLen() > maxRSA {
			return Key{}, fmt.Errorf("an RSA key must have %d to %d bits, this one has %d", minRSA, maxRSA, k.N.BitLen())
		}
		return Key{Alg: RS256, verify: func(signed, signature []byte) bool {
			sum := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
		}}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Key{}, errors.New("an EC key must be of the curve P-256")
		}
		if _, err := k.ECDH(); err != nil {
			return Key{}, errors.New("an EC key is not on its curve")
		}
		return Key{Alg: ES256, verify: func(signed, signature []byte) bool {
			sum := sha256.Sum256(signed)
			return len(signature) == 64 && ecdsa.Verify(k, sum[:],
				new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		}}, nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return Key{}, errors.New("an Ed25519 key must have 32 bytes")
		}
		return Key{Alg: EdDSA, verify: func(signed, signature []byte) bool {
			return len(signature) == ed25519.SignatureSize && ed25519.Verify(k, signed, signature)
		}}, nil
	default:
		return Key{}, fmt.Errorf("keys of kind %T are not supported", public)
	}
}

// ParsePEM returns the public keys of a PEM: blocks PUBLIC KEY, RSA PUBLIC KEY or
// CERTIFICATE, of which only the key counts. A private key is refused, because it does not
// belong on the machine that checks.
func ParsePEM(data []byte) ([]Key, error) {
	var keys []Key
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		public, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		key, err := newPublic(public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no PEM block with a public key")
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("there are more than %d keys", maxKeys)
	}
	return keys, nil
}

// parseBlock reads one block of a PEM.
func parseBlock(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return certificate.PublicKey, nil
	default:
		return nil, fmt.Errorf("a PEM block %q is no public key", block.Type)
	}
}
