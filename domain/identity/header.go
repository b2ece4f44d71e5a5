package identity

import (
	"net/http"
	"strings"
)

// FromHeader reads the credentials that both doors find in the headers of a request
// or a handshake: the key, the bearer token, the session cookie and the origin.
func FromHeader(h http.Header) Credentials {
	c := Credentials{APIKey: h.Get("X-API-KEY"), Bearer: bearer(h.Get("Authorization")), Origin: h.Get("Origin"),
		FetchSite: h.Get("Sec-Fetch-Site")}
	if cookie, err := (&http.Request{Header: h}).Cookie(CookieName); err == nil {
		c.Cookie = cookie.Value
	}
	return c
}

// bearer returns the token of an Authorization header, "" for another scheme.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
