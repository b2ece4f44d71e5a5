package rest

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// Observation tells a metrics sink about one answered request.
type Observation struct {
	// Method is one of the methods that operations are bound to, HEAD, OPTIONS, or other.
	Method string
	// Route is the path of the operation with the names of its parameters, "unknown" below
	// /api where there is none, /metrics, or "other" for files and everything else.
	Route string
	// Status is that of the reply.
	Status int
	// Duration runs from the request's head to the end of the reply.
	Duration time.Duration
}

// routeKey is where a request's route is noted.
const routeKey = "parley.route"

// observe tells of a request once it is answered. Its texts are few, however odd the
// requests are, so that they can name series of metrics.
func (d *door) observe(c *gin.Context) {
	if d.opts.Observe == nil {
		c.Next()
		return
	}
	began := time.Now()
	defer func() {
		o := Observation{Method: c.Request.Method, Route: c.GetString(routeKey), Status: c.Writer.Status(), Duration: time.Since(began)}
		o.Route = cmp.Or(o.Route, c.FullPath(), "other")
		if !slices.Contains(methods(), o.Method) && o.Method != http.MethodHead && o.Method != http.MethodOptions {
			o.Method = "other"
		}
		d.opts.Observe(o)
	}()
	c.Next()
}
