package rest

import (
	"github.com/gin-gonic/gin"

	"parley/domain"
)

// profiles serves the profiles of the process to administrators with a credential, and where
// none is asked for to this machine: what is in memory shows what people write.
func (d *door) profiles(c *gin.Context) {
	actor, ok := d.caller(c)
	switch {
	case !ok:
	case actor.Role == domain.Admin && (actor.Keyed || actor.Local):
		d.opts.Profiles.ServeHTTP(c.Writer, c.Request)
	case actor.Role == domain.Guest:
		d.fail(c, d.opts.Identity.Refusal())
	default:
		d.fail(c, domain.Errorf(domain.Forbidden, "Profiles are for administrators, and where no key is needed for this machine"))
	}
}
