//go:build !noui

package web

import (
	"embed"
	"io/fs"
)

// dist is the build of the page.
//
//go:embed all:dist
var dist embed.FS

// Files returns the files of the page, index.html at the root; nil in a program that
// was built without them (tag noui).
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil // Only an invalid folder name fails, and this one is fixed.
	}
	return files
}
