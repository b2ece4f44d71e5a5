package agents_test

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// bodies lists the bodies of Eliza's log, newest first.
func (h *house) bodies() (list []string) {
	h.t.Helper()
	entries, err := h.store.AgentLogs.Logs(h.t.Context(), agents.LogQuery{AgentID: eliza, Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, string(e.Body))
	}
	return list
}

// note hands an entry about a message over, and waits until a later one is stored, which is
// about nothing. How many there are says nothing meanwhile: late entries are stored, then removed.
func (h *house) note(m messaging.Message) {
	h.t.Helper()
	h.journal.Record(agents.LogEntry{AgentID: eliza, Type: "action", Body: json.RawMessage(`{"about":"` + m.Content + `"}`),
		Origin: agents.LogOrigin{Message: m.ID, Channel: m.ChannelID, At: m.CreatedAt}})
	end := `{"end":"` + rand.Text() + `"}`
	h.journal.Record(agents.LogEntry{AgentID: eliza, Type: "action", Body: json.RawMessage(end)})
	eventually(h.t, "the end of the log", func() bool { return slices.Contains(h.bodies(), end) })
}

// about reports whether the log tells of a text.
func (h *house) about(text string) bool {
	for _, body := range h.bodies() {
		if body == `{"about":"`+text+`"}` {
			return true
		}
	}
	return false
}

// message reads what Ann has said.
func (h *house) message(channel domain.ChannelID, id domain.MessageID) messaging.Message {
	h.t.Helper()
	m, err := h.store.Messaging.Message(h.t.Context(), channel, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

func TestLogGoesWithWhatItIsAbout(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	ctx, kind := t.Context(), messaging.TypeDM
	c, other := h.channel(kind, eliza), h.channel(kind, eliza)
	one, aside := h.message(c, h.say(c, "one")), h.message(other, h.say(other, "aside"))
	h.note(one)
	h.note(aside)
	two := h.message(c, h.say(c, "two"))
	h.note(two)
	if !h.about("one") || !h.about("two") || !h.about("aside") {
		t.Fatalf("the log is %q", h.bodies())
	}
	h.delete(c, one.ID)
	for range 2 {
		if err := h.journal.MessageDeleted(ctx, c, one.ID); err != nil {
			t.Fatal(err)
		}
	}
	if h.about("one") || h.about("two") || !h.about("aside") { // two may quote one
		t.Errorf("the log is %q", h.bodies())
	}
	h.note(one) // of a turn that was under way
	h.note(two)
	eventually(t, "late entries are gone", func() bool { return !h.about("one") && !h.about("two") })
	three := h.message(c, h.say(c, "three"))
	h.note(three)
	if !h.about("three") {
		t.Errorf("the log is %q", h.bodies())
	}
	if err := h.journal.ChannelCleared(ctx, c, time.Time{}); err != nil || !h.about("three") {
		t.Errorf("no message was cleared: %v, %q", err, h.bodies())
	}
	if err := h.journal.ChannelCleared(ctx, c, three.CreatedAt); err != nil || h.about("three") {
		t.Errorf("after a clear: %v, %q", err, h.bodies())
	}
	if err := h.journal.ChannelDeleted(ctx, other); err != nil || h.about("aside") {
		t.Errorf("after the deletion of its channel: %v, %q", err, h.bodies())
	}
}
