package messaging_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/domain"
)

// TestNobodySaysForAnotherSocketWhatItSent gives every operation that takes a message's
// metadata the id of a socket, as if that had sent it.
func TestNobodySaysForAnotherSocketWhatItSent(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel()
	forged := []any{"metadata", map[string]any{"socket_id": "forged", "k": "kept"}}
	send := func(more ...any) []any {
		return append([]any{"channelId", c, "serverId", domain.DefaultServer, "senderId", zed, "message", "hi"}, append(forged, more...)...)
	}
	ofSocket := domain.Actor{Role: domain.Admin, Socket: "real"}
	h.do("messages:send", send()...)
	if _, failure := h.tryAs(ofSocket, "messages:send", send("messageId", "m-1")...); failure != nil {
		t.Fatal(failure)
	}
	h.do("messages:submit", submit(c, forged...)...)
	acted := h.do("messages:act", submit(c, forged...)...)
	h.do("messages:progress", append([]any{"id", acted["id"], "author_id", smith}, forged...)...)
	h.do("messages:ingest", append([]any{"channelId", c, "serverId", domain.DefaultServer, "authorId", "joe", "content", "hi", "sourceType", "irc"}, forged...)...)
	var real []string
	rows, _ := h.do("messages:list", "channelId", c)["messages"].([]any)
	for _, row := range rows {
		m, _ := row.(map[string]any)
		text := fmt.Sprint(m["metadata"])
		if !strings.Contains(text, "k:kept") || strings.Contains(text, "socket_id:forged") {
			t.Errorf("stored %s", text)
		}
		if strings.Contains(text, "socket_id:real") {
			real = append(real, fmt.Sprint(m["id"]))
		}
	}
	if len(rows) != 5 || len(real) != 1 {
		t.Fatalf("%d messages, of the socket %v", len(rows), real)
	}
	edited := h.do("messages:update", append([]any{"channelId", c, "messageId", real[0], "content", "changed"}, forged...)...)
	if text := fmt.Sprint(edited["metadata"]); !strings.Contains(text, "socket_id:real") {
		t.Errorf("edited %s", text)
	}
}
