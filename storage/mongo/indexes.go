package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
)

// index is an index with the shapes of the queries that it serves. Every filter and every
// sort that this package sends has a shape here, or names the _id; a test holds all that
// the contract suite sends against them.
type index struct {
	collection string
	// keys are the fields in their order, each with its direction: "+at" or "-at".
	keys []string
	// unique says that no two documents have the same keys; of an array, no two have one
	// element in common.
	unique bool
	// sparse says that documents without any of its fields are not in it.
	sparse bool
	shapes []shape
}

// shape is the form of a query, in words apart by spaces: "a=" is a field that is
// compared with one or several values, "a<" one with bounds, "a?" one that is looked at in
// the documents that the others select; "+a" and "-a" are the sort.
type shape struct {
	form string
	// few says why looking at documents, or sorting them, costs little; "" if the index
	// does it all.
	few string
}

// name is the index's own, made of its keys.
func (i index) name() string {
	return strings.NewReplacer("+", "", "-", "").Replace(strings.Join(i.keys, "_"))
}

// document is the keys as MongoDB has them.
func (i index) document() bson.D {
	d := bson.D{}
	for _, k := range i.keys {
		direction := int32(1)
		if k[0] == '-' {
			direction = -1
		}
		d = append(d, bson.E{Key: k[1:], Value: direction})
	}
	return d
}

// allIndexes are the indexes of all collections.
func allIndexes() []index {
	return slices.Concat(serverIndexes(), channelIndexes(), messageIndexes(), readIndexes(), agentIndexes(), turnIndexes(),
		agentLogIndexes(), placeIndexes(), memoryIndexes(), fileIndexes(), blobIndexes())
}

// existingIndex is what the server tells of an index.
type existingIndex struct {
	Name   string `bson:"name"`
	Key    bson.D `bson:"key"`
	Unique bool   `bson:"unique"`
}

// ensureIndexes creates the indexes that are missing. One that is there under the name of
// ours and is another is an error: what it was made for would break.
func ensureIndexes(ctx context.Context, db *mongo.Database, list []index) error {
	byCollection := map[string][]index{}
	for _, i := range list {
		byCollection[i.collection] = append(byCollection[i.collection], i)
	}
	for collection, wanted := range byCollection {
		if err := ensureIndexesOf(ctx, db.Collection(collection), wanted); err != nil {
			return err
		}
	}
	return nil
}

// ensureIndexesOf is ensureIndexes for one collection.
func ensureIndexesOf(ctx context.Context, c *mongo.Collection, wanted []index) error {
	var existing []existingIndex
	cursor, err := c.Indexes().List(ctx)
	if err == nil {
		err = cursor.All(ctx, &existing)
	}
	if err != nil {
		return fmt.Errorf("list the indexes of %s: %w", c.Name(), err)
	}
	var missing []mongo.IndexModel
	for _, i := range wanted {
		at := slices.IndexFunc(existing, func(e existingIndex) bool { return e.Name == i.name() })
		if at < 0 {
			o := options.Index().SetName(i.name())
			if i.unique {
				o.SetUnique(true)
			}
			if i.sparse {
				o.SetSparse(true)
			}
			missing = append(missing, mongo.IndexModel{Keys: i.document(), Options: o})
		} else if e := existing[at]; e.Unique != i.unique || !sameKeys(e.Key, i.document()) {
			return differs(c.Name(), i, fmt.Sprintf("it has the keys %v, unique: %t", e.Key, e.Unique))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.Indexes().CreateMany(ctx, missing)
	if hasCode(err, codeIndexOptions) || hasCode(err, codeIndexKeys) {
		return domain.Wrap(domain.Invalid, err, fmt.Sprintf("An index of %s has other options than the one that is needed; drop it and start again", c.Name()))
	}
	if err != nil {
		return fmt.Errorf("create the indexes of %s: %w", c.Name(), err)
	}
	return nil
}

// differs is the error of an index that is another one than ours.
func differs(collection string, i index, how string) error {
	return domain.Errorf(domain.Invalid, "The index %s of the collection %s is not the one that is needed (keys %s, unique: %t): %s; drop it and start again",
		i.name(), collection, strings.Join(i.keys, " "), i.unique, how)
}

// sameKeys compares keys, whatever type of number their directions have.
func sameKeys(a, b bson.D) bool {
	return slices.EqualFunc(a, b, func(x, y bson.E) bool { return x.Key == y.Key && fmt.Sprint(x.Value) == fmt.Sprint(y.Value) })
}
