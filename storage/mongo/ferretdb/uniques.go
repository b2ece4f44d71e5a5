package main

import (
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// uniques are the elements of arrays in unique indexes, by collection. MongoDB keeps each
// element of an array in the index, FerretDB the array as a whole. What is known of a
// collection is read from it when it is needed first, and again after documents were
// deleted.
type uniques map[string]*elements

// elements are those of one collection.
type elements struct {
	// indexes are the keys of its unique indexes, without that of _id.
	indexes [][]string
	// taken holds an entry for each element that is in an index.
	taken map[string]bool
}

// name is the database and collection of a command.
func name(body bson.D) string {
	collection, _ := body[0].Value.(string)
	return text(body, "$db") + "." + collection
}

// forget drops what a command may have changed.
func (u uniques) forget(body bson.D) {
	if body[0].Key == "delete" || body[0].Key == "createIndexes" {
		delete(u, name(body))
		return
	}
	for known := range u {
		if strings.HasPrefix(known, text(body, "$db")+".") {
			delete(u, known)
		}
	}
}

// of returns the elements of a command's collection.
func (u uniques) of(body bson.D, ask asker) (*elements, error) {
	if found := u[name(body)]; found != nil {
		return found, nil
	}
	set := &elements{taken: map[string]bool{}}
	db, collection := get(body, "$db"), body[0].Value
	err := each(ask, db, bson.D{{Key: "listIndexes", Value: collection}}, func(d bson.D) {
		keys, _ := get(d, "key").(bson.D)
		if unique, _ := get(d, "unique").(bool); !unique || text(d, "name") == "_id_" {
			return
		}
		var fields []string
		for _, e := range keys {
			fields = append(fields, e.Key)
		}
		set.indexes = append(set.indexes, fields)
	})
	if err == nil && len(set.indexes) > 0 {
		err = each(ask, db, bson.D{{Key: "find", Value: collection}, {Key: "batchSize", Value: int32(10_000)}}, func(d bson.D) { set.add([]bson.D{d}) })
	}
	u[name(body)] = set
	return set, err
}

// each calls visit with the documents that a command finds.
func each(ask asker, db any, body bson.D, visit func(bson.D)) error {
	collection := body[0].Value
	for {
		reply, err := ask(append(body, bson.E{Key: "$db", Value: db}))
		if err != nil {
			return err
		}
		cursor, _ := get(reply, "cursor").(bson.D)
		for _, batch := range []string{"firstBatch", "nextBatch"} {
			list, _ := get(cursor, batch).(bson.A)
			for _, v := range list {
				if d, ok := v.(bson.D); ok {
					visit(d)
				}
			}
		}
		id, _ := get(cursor, "id").(int64)
		if id == 0 { // the end, or a collection that does not exist
			return nil
		}
		body = bson.D{{Key: "getMore", Value: id}, {Key: "collection", Value: collection}, {Key: "batchSize", Value: int32(10_000)}}
	}
}

// entries are the elements that a document has in the indexes.
func (s *elements) entries(d bson.D) (keys []string) {
	for _, fields := range s.indexes {
		for _, field := range fields {
			list, _ := get(d, field).(bson.A)
			for _, v := range list {
				keys = append(keys, entry(fields, field, v, d))
			}
		}
	}
	return keys
}

// entry is the element of one field, with the other fields of the index beside it.
func entry(fields []string, field string, element any, d bson.D) string {
	var b strings.Builder
	for _, f := range fields {
		if f == field {
			fmt.Fprintf(&b, "%s=%v|", f, element)
		} else {
			fmt.Fprintf(&b, "%s=%v|", f, get(d, f))
		}
	}
	return b.String()
}

// add notes the elements of stored documents.
func (s *elements) add(docs []bson.D) {
	for _, d := range docs {
		for _, key := range s.entries(d) {
			s.taken[key] = true
		}
	}
}

// firstTaken is the number of the first document with an element that is taken, also by
// one before it; the number of documents if there is none.
func (s *elements) firstTaken(docs []bson.D) int {
	fresh := map[string]bool{}
	for i, d := range docs {
		for _, key := range s.entries(d) {
			if s.taken[key] || fresh[key] {
				return i
			}
			fresh[key] = true
		}
	}
	return len(docs)
}

// claims are the elements that an update of one document pushes. The other fields of the
// index must stand in its filter.
func (c *command) claims(s *elements) (keys []string) {
	updates := c.documents("updates")
	filter, change := "q", "u"
	if c.body[0].Key == "findAndModify" {
		updates, filter, change = []bson.D{c.body}, "query", "update"
	}
	for _, u := range updates {
		query, _ := get(u, filter).(bson.D)
		operators, _ := get(u, change).(bson.D)
		pushed, _ := get(operators, "$push").(bson.D)
		for _, fields := range s.indexes {
			for _, field := range fields {
				v := get(pushed, field)
				if each, ok := v.(bson.D); ok { // {$each: [...], $slice: ...}
					list, _ := get(each, "$each").(bson.A)
					for _, v := range list {
						keys = append(keys, entry(fields, field, v, query))
					}
				} else if v != nil {
					keys = append(keys, entry(fields, field, v, query))
				}
			}
		}
	}
	return keys
}
