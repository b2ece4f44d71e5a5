package rest

import (
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/media"
	"parley/domain/op"
)

// media serves a file below /media to everybody: pages show pictures without any key.
func (d *door) media(c *gin.Context) {
	key, failure := mediaKey(c.Request)
	if failure == nil && d.opts.Blobs == nil {
		failure = domain.Errorf(domain.NotFound, "File not found")
	}
	if failure != nil {
		d.fail(c, failure)
		return
	}
	download, err := media.Open(c.Request.Context(), d.opts.Blobs, key)
	if err != nil {
		d.fail(c, domain.AsError(err))
		return
	}
	d.sendFile(c, download, "public, max-age=0")
}

// mediaKey reads a path below /media. Of the file's name only what follows the last slash
// counts, which can only be an escaped one.
func mediaKey(r *http.Request) (blob.Key, *domain.Error) {
	absent := domain.Errorf(domain.NotFound, "Not found")
	segments := split(r.URL)
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(segments) < 4 {
		return blob.Key{}, absent
	}
	name, owner := len(segments)-1, len(segments)-2
	key := blob.Key{Area: blob.Area(strings.Join(segments[2:owner], "/")), Owner: strings.ToLower(segments[owner])}
	switch key.Area {
	case blob.AgentUploads, blob.ChannelUploads, blob.Generated:
	default:
		return key, absent
	}
	if !domain.IsUUID(key.Owner) {
		return key, &domain.Error{Code: domain.Invalid, Reason: "INVALID_ID", Message: "Invalid ID: not a UUID"}
	}
	key.Name = path.Base(segments[name])
	if segments[name] == "" {
		return key, absent
	}
	if err := key.Validate(); err != nil {
		return key, domain.AsError(err)
	}
	return key, nil
}

// sendFile sends a file or the part of it that the caller asks for, and closes it. Whatever
// it holds, a browser runs nothing of it.
func (d *door) sendFile(c *gin.Context, f *op.Download, cache string) {
	defer func() { _ = f.Content.Close() }() // only read
	header := c.Writer.Header()
	header.Set("Content-Type", f.Type)
	header.Set("Cache-Control", cache)
	header.Set("ETag", `"`+f.Tag+`"`)
	header.Set("Content-Security-Policy", "sandbox")
	how := "attachment"
	if f.Inline {
		how = "inline"
	}
	header.Set("Content-Disposition", how)
	if named := mime.FormatMediaType(how, map[string]string{"filename": f.Name}); named != "" {
		header.Set("Content-Disposition", named)
	}
	c.Status(http.StatusOK)
	http.ServeContent(c.Writer, c.Request, "", f.Modified, f.Content)
}
