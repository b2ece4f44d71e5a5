package agents

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"strings"

	"parley/domain"
)

// DefaultSalt is the reference's salt where none is set. Everybody knows it, the
// reference's web client among them, which decrypts secrets in the browser with it.
const DefaultSalt domain.Secret = "secretsalt"

// vault encrypts the secrets of characters. Outside they have the reference's form:
// AES-256-CBC under the hash of the salt, written `<IV>:<ciphertext>` in hex; so callers
// see them and send them back. At rest that form is sealed once more, with AES-256-GCM
// under a key of its own, bound to the agent and the secret's name, so that what the
// store holds cannot be changed or moved without being noticed. It is safe for
// concurrent use.
type vault struct {
	outer cipher.Block
	inner cipher.AEAD
}

// atRest begins the stored form of a sealed value.
const atRest = "gcm1:"

// newVault returns the vault of a salt.
func newVault(salt domain.Secret) *vault {
	sum := sha256.Sum256([]byte(salt.Reveal()))
	key, _ := hkdf.Key(sha256.New, []byte(salt.Reveal()), nil, "parley: secrets of agents at rest", 32) // it fails for long keys only
	outer, _ := aes.NewCipher(sum[:])                                                                   // 32 bytes are a key
	block, _ := aes.NewCipher(key)
	inner, _ := cipher.NewGCM(block) // AES has the block size that it wants
	return &vault{outer: outer, inner: inner}
}

// encrypted is the outside form; the second part may be anything, as in the reference.
// Unlike there, hex digits among other characters do not count: a UUID before a colon
// is not an initialisation vector, and what follows it must not be shown.
var encrypted = regexp.MustCompile(`^[0-9a-fA-F]{32}:[^:]*$`)

// isEncrypted reports whether a secret has a form that callers may see and send back.
func isEncrypted(text string) bool {
	return encrypted.MatchString(text) || isAtRest(text)
}

// isAtRest reports whether a text has the stored form; outside it is seen when the salt
// has changed since.
func isAtRest(text string) bool {
	body, ok := strings.CutPrefix(text, atRest)
	data, err := base64.RawStdEncoding.DecodeString(body)
	return ok && err == nil && len(data) > 28
}

// encrypt returns the outside form of a secret; one that has it already stays as it is.
func (v *vault) encrypt(plain string) string {
	if isEncrypted(plain) {
		return plain
	}
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv) // it never fails
	return v.encryptWith(iv, plain)
}

// encryptWith encrypts under an initialisation vector.
func (v *vault) encryptWith(iv []byte, plain string) string {
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	data := append([]byte(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(v.outer, iv).CryptBlocks(data, data)
	return hex.EncodeToString(iv) + ":" + hex.EncodeToString(data)
}

// decrypt returns the secret of an outside form; any other text, and one that was
// encrypted under another salt, is returned unchanged.
func (v *vault) decrypt(text string) string {
	first, second, _ := strings.Cut(text, ":")
	iv, err := hex.DecodeString(first)
	if err != nil || len(iv) != aes.BlockSize || !encrypted.MatchString(text) {
		return text
	}
	data, err := hex.DecodeString(second)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return text
	}
	cipher.NewCBCDecrypter(v.outer, iv).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(data[len(data)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return text
	}
	return string(data[:len(data)-pad])
}

// seal returns the stored form of a secret of an agent.
func (v *vault) seal(agent domain.AgentID, path, text string) string {
	if text == "" || isAtRest(text) {
		return text
	}
	nonce := make([]byte, v.inner.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return atRest + base64.RawStdEncoding.EncodeToString(v.inner.Seal(nonce, nonce, []byte(text), []byte(string(agent)+"/"+path)))
}

// unseal returns what seal was given; any other text is returned unchanged.
func (v *vault) unseal(agent domain.AgentID, path, text string) string {
	if !isAtRest(text) {
		return text
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(text, atRest))
	if err != nil {
		return text
	}
	size := v.inner.NonceSize()
	plain, err := v.inner.Open(nil, data[:size], data[size:], []byte(string(agent)+"/"+path))
	if err != nil {
		return text
	}
	return string(plain)
}

// outside returns c with its secrets in the outside form. Empty ones stay empty.
func (v *vault) outside(c Character) Character {
	return c.mapSecrets(func(_, text string) string {
		if text == "" {
			return text
		}
		return v.encrypt(text)
	})
}

// stored returns a with its secrets in the form at rest.
func (v *vault) stored(a Agent) Agent {
	a.Character = a.Character.mapSecrets(func(path, text string) string { return v.seal(a.ID, path, text) })
	return a
}

// opened returns a stored agent with its secrets in the outside form. changed says that
// some were not: they were stored before they were encrypted.
func (v *vault) opened(a Agent) (out Agent, changed bool) {
	a.Character = a.Character.mapSecrets(func(path, text string) string {
		if text == "" {
			return text
		}
		outside := v.encrypt(v.unseal(a.ID, path, text))
		changed = changed || !isAtRest(text)
		return outside
	})
	return a, changed
}

// unreadable counts the secrets that were sealed under another salt.
func (c Character) unreadable() (n int) {
	c.mapSecrets(func(_, text string) string {
		if isAtRest(text) {
			n++
		}
		return text
	})
	return n
}

// mapSecrets returns c with each text among its secrets replaced; path tells which one it
// is. Values of other types stay. c itself is not changed.
func (c Character) mapSecrets(change func(path, text string) string) Character {
	c.Secrets = mapTexts(c.Secrets, "secrets.", change)
	raw, ok := c.Settings["secrets"]
	if !ok {
		return c
	}
	c.Settings = maps.Clone(c.Settings)
	nested := object(raw)
	if nested == nil { // null, which is no secret
		delete(c.Settings, "secrets")
		return c
	}
	if data, err := domain.PlainJSON(mapTexts(nested, "settings.secrets.", change)); err == nil {
		c.Settings["secrets"] = data
	}
	return c
}

// mapTexts returns a copy of values with the texts among them replaced.
func mapTexts(values map[string]json.RawMessage, prefix string, change func(path, text string) string) map[string]json.RawMessage {
	if values == nil {
		return nil
	}
	out := make(map[string]json.RawMessage, len(values))
	for key, value := range values {
		out[key] = value
		if text, ok := asText(value); ok {
			if data, err := domain.PlainJSON(change(prefix+key, text)); err == nil {
				out[key] = data
			}
		}
	}
	return out
}

// asText returns the text of a JSON string.
func asText(value json.RawMessage) (string, bool) {
	var text *string
	if json.Unmarshal(value, &text) != nil || text == nil {
		return "", false
	}
	return *text, true
}

// object returns the members of a JSON object, nil if value is none.
func object(value json.RawMessage) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return nil
	}
	return members
}
