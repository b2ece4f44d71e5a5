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

// AdmitsOrigin reports whether a page of this origin may open a socket: any if no origins
// are listed or "*" is, else our own and the listed ones. What sends no Origin is no page.
func (a *Authenticator) AdmitsOrigin(c Credentials) bool {
	return c.Origin == "" || len(a.opts.Origins) == 0 || slices.Contains(a.opts.Origins, "*") || a.trusts(c)
}

// isLocal reports whether the caller is a program on this machine, or a page that this
// server or a listed origin has served. A foreign page can make a browser here call us, but
// then an Origin or Sec-Fetch-Site says so, or the Host is a name that it has bound to our
// address.
func (a *Authenticator) isLocal(c Credentials) bool {
	if !c.Near {
		return false
	}
	if c.Origin != "" {
		return a.AllowsOrigin(c.Origin) || isLoopbackName(c.Host) && a.trusts(c)
	}
	return isLoopbackName(c.Host) && (c.FetchSite == "" || c.FetchSite == "same-origin" || c.FetchSite == "none")
}

// isLoopbackName reports whether a Host means this machine in every browser.
func isLoopbackName(host string) bool {
	host = strings.ToLower(strings.Trim(withoutPortNumber(host), "[]"))
	return isLoopback(host) || strings.HasSuffix(host, ".localhost")
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
