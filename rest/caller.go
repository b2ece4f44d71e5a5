package rest

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
)

// visit is what is known about a request before it is answered. It belongs to the
// request's goroutine.
type visit struct {
	// op answers the request, nil if none does; route is its binding, path its parameters.
	op    *op.Op
	route string
	path  map[string]string
	// credentials is what the request says about its caller.
	credentials identity.Credentials

	recognised bool
	actor      domain.Actor
	failure    *domain.Error
}

// visitKey is where a request's visit is kept.
const visitKey = "parley.visit"

// visit returns what is known about a request; it is found out once.
func (d *door) visit(c *gin.Context) *visit {
	if known, ok := c.Get(visitKey); ok {
		if v, ok := known.(*visit); ok {
			return v
		}
	}
	r := c.Request
	v := &visit{credentials: d.opts.Proxies.Credentials(identity.Peer{Addr: r.RemoteAddr, Header: r.Header, Host: r.Host, TLS: r.TLS != nil})}
	v.op, v.route, v.path = d.routes.find(r.Method, r.URL)
	v.credentials.Method, v.credentials.Entity = r.Method, r.Header.Get("X-Entity-Id")
	if v.op != nil && v.op.Streams() && r.Method == http.MethodGet {
		v.credentials.QueryKey = c.Query("apiKey") // a browser cannot set headers there
	}
	c.Set(visitKey, v)
	return v
}

// recognise establishes who sends a request; it is found out once.
func (d *door) recognise(c *gin.Context) *visit {
	v := d.visit(c)
	if !v.recognised {
		v.recognised = true
		actor, err := d.opts.Identity.Authenticate(c.Request.Context(), v.credentials)
		v.actor, v.failure = actor, domain.AsError(err)
	}
	return v
}

// caller establishes who sends the request, and sets the session cookie where it is
// due. If the credentials themselves are faulty it answers, and ok is false.
func (d *door) caller(c *gin.Context) (actor domain.Actor, ok bool) {
	v := d.recognise(c)
	if v.failure != nil {
		d.fail(c, v.failure)
		return v.actor, false
	}
	if value, expires, due := d.opts.Identity.SessionCookie(v.credentials); due {
		http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure is set wherever the caller has TLS; plain http could not keep it
			Name: identity.CookieName, Value: value, Path: "/", Expires: expires,
			MaxAge: int(identity.CookieLife.Seconds()), HttpOnly: true, Secure: v.credentials.TLS,
			SameSite: http.SameSiteStrictMode,
		})
	}
	return v.actor, true
}
