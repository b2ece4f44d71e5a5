package media

import (
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"
)

// Class is what the reference calls the type of an attachment.
type Class string

// The classes.
const (
	// Image is a picture.
	Image Class = "image"
	// Video is a film.
	Video Class = "video"
	// Audio is a sound.
	Audio Class = "audio"
	// Document is everything else that can be uploaded.
	Document Class = "document"
)

// classOf is the class of a media type.
func classOf(kind string) Class {
	for _, c := range []Class{Image, Video, Audio} {
		if strings.HasPrefix(kind, string(c)+"/") {
			return c
		}
	}
	return Document
}

// kinds are the media types that are known, with the extensions that they may have, the
// usual one first.
var kinds = map[string][]string{
	"audio/mpeg": {".mp3", ".mpga"}, "audio/mp3": {".mp3"}, "audio/wav": {".wav"}, "audio/x-wav": {".wav"}, "audio/wave": {".wav"},
	"audio/ogg": {".ogg", ".oga", ".opus"}, "audio/webm": {".weba", ".webm"}, "audio/mp4": {".m4a", ".mp4"}, "audio/aac": {".aac"},
	"audio/flac": {".flac"},
	"image/jpeg": {".jpg", ".jpeg", ".jfif"}, "image/png": {".png"}, "image/gif": {".gif"}, "image/webp": {".webp"},
	"video/mp4": {".mp4", ".m4v"}, "video/webm": {".webm"},
	"application/pdf": {".pdf"}, "text/plain": {".txt", ".text", ".log"},
	"text/markdown": {".md", ".markdown"}, "text/csv": {".csv"}, "application/json": {".json"},
	"application/msword": {".doc"}, "application/vnd.ms-excel": {".xls"}, "application/vnd.ms-powerpoint": {".ppt"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {".docx"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {".xlsx"},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {".pptx"},
	"application/vnd.oasis.opendocument.text":                                   {".odt"},
	"application/vnd.oasis.opendocument.spreadsheet":                            {".ods"},
	"application/vnd.oasis.opendocument.presentation":                           {".odp"},
	"application/rtf": {".rtf"},
}

// audioKinds are the types of the reference's audio routes.
var audioKinds = []string{"audio/mpeg", "audio/mp3", "audio/wav", "audio/ogg", "audio/webm", "audio/mp4", "audio/aac",
	"audio/flac", "audio/x-wav", "audio/wave"}

// mediaKinds are the types of the reference's uploads, beside those of audio.
var mediaKinds = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm", "application/pdf", "text/plain"}

// textKinds are the types that the extra type "text" stands for.
var textKinds = []string{"text/markdown", "text/csv", "application/json"}

// Kinds is a list of media types that are taken. The zero value takes none.
type Kinds struct {
	list []string
	// office is set if Office documents may come under the type of their container.
	office bool
}

// AudioKinds takes what the reference's audio routes take.
func AudioKinds() Kinds { return Kinds{list: audioKinds} }

// UploadKinds takes what the reference's uploads take, and extra: media types, or "text"
// (Markdown, CSV, JSON), "office" (documents of office programs), "none". It fails for a
// type that is malformed or that a browser would run.
func UploadKinds(extra []string) (Kinds, error) {
	k := Kinds{list: slices.Concat(audioKinds, mediaKinds)}
	for _, name := range extra {
		switch name = strings.ToLower(name); {
		case name == "none":
		case name == "text":
			k.list = append(k.list, textKinds...)
		case name == "office":
			k.office = true
			for kind := range kinds {
				if isOffice(kind) {
					k.list = append(k.list, kind)
				}
			}
		case dangerous(name):
			return Kinds{}, fmt.Errorf("%s is never taken: a browser would run it", name)
		case bare(name) != name || !strings.Contains(name, "/"):
			return Kinds{}, fmt.Errorf("%q is no media type, and none of text, office and none", name)
		default:
			k.list = append(k.list, name)
		}
	}
	return k, nil
}

// isOffice reports whether kind is that of a document of an office program.
func isOffice(kind string) bool {
	return strings.HasPrefix(kind, "application/vnd.") || kind == "application/msword" || kind == "application/rtf"
}

// takes reports whether kind is on the list.
func (k Kinds) takes(kind string) bool { return slices.Contains(k.list, kind) }

// bare is a media type in lower case without parameters, "" if it is malformed.
func bare(kind string) string {
	kind, _, _ = strings.Cut(kind, ";") // a recorder's codecs are often not quoted as they should be
	kind = strings.ToLower(strings.TrimSpace(kind))
	if parsed, _, err := mime.ParseMediaType(kind); err != nil || parsed != kind {
		return ""
	}
	return kind
}

// dangerous reports whether a browser might run what has this type, or a machine.
func dangerous(kind string) bool {
	for _, part := range []string{"html", "svg", "xml", "script", "x-sh", "shellscript", "x-msdownload", "x-executable",
		"x-msdos-program", "x-httpd-php", "x-php", "wasm", "java-archive", "x-bat", "flash", "multipart", "message/"} {
		if strings.Contains(kind, part) && !isOffice(kind) {
			return true
		}
	}
	return false
}

// dangerousNames are the extensions of what dangerous refuses by type.
var dangerousNames = []string{".html", ".htm", ".xhtml", ".xht", ".shtml", ".mhtml", ".mht", ".svg", ".svgz", ".xml", ".xsl",
	".js", ".mjs", ".cjs", ".jsx", ".php", ".phtml", ".sh", ".bash", ".bat", ".cmd", ".ps1", ".vbs", ".hta", ".wsf", ".swf", ".jar", ".exe",
	".dll", ".com", ".scr", ".msi", ".wasm"}

// extension is what the stored name of a file ends in: the original one if it is one of
// the type's, else the type's usual one.
func extension(kind, original string) string {
	known := kinds[kind]
	if ext := strings.ToLower(path.Ext(original)); slices.Contains(known, ext) {
		return ext
	}
	if len(known) > 0 {
		return known[0]
	}
	return ".bin" // an extra type of the configuration: it is served to be saved
}
