package rest

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/op"
)

// The limits of a form with a file. What is in memory of one upload is a read buffer and
// its fields; the file goes to the disk.
const (
	// maxFile is the largest file.
	maxFile = 50 << 20
	// maxDrained is how much of a form that is refused is read on and thrown away, because
	// clients that are not done sending would not see the answer.
	maxDrained = 16 << 20
	// maxParts is how many parts a form may have.
	maxParts = 32
	// maxPartHead bounds the header of a part, and what stands between two parts.
	maxPartHead = 8 << 10
	// maxFields bounds the fields beside the file, together.
	maxFields = 32 << 10
	// maxUploads is how many forms are read at once.
	maxUploads = 256
	// uploadTime is how long a form may take.
	uploadTime = 10 * time.Minute
)

// form is what a form with a file held. Whoever read it closes it.
type form struct {
	fields url.Values
	file   *op.File
	spool  *os.File
}

// close gives back the disk that the file took.
func (f *form) close() {
	if f == nil || f.spool == nil {
		return
	}
	_ = f.spool.Close()           // its content is not wanted any more
	_ = os.Remove(f.spool.Name()) // gone already where open files can be removed
}

// isUpload reports whether a request brings a form with files.
func isUpload(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "multipart/form-data"
}

// isJSON reports whether a request brings JSON.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// noUpload judges the body of a request that was to bring a form with a file and does not;
// what is no fault of its type the operation finds missing. The reference checks no types
// below /api/media.
func noUpload(r *http.Request) *domain.Error {
	if r.ContentLength == 0 || isForm(r) || isBelow(r.URL.Path, "/api/media") {
		return nil
	}
	return &domain.Error{Code: domain.Invalid, Reason: "INVALID_CONTENT_TYPE", Message: "Content-Type must be multipart/form-data"}
}

// upload reads the form of a request into memory and the spool. Codes: invalid, too_large,
// rate_limited, unavailable.
func (d *door) upload(c *gin.Context) (*form, *domain.Error) {
	select {
	case d.uploads <- struct{}{}:
		defer func() { <-d.uploads }()
	default:
		return nil, &domain.Error{Code: domain.RateLimited, Message: "Too many uploads at once, try again later", RetryAfter: time.Second}
	}
	if c.Request.ContentLength > maxFile+maxDrained {
		c.Header("Connection", "close")
		return nil, errFileTooLarge()
	}
	body := d.patient(c)
	defer body.release()
	f, failure := d.readForm(c.Request, body)
	if failure == nil {
		return f, nil
	}
	f.close()
	body.left = maxDrained
	if _, err := io.Copy(io.Discard, body); err != nil {
		c.Header("Connection", "close")
	}
	return nil, failure
}

// errFileTooLarge refuses a file over the limit.
func errFileTooLarge() *domain.Error {
	return &domain.Error{Code: domain.TooLarge, Reason: "FILE_TOO_LARGE", LegacyCode: "LIMIT_FILE_SIZE", Message: "File too large (max 50MB)"}
}

// errForm refuses a form in words for people.
func errForm(message string) *domain.Error { return domain.Errorf(domain.Invalid, "%s", message) }

// errFiles refuses a form for its files; legacy is the reference's code for that.
func errFiles(message, legacy string) *domain.Error {
	return &domain.Error{Code: domain.Invalid, Message: message, LegacyCode: legacy}
}

// readForm reads all parts of a form.
func (d *door) readForm(r *http.Request, body *patientBody) (*form, *domain.Error) {
	f := &form{fields: url.Values{}}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" || len(params["boundary"]) > 70 {
		return f, errForm("The form has no valid boundary")
	}
	reader := multipart.NewReader(body, params["boundary"])
	size := 0
	for n := 0; ; n++ {
		body.left = maxPartHead
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, body.explain(err)
		}
		if n == maxParts {
			return f, errForm("The form has too many parts")
		}
		name, filename, isFile, ok := disposition(part.Header.Get("Content-Disposition"))
		switch {
		case !ok:
			return f, errForm("A part of the form has no valid Content-Disposition")
		case isFile:
			if failure := d.takeFile(f, name, filename, part, body); failure != nil {
				return f, failure
			}
		default:
			text, failure := takeField(part, body, maxFields-size)
			if failure != nil {
				return f, failure
			}
			size += len(name) + len(text)
			f.fields.Add(name, text)
		}
	}
}

// disposition reads the header of a part: its name, and the name of its file as it came.
func disposition(header string) (name, filename string, isFile, ok bool) {
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || kind != "form-data" || params["name"] == "" {
		return "", "", false, false
	}
	filename, isFile = params["filename"]
	return params["name"], filename, isFile, true
}

// takeField reads a field of text.
func takeField(part io.Reader, body *patientBody, most int) (string, *domain.Error) {
	body.left = maxFields + maxPartHead
	text, err := io.ReadAll(io.LimitReader(part, int64(max(most, 0))+1))
	switch {
	case err != nil:
		return "", body.explain(err)
	case len(text) > most:
		return "", domain.Errorf(domain.TooLarge, "The fields of the form are larger than %d bytes", maxFields)
	default:
		return string(text), nil
	}
}

// takeFile spools the file of a part. A file without a name and a byte is what browsers
// send where none was chosen.
func (d *door) takeFile(f *form, name, filename string, part *multipart.Part, body *patientBody) *domain.Error {
	if f.file != nil {
		return errFiles("Only one file can be uploaded at a time", "LIMIT_FILE_COUNT")
	}
	body.left = maxFile + maxPartHead
	spool, err := newSpool(d.opts.UploadDir)
	if err != nil {
		return domain.Wrap(domain.Unavailable, err, "The upload cannot be kept now")
	}
	f.spool = spool
	size, err := io.Copy(spool, io.LimitReader(part, maxFile+1))
	switch {
	case size > maxFile:
		return errFileTooLarge()
	case err != nil && body.failed == nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return domain.Wrap(domain.Unavailable, err, "The upload cannot be kept now")
	case err != nil:
		return body.explain(err)
	case size == 0 && filename == "":
		f.close()
		f.spool = nil
		return nil
	case name != "file":
		return errFiles("Unexpected field "+clip(name)+": the file must be named file", "LIMIT_UNEXPECTED_FILE")
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return domain.Wrap(domain.Unavailable, err, "The upload cannot be kept now")
	}
	f.file = &op.File{Name: filename, Type: part.Header.Get("Content-Type"), Size: size, Content: spool}
	return nil
}

// clip shortens a text of the caller for an answer.
func clip(text string) string { return string([]rune(text)[:min(len([]rune(text)), 40)]) }

// newSpool makes a file that is gone when it is closed, and after a crash too where the
// system lets open files be removed.
func newSpool(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "upload-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // else close does it
	return f, nil
}

// patientBody reads a body within a budget of bytes, and for as long as something comes.
type patientBody struct {
	r       io.Reader
	control *http.ResponseController
	ends    time.Time
	// idle is how long nothing may come.
	idle time.Duration
	// left is how much may be read until it is set anew.
	left int64
	// failed is why reading ended, nil if it did not or came to its end.
	failed error
}

// errBudget ends the reading of a body that takes more than its budget.
var errBudget = errors.New("the form is malformed or too large")

// patient returns the body of a request; release must be called.
func (d *door) patient(c *gin.Context) *patientBody {
	return &patientBody{r: c.Request.Body, control: http.NewResponseController(c.Writer), ends: time.Now().Add(uploadTime),
		idle: d.opts.BodyTimeout}
}

// release lifts the deadline, which would end the request's context while the operation
// works.
func (b *patientBody) release() { _ = b.control.SetReadDeadline(time.Time{}) }

// Read reads on within budget and deadlines.
func (b *patientBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.failed = errBudget
		return 0, errBudget
	}
	deadline := time.Now().Add(b.idle)
	if deadline.After(b.ends) {
		deadline = b.ends
	}
	if err := b.control.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		b.failed = err
		return 0, err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

// explain says why a form could not be read to its end.
func (b *patientBody) explain(err error) *domain.Error {
	switch {
	case errors.Is(b.failed, os.ErrDeadlineExceeded):
		return domain.Wrap(domain.Invalid, err, "The request body took too long to arrive")
	case b.failed != nil && !errors.Is(b.failed, errBudget):
		return domain.Wrap(domain.Invalid, err, "The request body could not be read")
	default:
		return domain.Wrap(domain.Invalid, err, "The form is malformed")
	}
}
