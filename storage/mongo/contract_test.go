package mongo_test

import (
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/storage"
	"parley/storage/mongo"
	"parley/storage/mongo/mongotest"
	"parley/storage/storagetest"
)

// open opens a store in a database of its own.
func open(t *testing.T) *storage.Set {
	t.Helper()
	uri := mongotest.URI(t)
	return openAt(t, uri, mongotest.Database(t, uri))
}

// openAt opens a store in a database. The caller closes it.
func openAt(t testing.TB, uri, database string) *storage.Set {
	t.Helper()
	set, err := mongo.Open(t.Context(), mongo.Options{URI: domain.Secret(uri), Database: database, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestContract(t *testing.T) { storagetest.Run(t, open) }
