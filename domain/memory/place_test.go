package memory_test

import (
	"fmt"
	"reflect"
	"testing"

	"parley/domain"
	"parley/domain/memory"
)

func TestEntitiesAreMerged(t *testing.T) {
	known := memory.Entity{Names: []string{"Ann"}, Metadata: domain.Metadata{"chat": raw("Ann")}}
	for _, tt := range []struct {
		name    string
		more    memory.Entity
		want    memory.Entity
		changed bool
	}{
		{"the same", known, known, false},
		{"nothing", memory.Entity{}, known, false},
		{"a name", memory.Entity{Names: []string{"Annie"}},
			memory.Entity{Names: []string{"Ann", "Annie"}, Metadata: known.Metadata}, true},
		{"a source", memory.Entity{Metadata: domain.Metadata{"other": raw(1)}},
			memory.Entity{Names: known.Names, Metadata: domain.Metadata{"chat": raw("Ann"), "other": raw(1)}}, true},
		{"a source that says something else", memory.Entity{Metadata: domain.Metadata{"chat": raw("A")}},
			memory.Entity{Names: known.Names, Metadata: domain.Metadata{"chat": raw("A")}}, true},
		{"somebody without a name", memory.Entity{Names: []string{"User-1"}, Standin: true, Metadata: domain.Metadata{"chat": raw("User-1")}}, known, false},
	} {
		got, changed := known.Merged(tt.more)
		if !reflect.DeepEqual(got, tt.want) || changed != tt.changed {
			t.Errorf("%s: changed %v, %+v", tt.name, changed, got)
		}
	}
	if len(known.Names) != 1 || len(known.Metadata) != 1 {
		t.Errorf("what was given has changed: %+v", known)
	}
}

func TestNamesAndSourcesOfAnEntityAreBounded(t *testing.T) {
	var e memory.Entity
	for i := range 100 {
		name := fmt.Sprint("name ", i)
		e, _ = e.Merged(memory.Entity{Names: []string{name}, Metadata: domain.Metadata{name: raw(i)}})
	}
	if len(e.Names) != 20 || e.Names[19] != "name 99" || len(e.Metadata) != 20 {
		t.Errorf("%d names, %d sources", len(e.Names), len(e.Metadata))
	}
}
