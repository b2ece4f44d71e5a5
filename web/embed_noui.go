//go:build noui

package web

import "io/fs"

// Files returns nil: this program was built without the page.
func Files() fs.FS { return nil }
