package rest

import (
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"parley/domain"
)

// requestID is the header that names a request in the log and in the reply.
const requestID = "X-Request-Id"

// goodRequestID is what a caller may choose as the id of its request.
var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// setHeaders sets what every reply carries; see the contract for the values.
func (d *door) setHeaders(c *gin.Context) {
	header := c.Writer.Header()
	id := c.GetHeader(requestID)
	if !goodRequestID.MatchString(id) {
		id = domain.NewID[string]()
	}
	header.Set(requestID, id)
	header.Set("Content-Security-Policy", d.referencePolicy())
	for name, value := range map[string]string{
		"Cross-Origin-Opener-Policy":        "same-origin",
		"Cross-Origin-Resource-Policy":      "cross-origin",
		"Origin-Agent-Cluster":              "?1",
		"X-Content-Type-Options":            "nosniff",
		"X-DNS-Prefetch-Control":            "off",
		"X-Download-Options":                "noopen",
		"X-Frame-Options":                   "SAMEORIGIN",
		"X-Permitted-Cross-Domain-Policies": "none",
		"X-XSS-Protection":                  "0",
		"Referrer-Policy":                   "no-referrer-when-downgrade",
	} {
		header.Set(name, value)
	}
	if isAPI(c.Request.URL.Path) {
		header.Set("X-XSS-Protection", "1; mode=block")
		header.Set("Referrer-Policy", "no-referrer")
	}
	if d.opts.Production || d.visit(c).credentials.TLS {
		header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	}
	c.Next()
}

// strictPolicy is the content policy of our own pages, which need no inline code.
const strictPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self' ws: wss:; media-src 'self' blob: data:; object-src 'none'; " +
	"frame-src 'self'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'"

// dataPolicy is the content policy of replies that are data: JSON and streams of events.
// The reference sends its wide policy with them too, which allows scripts. A policy only
// rules what a browser shows as a page, so no client can miss that one here, and should a
// browser ever take a reply for a page, text in it that somebody has sent would not run.
const dataPolicy = "default-src 'none'; frame-ancestors 'self'"

// referencePolicy is the content policy of the reference, for pages of the API (plugins'
// panels are some) and for a foreign client.
func (d *door) referencePolicy() string {
	plain, frames := " http:", "'self' data:"
	if d.opts.Production {
		plain, frames = "", "'none'"
		if d.opts.UI {
			frames = "'self'"
		}
	}
	policy := []string{
		"default-src 'self'", "style-src 'self' 'unsafe-inline' https:" + plain,
		"script-src 'self' 'unsafe-inline' 'unsafe-eval'", "img-src 'self' data: blob: https: http:",
		"font-src 'self' https:" + plain + " data:", "connect-src 'self' ws: wss: https: http:",
		"media-src 'self' blob: data:", "object-src 'none'", "frame-src " + frames,
		"base-uri 'self'", "form-action 'self'",
	}
	if d.opts.Production {
		policy = append(policy, "frame-ancestors 'self'", "script-src-attr 'none'", "upgrade-insecure-requests")
	}
	return strings.Join(policy, "; ")
}
