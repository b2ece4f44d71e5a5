package e2e_test

import (
	"testing"
)

// TestTheDocumentsAreValidByTheirOfficialSchemas checks OpenAPI and AsyncAPI.
func TestTheDocumentsAreValidByTheirOfficialSchemas(t *testing.T) {
	scenario(t, inFull, func(t *testing.T, on topology) {
		node(t, "documents.mjs", on.start(t).url)
	})
}

// TestThePagesOfTheDocumentsAreForEverybody runs axe on each of them in a browser.
func TestThePagesOfTheDocumentsAreForEverybody(t *testing.T) {
	browser := chromium(t)
	scenario(t, inSoak, func(t *testing.T, on topology) {
		pageTest(t, func() error {
			return tryNode(t, "docspages.mjs", on.start(t).url, t.TempDir(), browser)
		})
	})
}
