package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"parley/domain"
)

// body reads the JSON body of a request, nil if there is none. Codes: too_large,
// invalid (reason INVALID_CONTENT_TYPE, or a body that does not arrive).
func (d *door) body(c *gin.Context) ([]byte, *domain.Error) {
	r := c.Request
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > d.opts.MaxBody {
		return nil, d.tooLarge(c)
	}
	body, failure := d.readBody(c)
	if failure != nil || len(body) == 0 {
		return nil, failure
	}
	return acceptBody(r, body)
}

// readBody reads all of the body within the limits of size and time.
func (d *door) readBody(c *gin.Context) ([]byte, *domain.Error) {
	control := http.NewResponseController(c.Writer)
	if err := control.SetReadDeadline(time.Now().Add(d.opts.BodyTimeout)); err == nil {
		defer func() {
			// Left in place it would end the request's context while the operation works.
			if err := control.SetReadDeadline(time.Time{}); err != nil {
				d.log.Debug().Err(err).Msg("read deadline not lifted")
			}
		}()
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, d.opts.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &tooLarge):
		return nil, d.tooLarge(c)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.Header("Connection", "close")
		return nil, domain.Wrap(domain.Invalid, err, "The request body took too long to arrive")
	default:
		c.Header("Connection", "close")
		return nil, domain.Wrap(domain.Invalid, err, "The request body could not be read")
	}
}

// tooLarge refuses a body and the rest of its connection.
func (d *door) tooLarge(c *gin.Context) *domain.Error {
	c.Header("Connection", "close")
	return domain.Errorf(domain.TooLarge, "The request body is larger than %d bytes", d.opts.MaxBody)
}

// acceptBody checks what kind of body came: JSON is returned, a form is accepted but
// holds nothing for an operation, anything else is refused where a body is expected.
func acceptBody(r *http.Request, body []byte) ([]byte, *domain.Error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	plain := r.Header.Get("Content-Encoding") == "" || strings.EqualFold(r.Header.Get("Content-Encoding"), "identity")
	switch {
	case err == nil && plain && kind == "application/json" && (charset == "" || charset == "utf-8" || charset == "us-ascii"):
		return body, nil
	case plain && isForm(r):
		return nil, nil
	case r.Method == http.MethodDelete:
		return nil, nil
	default:
		return nil, &domain.Error{Code: domain.Invalid, Reason: "INVALID_CONTENT_TYPE",
			Message: "Content-Type must be application/json (UTF-8, not compressed)"}
	}
}

// isForm reports whether the body of a request is a form, which is what curl sends
// unless it is told otherwise.
func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (kind == "multipart/form-data" || kind == "application/x-www-form-urlencoded")
}
