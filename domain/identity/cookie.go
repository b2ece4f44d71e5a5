package identity

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parley/domain"
)

// CookieName is the name of the session cookie.
const CookieName = "parley_session"

// CookieLife is how long a session cookie is valid.
const CookieLife = 12 * time.Hour

// cookieVersion begins every value, so that a later form can tell old ones apart.
const cookieVersion = "v1"

// cookies makes and checks session cookies: "v1.<expiry in s>.<HMAC of both>".
type cookies struct{ key []byte }

// newCookies derives the signing key from the server key.
func newCookies(server domain.Secret) (cookies, error) {
	key, err := hkdf.Key(sha256.New, []byte(server.Reveal()), nil, "parley session cookie "+cookieVersion, sha256.Size)
	if err != nil {
		return cookies{}, fmt.Errorf("derive the cookie key: %w", err)
	}
	return cookies{key: key}, nil
}

// issue returns a value that is valid until expires.
func (k cookies) issue(expires time.Time) string {
	text := cookieVersion + "." + strconv.FormatInt(expires.Unix(), 10)
	return text + "." + k.sign(text)
}

// valid reports whether value was issued under this key and is valid at now.
func (k cookies) valid(value string, now time.Time) bool {
	at := strings.LastIndexByte(value, '.')
	if at < 0 || len(value) > 128 {
		return false
	}
	text, mac := value[:at], value[at+1:]
	if !hmac.Equal([]byte(mac), []byte(k.sign(text))) {
		return false
	}
	expiry, found := strings.CutPrefix(text, cookieVersion+".")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	return found && err == nil && now.Before(time.Unix(seconds, 0))
}

// sign is the HMAC of text, in the alphabet that cookies allow.
func (k cookies) sign(text string) string {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
