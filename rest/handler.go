package rest

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/op"
)

// maxQuery bounds the query, in bytes.
const maxQuery = 32 << 10

// call answers a request by an operation; it is the same for every one.
func (d *door) call(c *gin.Context, o *op.Op, path map[string]string) {
	actor, ok := d.caller(c)
	if !ok {
		return
	}
	in := op.Input{REST: true}
	if o.Allow(actor) == nil {
		var failure *domain.Error
		var f *form
		in, f, failure = d.input(c, o, path)
		defer f.close()
		if failure != nil {
			d.fail(c, failure)
			return
		}
	} // else the operation refuses the empty input for the same reason, and counts it
	if d.stream(c, o, actor, in) {
		return
	}
	result, failure := o.Call(c.Request.Context(), actor, in)
	if failure != nil && failure.Code == domain.Unauthenticated && actor.Role == domain.Guest {
		failure = d.opts.Identity.Refusal() // op does not know what is asked for
	}
	if failure != nil && failure.Code == domain.Invalid && failure.Details == "" && isForm(c.Request) && !o.Files() {
		hinted := *failure
		hinted.Details = "The body came as a form, of which nothing is read: send JSON with Content-Type: application/json"
		failure = &hinted
	}
	d.answer(c, o, result, failure)
}

// input gathers path, query and body. The form, if there is one, holds the file of the
// input until it is closed.
func (d *door) input(c *gin.Context, o *op.Op, path map[string]string) (op.Input, *form, *domain.Error) {
	query, failure := parseQuery(c.Request.URL.RawQuery)
	if failure != nil {
		return op.Input{}, nil, failure
	}
	in := op.Input{REST: true, Path: path, Query: query}
	if o.Files() && isUpload(c.Request) {
		f, failure := d.upload(c)
		if failure != nil {
			return in, nil, failure
		}
		in.Form, in.File = f.fields, f.file
		return in, f, nil
	}
	if o.Files() && !isJSON(c.Request) {
		return in, nil, noUpload(c.Request)
	}
	in.Body, failure = d.body(c)
	return in, nil, failure
}

// parseQuery reads a query and refuses one that is malformed: half of what the
// caller meant is not what it meant.
func parseQuery(raw string) (url.Values, *domain.Error) {
	if len(raw) > maxQuery {
		return nil, domain.Errorf(domain.TooLarge, "The query is longer than %d bytes", maxQuery)
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, domain.Wrap(domain.Invalid, err, "The query is malformed")
	}
	return query, nil
}
