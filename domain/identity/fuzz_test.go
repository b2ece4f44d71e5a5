package identity_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/identity"
)

// FuzzHeaders checks that no headers without the key make anybody more than a guest.
func FuzzHeaders(f *testing.F) {
	f.Add("x", "Bearer x", "parley_session=v1.1.AA", "http://a.example", "a.example", "same-origin", true)
	f.Add("", "bearer", "a=b; parley_session=\"", "null", "[::1]:3000", "none", false)
	f.Add("\x00", "Basic eDp5", "=;=;=", "http://[::1", "localhost.:99999", "", true)
	a, err := identity.New(identity.Options{Key: key, SocketAuth: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, apiKey, authorization, cookie, origin, host, site string, near bool) {
		if strings.Contains(apiKey+authorization+cookie, key) {
			return
		}
		c := identity.Proxies{}.Credentials(identity.Peer{Header: http.Header{"X-Api-Key": {apiKey}, "Authorization": {authorization},
			"Cookie": {cookie}, "Origin": {origin}, "Sec-Fetch-Site": {site}}})
		c.Method, c.Host, c.Near = http.MethodGet, host, near
		actor, err := a.Authenticate(t.Context(), c)
		if err != nil || actor.Role != domain.Guest || actor.Keyed {
			t.Fatalf("%+v, %v", actor, err)
		}
		c.Socket = true
		if actor, err := a.Authenticate(t.Context(), c); err == nil {
			t.Fatalf("a socket: %+v", actor)
		}
	})
}
