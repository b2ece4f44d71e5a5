package mongo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/storage/mongo"
	"parley/storage/mongo/mongotest"
)

func TestErrorsTellNoPassword(t *testing.T) {
	for _, uri := range []string{"mongodb://user:s3cret@@host", "mongodb://user:s3cret%zz@host", "s3cret", "mongodb://user:s3cret@127.0.0.1:1/?serverSelectionTimeoutMS=100",
		"mongodb+srv://user:s3cret@parley.invalid/?serverSelectionTimeoutMS=100"} {
		set, err := mongo.Open(t.Context(), mongo.Options{URI: domain.Secret(uri), Logger: zerolog.Nop()})
		if err == nil {
			_ = set.Close()
			t.Errorf("a store was opened at %s", uri)
		} else if strings.Contains(fmt.Sprintf("%v %+v", err, err), "s3cret") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestHostIsToldWithoutCredentials(t *testing.T) {
	if host := mongo.Host("mongodb://user:s3cret@a:1,b:2/parley"); host != "a:1,b:2" {
		t.Errorf("got %q", host)
	}
	if host := mongo.Host("mongodb://user:s3cret@@a"); host != "" {
		t.Errorf("got %q of what is no URI", host)
	}
}

func TestIndexThatDiffersIsAnError(t *testing.T) {
	uri := mongotest.URI(t)
	database := mongotest.Database(t, uri)
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	_, err = client.Database(database).Collection("messages").Indexes().CreateOne(t.Context(),
		driver.IndexModel{Keys: bson.D{{Key: "ch", Value: 1}, {Key: "seq", Value: 1}}, Options: options.Index().SetName("ch_seq")})
	if err != nil {
		t.Fatal(err)
	}
	set, err := mongo.Open(t.Context(), mongo.Options{URI: domain.Secret(uri), Database: database, Logger: zerolog.Nop()})
	if err == nil {
		_ = set.Close()
		t.Fatal("the log would not be unique")
	}
	if !strings.Contains(err.Error(), "ch_seq") || !strings.Contains(err.Error(), "messages") {
		t.Errorf("the error does not say which: %v", err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	uri := mongotest.URI(t)
	database := mongotest.Database(t, uri)
	closeSet(t, openAt(t, uri, database))
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	_, err = client.Database(database).Collection("meta").UpdateByID(t.Context(), "schema", bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: 99}}}})
	if err != nil {
		t.Fatal(err)
	}
	if set, err := mongo.Open(t.Context(), mongo.Options{URI: domain.Secret(uri), Database: database, Logger: zerolog.Nop()}); err == nil {
		_ = set.Close()
		t.Error("a database of a newer program was opened")
	}
}

func TestPoolTellsItsNumbers(t *testing.T) {
	set := replicas(t, 1)[0]
	if err := set.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // what the store does beside may wait for a moment
		s := set.Stats()
		if s.OpenConnections >= 1 && s.ConnectionLimit == 64 && s.ConnectionWaits >= 1 && s.UsedConnections <= s.OpenConnections && s.ConnectionQueue == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", s)
		}
	}
}
