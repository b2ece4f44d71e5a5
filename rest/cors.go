package rest

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// cors tells browsers which pages may call and read, and answers their preflights.
func (d *door) cors(c *gin.Context) {
	header := c.Writer.Header()
	header.Add("Vary", "Origin")
	allowed := d.opts.Origins
	if isAPI(c.Request.URL.Path) {
		allowed = d.opts.APIOrigins
	}
	if origin := allowedOrigin(allowed, c.GetHeader("Origin")); origin != "" {
		header.Set("Access-Control-Allow-Origin", origin)
	}
	header.Set("Access-Control-Allow-Credentials", "true")
	header.Set("Access-Control-Expose-Headers",
		"X-Total-Count,RateLimit-Policy,RateLimit-Limit,RateLimit-Remaining,RateLimit-Reset,Retry-After,X-Request-Id")
	if c.Request.Method != http.MethodOptions {
		c.Next()
		return
	}
	header.Set("Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,PATCH,OPTIONS")
	header.Set("Access-Control-Allow-Headers", "Content-Type,Authorization,X-API-KEY,X-Entity-Id,Last-Event-ID")
	header.Set("Access-Control-Max-Age", "86400")
	c.AbortWithStatus(http.StatusNoContent)
}

// allowedOrigin is the origin that may read the reply: any if none is listed, the one
// that is, or of several the one that asks; "" if it is not among them.
func allowedOrigin(listed []string, origin string) string {
	switch {
	case len(listed) == 0:
		return origin
	case len(listed) == 1:
		return listed[0]
	case slices.Contains(listed, origin):
		return origin
	default:
		return ""
	}
}
