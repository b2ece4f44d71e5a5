package storagetest

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"parley/domain"
	"parley/domain/messaging"
)

// racers is how many writers compete where one may win.
const racers = 20

// serverCases are the cases of message servers.
func serverCases() []testCase {
	return []testCase{
		{"server keeps every field", serverRoundTrip},
		{"server is created once", serverOnce},
		{"unknown server is not found", serverAbsent},
		{"servers are listed by name, the default one first", serverOrder},
		{"of many who ensure a server one creates it", serverRace},
	}
}

func serverRoundTrip(k *kit) {
	want := newServer()
	stored, created, err := k.log().EnsureServer(k.Context(), want)
	k.must(err)
	if !created || !reflect.DeepEqual(stored, want) {
		k.Fatalf("created %v\n got %+v\nwant %+v", created, stored, want)
	}
	read, err := k.log().Server(k.Context(), want.ID)
	k.must(err)
	if !reflect.DeepEqual(read, want) {
		k.Fatalf(" got %+v\nwant %+v", read, want)
	}
}

func serverOnce(k *kit) {
	first := newServer()
	_, _, err := k.log().EnsureServer(k.Context(), first)
	k.must(err)
	second := newServer()
	second.ID, second.Name = first.ID, "another name"
	stored, created, err := k.log().EnsureServer(k.Context(), second)
	k.must(err)
	if created || stored.Name != first.Name {
		k.Fatalf("created %v, name %q", created, stored.Name)
	}
}

func serverAbsent(k *kit) {
	_, err := k.log().Server(k.Context(), domain.NewID[domain.ServerID]())
	k.wantCode(err, domain.NotFound)
}

func serverOrder(k *kit) {
	prefix := string(domain.NewID[domain.ServerID]())
	for _, name := range []string{"c", "a", "b", "é"} {
		s := newServer()
		s.Name = prefix + name
		_, _, err := k.log().EnsureServer(k.Context(), s)
		k.must(err)
	}
	_, _, err := k.log().EnsureServer(k.Context(), messaging.Server{ID: domain.DefaultServer, Name: "~ last by name"})
	k.must(err)
	list, err := k.log().Servers(k.Context())
	k.must(err)
	if list[0].ID != domain.DefaultServer {
		k.Errorf("the first server is %s", list[0].ID)
	}
	var names []string
	for _, s := range list[1:] {
		if name, ours := strings.CutPrefix(s.Name, prefix); ours {
			names = append(names, name)
		}
	}
	if want := []string{"a", "b", "c", "é"}; !slices.Equal(names, want) {
		k.Errorf("names are %v, want %v", names, want)
	}
}

func serverRace(k *kit) {
	id := domain.NewID[domain.ServerID]()
	k.oneWinner(func() (bool, error) {
		s := newServer()
		s.ID = id
		_, created, err := k.log().EnsureServer(k.Context(), s)
		return created, err
	})
}

// oneWinner lets several try at once; exactly one may win.
func (k *kit) oneWinner(try func() (won bool, err error)) {
	k.Helper()
	var wins atomic.Int32
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			won, err := try()
			if err != nil {
				k.Error(err)
			}
			if won {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	if n := wins.Load(); n != 1 {
		k.Errorf("%d of %d won", n, racers)
	}
}
