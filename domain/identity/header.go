package identity

import (
	"net/http"
	"net/netip"
	"strings"
)

// Peer is who opened a connection, and what it sent first.
type Peer struct {
	// Addr is its network address, with or without the port.
	Addr string
	// Header and Host are those of the request or handshake.
	Header http.Header
	Host   string
	// TLS says that the connection itself is encrypted.
	TLS bool
}

// Credentials reads what both doors find in the same places: the key, the bearer token,
// the session cookie, the origin, and where the caller is.
func (p Proxies) Credentials(peer Peer) Credentials {
	h := peer.Header
	c := Credentials{APIKey: h.Get("X-API-KEY"), Bearer: bearer(h.Get("Authorization")), Origin: h.Get("Origin"),
		FetchSite: h.Get("Sec-Fetch-Site"), Host: peer.Host}
	if cookie, err := (&http.Request{Header: h}).Cookie(CookieName); err == nil {
		c.Cookie = cookie.Value
	}
	address := withoutPortNumber(peer.Addr)
	remote, passed := p.client(address, h)
	c.Remote = remote
	c.TLS = peer.TLS || p.secure(address, passed, h)
	// What is forwarded by a proxy that nobody vouches for comes from anywhere.
	ip, err := netip.ParseAddr(remote)
	c.Near = err == nil && ip.Unmap().IsLoopback() && (p.trusts(address, 0) || !wasForwarded(h))
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
