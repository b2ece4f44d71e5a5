package media

import (
	"bytes"
	"errors"
	"image"
	_ "image/gif"  // sizes of GIFs
	_ "image/jpeg" // sizes of JPEGs
	_ "image/png"  // sizes of PNGs
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/op"
)

// MaxFile is the largest file, in bytes.
const MaxFile = 50 << 20

// headSize is how much of a file is looked at to recognise it.
const headSize = 4 << 10

// Check is the type of an uploaded file under the rules of a list; ok is false if the file
// is not taken. declared is the type that the uploader gave. The content is at its start
// again afterwards. Errors are those of reading.
func (k Kinds) Check(f *op.File, declared string) (kind string, ok bool, err error) {
	head := make([]byte, headSize)
	if _, err := f.Content.Seek(0, io.SeekStart); err != nil {
		return "", false, err
	}
	n, err := io.ReadFull(f.Content, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", false, err
	}
	kind, ok = k.decide(bare(declared), head[:n], f.Name)
	_, err = f.Content.Seek(0, io.SeekStart)
	return kind, ok, err
}

// Refusal says why a file that was declared as something is not taken.
func (k Kinds) Refusal(declared string) *domain.Error {
	kind := bare(declared)
	switch {
	case k.takes(kind):
		return domain.Errorf(domain.UnsupportedMedia, "The file is not what it is said to be: %s", kind)
	case kind == "":
		kind = "unknown"
	}
	return domain.Errorf(domain.UnsupportedMedia, "Unsupported media MIME type: %s", kind)
}

// decide is Check on the head of a file. A declared type on the list is believed; else
// what the content says counts, plain text only where nothing was declared.
func (k Kinds) decide(declared string, head []byte, name string) (kind string, ok bool) {
	sniffed := sniff(head)
	if dangerous(declared) || dangerousHead(head, sniffed) || slices.Contains(dangerousNames, strings.ToLower(path.Ext(name))) {
		return "", false
	}
	if sniffed == "text/html" && !strings.HasPrefix(declared, "text/") {
		return "", false
	}
	if k.takes(declared) {
		return truth(declared, sniffed), true
	}
	undeclared := declared == "" || declared == "application/octet-stream"
	if sniffed == "application/zip" && undeclared && k.office {
		return officeKind(name)
	}
	if sniffed == "video/webm" && !k.takes(sniffed) {
		sniffed = "audio/webm"
	}
	if k.takes(sniffed) && (sniffed != "text/plain" || undeclared) {
		return sniffed, true
	}
	return "", false
}

// truth is a declared type, corrected where browsers are known to be wrong: recorders
// call WebM and Ogg a WAV.
func truth(declared, sniffed string) string {
	wav := declared == "audio/wav" || declared == "audio/x-wav" || declared == "audio/wave"
	switch {
	case wav && sniffed == "video/webm":
		return "audio/webm"
	case wav && (sniffed == "audio/ogg" || sniffed == "audio/mp4"):
		return sniffed
	default:
		return declared
	}
}

// officeKind is the type of an Office document by its name, for it is a ZIP like others.
func officeKind(name string) (kind string, ok bool) {
	ext := strings.ToLower(path.Ext(name))
	for kind, extensions := range kinds {
		if ext != "" && isOffice(kind) && extensions[0] == ext {
			return kind, true
		}
	}
	return "", false
}

// sniff is the media type of content that begins with head, without parameters, in the
// words of the lists.
func sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("fLaC")):
		return "audio/flac"
	case len(head) > 1 && head[0] == 0xFF && head[1]&0xF6 == 0xF0:
		return "audio/aac"
	case len(head) > 2 && head[0] == 0xFF && head[1]&0xE0 == 0xE0 && head[1]&0x06 != 0:
		return "audio/mpeg"
	case len(head) > 11 && string(head[4:11]) == "ftypM4A":
		return "audio/mp4"
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch kind {
	case "audio/wave":
		return "audio/wav"
	case "application/ogg":
		return "audio/ogg"
	default:
		return kind
	}
}

// dangerousStarts begin what a machine or a browser would run.
var dangerousStarts = []string{"<!doctype", "<html", "<head", "<body", "<script", "<iframe", "<svg", "<?xml", "<?php", "#!", "%!ps"}

// dangerousTags are looked for in all of the head, in which a file that is also a picture
// would hide them.
var dangerousTags = []string{"<script", "<html", "<svg", "<iframe", "<?php", "<!doctype html"}

// dangerousHead reports whether content that begins with head is something to run, also
// if it looks like something else as well.
func dangerousHead(head []byte, sniffed string) bool {
	for _, start := range []string{"\x7fELF", "\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\x00asm"} {
		if bytes.HasPrefix(head, []byte(start)) {
			return true
		}
	}
	if bytes.HasPrefix(head, []byte("MZ")) && sniffed != "text/plain" {
		return true
	}
	text := strings.ToLower(string(decoded(head)))
	begin := strings.TrimLeft(text, "\ufeff \t\r\n\f\v\x00")
	for strings.HasPrefix(begin, "<!--") {
		_, after, closed := strings.Cut(begin, "-->")
		if !closed {
			break
		}
		begin = strings.TrimLeft(after, " \t\r\n\f")
	}
	if slices.ContainsFunc(dangerousStarts, func(s string) bool { return strings.HasPrefix(begin, s) }) {
		return true
	}
	if strings.HasPrefix(sniffed, "text/plain") {
		return false // a text may speak of tags; it is served as plain text
	}
	return slices.ContainsFunc(dangerousTags, func(s string) bool { return strings.Contains(text, s) })
}

// decoded is head as bytes that can be compared: UTF-16 loses its zero bytes.
func decoded(head []byte) []byte {
	if bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		return bytes.ReplaceAll(head[2:], []byte{0}, nil)
	}
	return head
}

// sizeLimit is how far into a file the size of a picture is looked for.
const sizeLimit = 1 << 20

// pictureSize is the size of a picture in points, 0 if it is not known.
func pictureSize(kind string, content io.ReadSeeker) (width, height int) {
	if classOf(kind) != Image {
		return 0, 0
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return 0, 0
	}
	limited := io.LimitReader(content, sizeLimit)
	if kind == "image/webp" {
		return webpSize(limited)
	}
	config, _, err := image.DecodeConfig(limited)
	if err != nil {
		return 0, 0
	}
	return config.Width, config.Height
}

// webpSize reads the head of a WebP picture in any of its three forms.
func webpSize(r io.Reader) (width, height int) {
	b := make([]byte, 30)
	if _, err := io.ReadFull(r, b); err != nil || string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return 0, 0
	}
	le := func(b ...byte) (n int) {
		for i, x := range b {
			n |= int(x) << (8 * i)
		}
		return n
	}
	switch string(b[12:16]) {
	case "VP8X":
		return le(b[24:27]...) + 1, le(b[27:30]...) + 1
	case "VP8L":
		n := le(b[21:25]...)
		return n&0x3FFF + 1, n>>14&0x3FFF + 1
	case "VP8 ":
		return le(b[26:28]...) & 0x3FFF, le(b[28:30]...) & 0x3FFF
	default:
		return 0, 0
	}
}
