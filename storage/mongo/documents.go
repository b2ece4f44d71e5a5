package mongo

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
)

// key is the key of a document that is named by two ids, or by a key and an id. Ids hold
// no slash, so what begins with the same ids is a range of keys.
func key[A, B ~string](first A, second B) string { return string(first) + "/" + string(second) }

// keysOf are the ends, both exclusive, of the range of keys that begin with an id or a key.
func keysOf[A ~string](first A) (from, to string) {
	return string(first) + "/", string(first) + "0" // the character after the slash
}

// within is the condition that a text lies between two others, both exclusive.
func within(field, from, to string) bson.E {
	return bson.E{Key: field, Value: bson.D{{Key: "$gt", Value: from}, {Key: "$lt", Value: to}}}
}

// oneOf is the condition that a field has one of some values.
func oneOf[T any](values []T) bson.D { return bson.D{{Key: "$in", Value: values}} }

// floor is a time in the precision of the store.
func floor(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// ceil is the first moment of the store's precision that is not before t: an upper bound
// within a millisecond does not exclude the beginning of that.
func ceil(t time.Time) time.Time {
	if f := floor(t); f.Before(t) {
		return f.Add(time.Millisecond)
	}
	return floor(t)
}

// collection is one with what its documents need: each method is a call that Close waits
// for, and its errors are domain errors.
type collection struct {
	*mongo.Collection
	s *Store
}

// in is the collection of a name.
func (s *Store) in(name string) collection { return collection{s.db.Collection(name), s} }

// one reads one document into to and reports whether there is one.
func (c collection) one(ctx context.Context, filter bson.D, to any, o ...options.Lister[options.FindOneOptions]) (found bool, err error) {
	err = c.s.read(ctx, func(ctx context.Context) error {
		found, err = decoded(c.FindOne(ctx, filter, o...), to)
		return err
	})
	return found, err
}

// decoded reads a result into to and reports whether there is one.
func decoded(result *mongo.SingleResult, to any) (found bool, err error) {
	err = result.Decode(to)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}

// each calls next with every document of a query until it wants no more; an error of next
// comes back as it is. next must be quick.
func each[D any](ctx context.Context, c collection, filter bson.D, o *options.FindOptionsBuilder, next func(D) (more bool, err error)) error {
	var failed error
	err := c.s.read(ctx, func(ctx context.Context) error {
		cursor, err := c.Find(ctx, filter, o)
		if err != nil {
			return err
		}
		defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
		for more := true; more && failed == nil && cursor.Next(ctx); {
			var d D
			if err := cursor.Decode(&d); err != nil {
				return err
			}
			more, failed = next(d)
		}
		return cursor.Err()
	})
	return cmp.Or(failed, err)
}

// listOf reads every document of a query.
func listOf[D, T any](ctx context.Context, c collection, filter bson.D, o *options.FindOptionsBuilder, read func(D) (T, error)) (list []T, err error) {
	err = each(ctx, c, filter, o, func(d D) (bool, error) {
		item, err := read(d)
		list = append(list, item)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// count counts the documents of a filter, most at the most; 0 counts all.
func (c collection) count(ctx context.Context, filter bson.D, most int) (n int, err error) {
	o := options.Count()
	if most > 0 {
		o.SetLimit(int64(most))
	}
	err = c.s.read(ctx, func(ctx context.Context) error {
		all, err := c.CountDocuments(ctx, filter, o)
		n = int(all)
		return err
	})
	return n, err
}

// insert stores a document, or reports that one of its unique keys is taken.
func (c collection) insert(ctx context.Context, doc any) (created bool, err error) {
	err = c.s.write(ctx, func(ctx context.Context) error {
		_, err := c.InsertOne(ctx, doc)
		created = err == nil
		if mongo.IsDuplicateKeyError(err) {
			return nil
		}
		return err
	})
	return created, err
}

// insertAll stores documents and tells which of them it has; the others exist already.
func (c collection) insertAll(ctx context.Context, docs []any) (created []bool, err error) {
	created = make([]bool, len(docs))
	err = c.s.write(ctx, func(ctx context.Context) error {
		for i := range created {
			created[i] = true
		}
		if len(docs) == 0 {
			return nil
		}
		_, err := c.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
		var many mongo.BulkWriteException
		if !errors.As(err, &many) || many.WriteConcernError != nil {
			return err
		}
		for _, failed := range many.WriteErrors {
			if !mongo.IsDuplicateKeyError(failed.WriteError) {
				return err
			}
			created[failed.Index] = false
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

// insertInOrder stores documents one after the other, all or the first ones; those that
// exist stay as they are.
func (c collection) insertInOrder(ctx context.Context, docs []any) error {
	return c.s.write(ctx, func(ctx context.Context) error {
		for len(docs) > 0 {
			_, err := c.InsertMany(ctx, docs)
			var many mongo.BulkWriteException
			if !errors.As(err, &many) || many.WriteConcernError != nil || len(many.WriteErrors) == 0 || !mongo.IsDuplicateKeyError(many.WriteErrors[0].WriteError) {
				return err
			}
			docs = docs[many.WriteErrors[0].Index+1:]
		}
		return nil
	})
}

// update changes the document of a filter, and reports whether there is one.
func (c collection) update(ctx context.Context, filter, update bson.D) (found bool, err error) {
	err = c.s.write(ctx, func(ctx context.Context) error {
		result, err := c.UpdateOne(ctx, filter, update)
		found = err == nil && result.MatchedCount > 0
		return err
	})
	return found, err
}

// change changes the document of a filter and reads it as it is then; it reports whether
// there is one.
func (c collection) change(ctx context.Context, filter, update bson.D, to any) (found bool, err error) {
	err = c.s.write(ctx, func(ctx context.Context) error {
		o := options.FindOneAndUpdate().SetReturnDocument(options.After)
		found, err = decoded(c.FindOneAndUpdate(ctx, filter, update, o), to)
		return err
	})
	return found, err
}

// remove removes the documents of a filter and returns how many there were.
func (c collection) remove(ctx context.Context, filter bson.D) (n int, err error) {
	err = c.s.write(ctx, func(ctx context.Context) error {
		result, err := c.DeleteMany(ctx, filter)
		if err == nil {
			n = int(result.DeletedCount)
		}
		return err
	})
	return n, err
}

// removeSome removes documents of a query, at most limit, and returns how many they were.
// Of two callers at once both may count the same document.
func (c collection) removeSome(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder, limit int) (int, error) {
	o.SetLimit(int64(limit)).SetProjection(bson.D{{Key: "_id", Value: 1}})
	keys, err := listOf(ctx, c, filter, o, func(d struct {
		Key string `bson:"_id"`
	}) (string, error) {
		return d.Key, nil
	})
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	if _, err := c.remove(ctx, bson.D{{Key: "_id", Value: oneOf(keys)}}); err != nil {
		return 0, err
	}
	return len(keys), nil
}

// versioned is a document that is changed under the condition that nobody else has.
type versioned interface {
	// revision is how often the document was changed.
	revision() int64
}

// errGone is what revise returns where there is no document.
var errGone = domain.Errorf(domain.NotFound, "The document does not exist")

// isAbsent reports whether revise has found no document.
func isAbsent(err error) bool { return errors.Is(err, errGone) }

// errSame ends a change by revise that has nothing to change.
var errSame = domain.Errorf(domain.Conflict, "Nothing has changed")

// isSame reports whether a change by revise had nothing to change.
func isSame(err error) bool { return errors.Is(err, errSame) }

// isDuplicate reports whether a write has failed because a unique key is taken.
func isDuplicate(err error) bool { return mongo.IsDuplicateKeyError(err) }

// revised is an update that sets fields and makes a change of the same document by revise
// begin anew.
func revised(set bson.D) bson.D {
	return bson.D{{Key: "$set", Value: set}, {Key: "$inc", Value: bson.D{{Key: "revision", Value: int64(1)}}}}
}

// revise sets the fields that change makes of a document. It is one write, under the
// condition that the document has not changed since it was read; else change runs again.
// Errors: errGone, those of change as they are, and a taken unique key (isDuplicate).
func revise[D versioned](ctx context.Context, c collection, id any, change func(D) (bson.D, error)) error {
	var refused error
	err := c.s.contend(ctx, func(ctx context.Context) (bool, error) {
		var d D
		found, err := c.one(ctx, bson.D{{Key: "_id", Value: id}}, &d)
		if err != nil {
			return false, err
		}
		if !found {
			return false, errGone
		}
		var set bson.D
		if set, refused = change(d); refused != nil {
			return true, nil //nolint:nilerr // it is returned below
		}
		return c.update(ctx, bson.D{{Key: "_id", Value: id}, {Key: "revision", Value: d.revision()}}, revised(set))
	})
	return cmp.Or(refused, err)
}

// contend calls try until it says that it is done; it is not where somebody else was faster.
func (s *Store) contend(ctx context.Context, try func(context.Context) (done bool, err error)) error {
	return s.write(ctx, func(ctx context.Context) error {
		return s.retry(ctx, func() (bool, error) { return try(ctx) })
	})
}

// encode is the stored JSON of v. Texts stay as they are, < and > included.
func encode(v any) (string, error) {
	text, err := domain.PlainJSON(v)
	if err != nil {
		return "", domain.Wrap(domain.Invalid, err, "The value has no JSON form")
	}
	return string(text), nil
}
