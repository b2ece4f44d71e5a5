package agents_test

import (
	"testing"

	"parley/domain"
	"parley/domain/agents"
)

func TestLogsOfARoomGoWithIt(t *testing.T) {
	h := newHouse(t)
	room, other := domain.NewID[domain.RoomID](), domain.NewID[domain.RoomID]()
	var entries []agents.LogEntry
	for i := range 450 { // more than a page of them are of the room
		e := agents.LogEntry{ID: domain.NewID[domain.LogID](), AgentID: eliza, RoomID: room, Type: "action", Body: []byte("{}")}
		if i%9 == 0 {
			e.RoomID = other
		}
		entries = append(entries, e)
	}
	if err := h.store.AgentLogs.AppendLogs(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.journal.RoomDeleted(t.Context(), eliza, room); err != nil {
			t.Fatal(err)
		}
	}
	left, err := h.store.AgentLogs.Logs(t.Context(), agents.LogQuery{AgentID: eliza, Limit: 1000})
	if err != nil || len(left) != 50 || left[0].RoomID != other {
		t.Errorf("%d are left, %v", len(left), err)
	}
}
