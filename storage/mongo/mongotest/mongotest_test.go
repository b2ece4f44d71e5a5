package mongotest_test

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/storage/mongo/mongotest"
)

// connect returns an empty collection with a unique index over an array.
func connect(t *testing.T, uri, database string) *mongo.Collection {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	c := client.Database(database).Collection("things")
	_, err = c.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "ch", Value: 1}, {Key: "numbers", Value: 1}},
		Options: options.Index().SetUnique(true)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// thing is a document of channel 1.
func thing(id string, numbers ...int64) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "ch", Value: int64(1)}, {Key: "numbers", Value: numbers}}
}

func TestUniqueIndexHoldsElementsOfArrays(t *testing.T) {
	uri := mongotest.URI(t)
	c := connect(t, uri, mongotest.Database(t, uri))
	insert := func(docs ...bson.D) (int, error) {
		result, err := c.InsertMany(t.Context(), docs)
		if result == nil {
			return 0, err
		}
		return len(result.InsertedIDs), err
	}
	if _, err := insert(thing("a", 1), thing("b", 2)); err != nil {
		t.Fatal(err)
	}
	push := func(id string, n int64) (int64, error) {
		r, err := c.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: id}, {Key: "ch", Value: int64(1)}},
			bson.D{{Key: "$push", Value: bson.D{{Key: "numbers", Value: n}}}})
		if err != nil {
			return 0, err
		}
		return r.ModifiedCount, nil
	}
	if n, err := push("a", 3); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if _, err := push("b", 3); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("a number of another document: %v", err)
	}
	if n, err := push("absent", 4); err != nil || n != 0 {
		t.Errorf("no document: %d, %v", n, err)
	}
	if _, err := insert(thing("c", 4), thing("d", 3), thing("e", 5)); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("an insert of a number that is taken: %v", err)
	}
	if n, err := c.CountDocuments(t.Context(), bson.D{}); err != nil || n != 3 {
		t.Errorf("%d documents, %v; what comes before the refused one is stored", n, err)
	}
	if _, err := c.DeleteOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := insert(thing("f", 3)); err != nil {
		t.Errorf("a number whose document is deleted: %v", err)
	}
}

func TestServerIsKilledAndStartedAgain(t *testing.T) {
	s := mongotest.Start(t)
	c := connect(t, s.URI, "things")
	if _, err := c.InsertOne(t.Context(), thing("a", 1)); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		n, err := c.CountDocuments(ctx, bson.D{})
		if err == nil {
			if n != 1 {
				t.Errorf("%d documents", n)
			}
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.InsertOne(ctx, thing("b", 1)); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("after the restart: %v", err)
	}
}
