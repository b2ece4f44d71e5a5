package media

import (
	"path"
	"slices"
	"strings"
)

// namedKinds are the types of extensions, those of kinds the other way round, where one
// extension has one type. The reference's own folder may hold more than is taken here.
var namedKinds = map[string]string{
	".mp3": "audio/mpeg", ".mpga": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg",
	".weba": "audio/webm", ".m4a": "audio/mp4", ".aac": "audio/aac", ".flac": "audio/flac",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jfif": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".bmp": "image/bmp", ".ico": "image/x-icon",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime",
	".pdf": "application/pdf", ".txt": "text/plain", ".text": "text/plain", ".log": "text/plain",
	".md": "text/markdown", ".markdown": "text/markdown", ".csv": "text/csv", ".json": "application/json",
}

// kindOfName is the type under which a file of a name is served to everybody; what is not
// known, or could be run, is only bytes.
func kindOfName(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if kind, ok := namedKinds[ext]; ok {
		return kind
	}
	for kind, extensions := range kinds {
		if isOffice(kind) && slices.Contains(extensions, ext) {
			return kind
		}
	}
	return "application/octet-stream"
}

// inline reports whether a browser may show what has this type; everything else is to be
// saved.
func inline(kind string) bool {
	return kind == "application/pdf" || kind == "text/plain" || classOf(kind) != Document && kind != "image/svg+xml"
}

// served is a type as it stands in the header: texts are taken for UTF-8.
func served(kind string) string {
	if strings.HasPrefix(kind, "text/") || kind == "application/json" {
		return kind + "; charset=utf-8"
	}
	return kind
}
