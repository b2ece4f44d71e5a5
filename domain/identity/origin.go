package identity

import (
	"net/url"
	"slices"
	"strings"
)

// AllowsOrigin reports whether origin is on the list of foreign origins.
func (a *Authenticator) AllowsOrigin(origin string) bool {
	return slices.ContainsFunc(a.opts.Origins, func(listed string) bool {
		return origin != "" && strings.EqualFold(strings.TrimSuffix(listed, "/"), origin)
	})
}

// trusts reports whether the Origin is our own (the Host that was asked) or listed.
func (a *Authenticator) trusts(c Credentials) bool {
	origin, err := url.Parse(c.Origin)
	if err != nil || origin.Host == "" || origin.Scheme != "http" && origin.Scheme != "https" {
		return false
	}
	if a.AllowsOrigin(c.Origin) {
		return true
	}
	// Over TLS a page loaded without it is foreign: anybody on the way may have written it.
	if c.TLS && origin.Scheme != "https" {
		return false
	}
	return withoutPort(origin.Host, origin.Scheme) == withoutPort(c.Host, origin.Scheme)
}

// withoutPort lower-cases host and drops the port that scheme implies.
func withoutPort(host, scheme string) string {
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.TrimSuffix(strings.ToLower(host), port)
}
