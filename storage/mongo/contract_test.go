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

// openAt opens a store in a database. The caller closes it.
func openAt(t testing.TB, uri, database string) *storage.Set {
	t.Helper()
	set, err := mongo.Open(t.Context(), mongo.Options{URI: domain.Secret(uri), Database: database, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestContract(t *testing.T) {
	var sent mongo.Recorder
	t.Run("store", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T) *storage.Set {
			uri := mongotest.URI(t)
			set, err := mongo.Open(t.Context(), sent.Watch(mongo.Options{URI: domain.Secret(uri), Database: mongotest.Database(t, uri), Logger: zerolog.Nop()}))
			if err != nil {
				t.Fatal(err)
			}
			return set
		})
	})
	sent.Check(t)
}
