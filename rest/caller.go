package rest

import (
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/identity"
)

// caller establishes who sends the request, and sets the session cookie where it is
// due. streams says that the reply may be a stream of events, for which a browser cannot
// set headers: the key may be in the query. If the credentials themselves are faulty it
// answers, and ok is false.
func (d *door) caller(c *gin.Context, streams bool) (actor domain.Actor, ok bool) {
	credentials := d.credentials(c.Request)
	if streams {
		credentials.QueryKey = c.Query("apiKey")
	}
	actor, err := d.opts.Identity.Authenticate(credentials)
	if err != nil {
		d.fail(c, domain.AsError(err))
		return actor, false
	}
	if value, expires, due := d.opts.Identity.SessionCookie(credentials); due {
		http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure is set wherever the caller has TLS; plain http could not keep it
			Name: identity.CookieName, Value: value, Path: "/", Expires: expires,
			MaxAge: int(identity.CookieLife.Seconds()), HttpOnly: true, Secure: credentials.TLS,
			SameSite: http.SameSiteStrictMode,
		})
	}
	return actor, true
}

// credentials gathers what a request says about its caller.
func (d *door) credentials(r *http.Request) identity.Credentials {
	c := identity.FromHeader(r.Header)
	c.Method, c.Host, c.TLS = r.Method, r.Host, d.secure(r)
	c.Entity, c.Remote = r.Header.Get("X-Entity-Id"), d.remote(r)
	return c
}

// secure reports whether the caller speaks https.
func (d *door) secure(r *http.Request) bool {
	return r.TLS != nil || d.opts.TrustProxy && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// remote is the caller's address without the port: that of the connection or, behind
// a proxy that is trusted, the last one it names, which it has seen itself.
func (d *door) remote(r *http.Request) string {
	if d.opts.TrustProxy {
		list := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
		last := strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
		if net.ParseIP(last) != nil {
			return last
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// local reports whether the caller is on this machine. What a proxy on this machine
// forwards comes from elsewhere.
func (d *door) local(r *http.Request) bool {
	forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("X-Real-Ip") != ""
	if forwarded && !d.opts.TrustProxy {
		return false
	}
	return isLoopback(d.remote(r))
}

// isLoopback reports whether an address is this machine's own.
func isLoopback(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback()
}
