package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/op"
)

// answer writes the outcome of an operation.
func (d *door) answer(c *gin.Context, o *op.Op, result any, failure *domain.Error) {
	status := o.Status
	if s, ok := result.(op.Statuser); ok && s.HTTPStatus() != 0 {
		status = s.HTTPStatus()
	}
	if failure != nil {
		status = failure.Code.Info().HTTP
		tell(c, failure)
	}
	if t, ok := result.(op.Totaler); ok {
		if total, known := t.TotalCount(); known {
			c.Header("X-Total-Count", strconv.Itoa(total))
		}
	}
	if r, ok := result.(op.Raw); ok && failure == nil {
		if kind, body, raw := r.Raw(); raw {
			if h, ok := result.(op.Headerer); ok {
				for name, value := range h.Headers() {
					c.Header(name, value)
				}
			}
			d.send(c, status, kind, body)
			return
		}
	}
	if f, ok := result.(op.Filer); ok && failure == nil {
		file, err := f.OpenFile(c.Request.Context())
		if err != nil {
			d.fail(c, domain.AsError(err))
			return
		}
		if file != nil {
			d.sendFile(c, file, "private, no-cache")
			return
		}
	}
	if status == http.StatusNoContent {
		c.Status(status)
		c.Writer.WriteHeaderNow()
		return
	}
	body, err := encode(o.Dual, result, failure)
	if err != nil {
		d.log.Error().Err(err).Str("op", o.Name).Msg("result cannot be encoded")
		d.fail(c, domain.Errorf(domain.Internal, "Internal error"))
		return
	}
	d.write(c, status, body)
}

// fail writes a failure that no operation has produced.
func (d *door) fail(c *gin.Context, failure *domain.Error) {
	tell(c, failure)
	body, err := encode(false, nil, failure)
	if err != nil { // texts only: cannot happen
		body = []byte(`{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Internal error"}}`)
	}
	d.write(c, failure.Code.Info().HTTP, body)
	c.Abort()
}

// tell says in the headers how long to wait, and what kind of credential is asked for.
func tell(c *gin.Context, failure *domain.Error) {
	if failure.Code == domain.Unauthenticated {
		c.Header("WWW-Authenticate", "Bearer") // a browser has no dialog for this one
	}
	if failure.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(failure.RetryAfter.Seconds()))))
	}
}

// write sends a JSON body, or 304 if the caller has it already.
func (d *door) write(c *gin.Context, status int, body []byte) {
	c.Header("Content-Security-Policy", dataPolicy)
	d.send(c, status, "application/json; charset=utf-8", body)
}

// send sends a body of any kind, or 304 if the caller has it already.
func (d *door) send(c *gin.Context, status int, kind string, body []byte) {
	header := c.Writer.Header()
	header.Set("Cache-Control", "private, no-cache")
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if reads && status == http.StatusOK {
		sum := sha256.Sum256(body)
		tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
		header.Set("ETag", tag)
		if hasTag(c.Request.Header.Get("If-None-Match"), tag) {
			c.Status(http.StatusNotModified)
			c.Writer.WriteHeaderNow()
			return
		}
	}
	header.Set("Content-Type", kind)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(status)
	if _, err := c.Writer.Write(body); err != nil {
		d.log.Debug().Err(err).Msg("reply not sent")
	}
}

// hasTag reports whether the list of a header If-None-Match names tag.
func hasTag(list, tag string) bool {
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "*" || entry == tag || "W/"+entry == tag {
			return true
		}
	}
	return false
}

// encode writes the envelope. That of a dual operation carries the fields of the
// result at the top level too; a failing one those that it left. A Lifter tells its own.
func encode(dual bool, result any, failure *domain.Error) ([]byte, error) {
	reply := op.NewReply(result, failure)
	if l, ok := result.(op.Lifter); ok && failure == nil {
		if fields := l.Lift(); fields != nil {
			fields["success"], fields["data"] = reply.Success, result
			return domain.PlainJSON(fields)
		}
	}
	if !dual || result == nil {
		return domain.PlainJSON(reply)
	}
	raw, err := domain.PlainJSON(result)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return domain.PlainJSON(reply) // not an object: nothing to lift
	}
	delete(fields, "data")
	fields["success"] = json.RawMessage(strconv.FormatBool(reply.Success))
	if failure == nil {
		fields["data"] = raw
		return domain.PlainJSON(fields)
	}
	if fields["error"], err = domain.PlainJSON(reply.Error); err != nil {
		return nil, err
	}
	return domain.PlainJSON(fields)
}
