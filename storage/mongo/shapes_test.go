package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
)

// Recorder notes the form of each query that a store sends.
type Recorder struct {
	mu    sync.Mutex
	forms map[string]bool
}

// Watch returns options with which a store tells the recorder what it sends.
func (r *Recorder) Watch(o Options) Options {
	o.monitor = &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) { r.hear(e.Command) }}
	return o
}

// hear notes one command.
func (r *Recorder) hear(raw bson.Raw) {
	var command bson.D
	if err := bson.Unmarshal(raw, &command); err != nil {
		panic(err)
	}
	collection, _ := command[0].Value.(string)
	switch command[0].Key {
	case "find", "count":
		r.note(collection, field(command, filterKey(command[0].Key)), field(command, "sort"))
	case "findAndModify":
		r.note(collection, field(command, "query"), field(command, "sort"))
	case "update", "delete":
		list, _ := value(command, command[0].Key+"s").(bson.A)
		for _, each := range list {
			statement, _ := each.(bson.D)
			r.note(collection, field(statement, "q"), nil)
		}
	case "aggregate":
		stages, _ := value(command, "pipeline").(bson.A)
		for _, each := range stages {
			stage, _ := each.(bson.D)
			if match := field(stage, "$match"); match != nil {
				r.note(collection, match, nil)
			}
		}
	}
}

// filterKey is where a command has its filter.
func filterKey(command string) string {
	if command == "find" {
		return "filter"
	}
	return "query"
}

// value is that of a key.
func value(d bson.D, key string) any {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// field is a document in a document.
func field(d bson.D, key string) bson.D {
	v, _ := value(d, key).(bson.D)
	return v
}

// note notes the form of a query.
func (r *Recorder) note(collection string, filter, sort bson.D) {
	var words []string
	for _, e := range filter {
		words = append(words, e.Key+comparison(e.Value))
	}
	slices.Sort(words)
	for _, e := range sort {
		words = append(words, map[bool]string{true: "-", false: "+"}[fmt.Sprint(e.Value) == "-1"]+e.Key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms == nil {
		r.forms = map[string]bool{}
	}
	r.forms[collection+": "+strings.Join(words, " ")] = true
}

// comparison is how a field is compared with a value.
func comparison(v any) string {
	operators, ok := v.(bson.D)
	if !ok || len(operators) == 0 || !strings.HasPrefix(operators[0].Key, "$") {
		return "="
	}
	switch operators[0].Key {
	case "$eq", "$in":
		return "="
	case "$gt", "$gte", "$lt", "$lte":
		return "<"
	default:
		return "?"
	}
}

// Check fails the test for each query that no declared shape covers.
func (r *Recorder) Check(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	declared := map[string]bool{}
	for _, i := range allIndexes() {
		for _, s := range i.shapes {
			declared[i.collection+": "+normal(s.form)] = true
		}
	}
	if len(r.forms) == 0 {
		t.Fatal("no query was heard")
	}
	for form := range r.forms {
		_, filter, _ := strings.Cut(form, ": ")
		if byKey(filter) || declared[loose(form, declared)] {
			continue
		}
		t.Errorf("no declared index serves the query %s", form)
	}
}

// byKey reports whether a query names the _id, or goes through a range of it in its order.
func byKey(form string) bool {
	words := strings.Fields(form)
	sorted := slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w[:1], "+-") && w[1:] != "_id" })
	return slices.Contains(words, "_id=") || slices.Contains(words, "_id<") && !sorted
}

// normal is a form with its fields in the order of names.
func normal(form string) string {
	var fields, sort []string
	for _, word := range strings.Fields(form) {
		if strings.ContainsAny(word[:1], "+-") {
			sort = append(sort, word)
		} else {
			fields = append(fields, word)
		}
	}
	slices.Sort(fields)
	return strings.Join(append(fields, sort...), " ")
}

// loose is the declared form that a query has, in which a field that is only looked at may
// be compared in any way.
func loose(form string, declared map[string]bool) string {
	any := strings.NewReplacer("=", "", "<", "", "?", "")
	for d := range declared {
		if any.Replace(d) != any.Replace(form) {
			continue
		}
		match := true
		for i, word := range strings.Fields(d) {
			match = match && (word == strings.Fields(form)[i] || strings.HasSuffix(word, "?"))
		}
		if match {
			return d
		}
	}
	return form
}

func TestEveryShapeIsServedByItsIndex(t *testing.T) {
	for _, i := range allIndexes() {
		for _, s := range i.shapes {
			if fault := unserved(i, s); fault != "" {
				t.Errorf("%s, index %s, shape %q: %s", i.collection, strings.Join(i.keys, " "), s.form, fault)
			}
		}
	}
}

// unserved says why an index does not serve a shape, by the rule equality, sort, range.
func unserved(i index, s shape) string {
	var equal, ranges, looked, sort []string
	for _, word := range strings.Fields(s.form) {
		switch {
		case strings.ContainsAny(word[:1], "+-"):
			sort = append(sort, word)
		case strings.HasSuffix(word, "="):
			equal = append(equal, strings.TrimSuffix(word, "="))
		case strings.HasSuffix(word, "<"):
			ranges = append(ranges, strings.TrimSuffix(word, "<"))
		default:
			looked = append(looked, word)
		}
	}
	if (len(looked) > 0 || len(equal)+len(ranges)+len(sort) == 0) && s.few == "" {
		return "it is looked for in the documents, and nothing says that these are few"
	}
	for n := range equal {
		if n >= len(i.keys) || !slices.Contains(equal, i.keys[n][1:]) {
			return "what is compared with values does not stand first in the index"
		}
	}
	rest := i.keys[len(equal):]
	if len(sort) > len(rest) {
		return "the index ends before the sort does"
	}
	for n, word := range sort {
		if word[1:] != rest[n][1:] || (word[0] == rest[n][0]) != (sort[0][0] == rest[0][0]) {
			return "the index is in another order"
		}
	}
	for _, r := range ranges {
		if len(rest) == 0 || rest[0][1:] != r {
			return "what has bounds does not follow in the index"
		}
	}
	return ""
}
