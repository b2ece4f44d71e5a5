package e2e_test

import (
	"testing"
)

// TestTheDocumentsAreValidByTheirOfficialSchemas checks OpenAPI and AsyncAPI.
func TestTheDocumentsAreValidByTheirOfficialSchemas(t *testing.T) {
	p := start(t)
	node(t, "documents.mjs", p.url)
}

// TestThePagesOfTheDocumentsAreForEverybody runs axe on each of them in a browser.
func TestThePagesOfTheDocumentsAreForEverybody(t *testing.T) {
	browser := chromium(t)
	pageTest(t, func() error {
		p := start(t)
		return tryNode(t, "docspages.mjs", p.url, t.TempDir(), browser)
	})
}
