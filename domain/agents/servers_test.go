package agents_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/storage/sqlite"
)

// watcher does not listen.
type watcher struct{}

// AgentChanged does nothing.
func (watcher) AgentChanged(agents.ListItem) {}

// AgentRemoved does nothing.
func (watcher) AgentRemoved(agents.ListItem) {}

func TestAnAgentIsAskedWhereItBelongs(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	roster := messaging.NewRoster(store.Messaging, nil)
	port := domain.NewID[domain.ServerID]()
	for _, id := range []domain.ServerID{domain.DefaultServer, port} {
		if _, _, err := store.Messaging.EnsureServer(t.Context(), messaging.Server{ID: id, Name: "s"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := roster.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := agents.NewService(agents.ServiceOptions{Store: store.Agents, Watcher: watcher{}, Servers: roster, Now: time.Now, Logger: zerolog.Nop()})
	c, err := agents.Builtin("eliza")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Seed(t.Context(), c, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context(), domain.Actor{}, agents.GetRequest{AgentID: a.ID}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(roster.ServersOf(a.ID), []domain.ServerID{domain.DefaultServer}) {
		t.Errorf("a start has added it to %v", roster.ServersOf(a.ID))
	}
	if name, running, known := s.AgentState(a.ID); name != "Eliza" || !running || !known {
		t.Errorf("state %q %v %v", name, running, known)
	}
	asked := func(server domain.ServerID) bool {
		channel := messaging.Channel{ServerID: server, Participants: []domain.EntityID{domain.EntityID(a.ID)}}
		return len(s.Awaiting(context.Background(), channel, messaging.Message{})) > 0
	}
	for _, step := range []struct {
		name   string
		change func() error
		want   bool
	}{
		{"before it is added", func() error { return nil }, false},
		{"when it is added", func() error { return roster.Add(t.Context(), port, a.ID) }, true},
		{"when it is removed", func() error { return roster.Remove(t.Context(), port, a.ID) }, false},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		if asked(port) != step.want || !asked(domain.DefaultServer) {
			t.Errorf("%s: asked %v, on the default server %v", step.name, asked(port), asked(domain.DefaultServer))
		}
	}
	fresh := agents.NewService(agents.ServiceOptions{Store: store.Agents, Watcher: watcher{}, Servers: roster, Now: time.Now, Logger: zerolog.Nop()})
	if err := fresh.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := roster.Remove(t.Context(), domain.DefaultServer, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := fresh.JoinDefault(t.Context()); err != nil || len(roster.ServersOf(a.ID)) != 1 {
		t.Errorf("after a restart it is in %v, %v", roster.ServersOf(a.ID), err)
	}
}
