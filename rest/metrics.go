package rest

import (
	"github.com/gin-gonic/gin"

	"parley/domain"
)

// metrics serves the metrics to this machine and to administrators, or to everybody
// if that is switched on.
func (d *door) metrics(c *gin.Context) {
	if !d.opts.MetricsEnabled {
		actor, ok := d.caller(c)
		if !ok {
			return
		}
		if actor.Role != domain.Admin && !actor.Local {
			d.fail(c, d.opts.Identity.Refusal())
			return
		}
	}
	d.opts.Metrics.ServeHTTP(c.Writer, c.Request)
}
