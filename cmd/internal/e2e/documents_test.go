package e2e_test

import (
	"testing"
	"time"
)

// TestTheDocumentsAreValidByTheirOfficialSchemas checks OpenAPI and AsyncAPI.
func TestTheDocumentsAreValidByTheirOfficialSchemas(t *testing.T) {
	p := start(t)
	t.Log("\n" + node(t, time.Minute, "documents.mjs", p.url))
}

// TestThePagesOfTheDocumentsAreForEverybody runs axe on each of them in a browser.
func TestThePagesOfTheDocumentsAreForEverybody(t *testing.T) {
	browser := chromium(t)
	p := start(t)
	t.Log("\n" + node(t, 4*time.Minute, "docspages.mjs", p.url, t.TempDir(), browser))
}
