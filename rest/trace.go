package rest

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"parley/domain/trace"
)

// errServer stands, in a trace, for a reply that says that the server has failed.
var errServer = errors.New("the server has failed")

// trace traces a request that an operation answers, below the span that the caller tells.
func (d *door) trace(c *gin.Context) {
	v := d.visit(c)
	if v.op == nil || !v.op.Traced() {
		c.Next()
		return
	}
	ctx, span := trace.Begin(c.Request.Context(), d.opts.Tracer,
		trace.Beginning{Name: c.Request.Method + " " + v.route, Kind: trace.Server, Parent: c.GetHeader("Traceparent")},
		trace.Text("http.request.method", c.Request.Method), trace.Text("http.route", v.route))
	defer func() {
		status := c.Writer.Status()
		span.Set(trace.Number("http.response.status_code", int64(status)))
		if status >= http.StatusInternalServerError {
			span.End(errServer)
			return
		}
		span.End(nil)
	}()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}
