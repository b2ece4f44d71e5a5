package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// say posts n messages and returns their ids.
func (s *stage) say(n int) (ids []string) {
	s.t.Helper()
	for range n {
		m, failure := s.call(socket, "messages:send", send(""))
		if failure != nil {
			s.t.Fatal(failure)
		}
		ids = append(ids, m["id"].(string))
	}
	s.took()
	return ids
}

// must calls an operation that must not fail.
func (s *stage) must(name, fields string) map[string]any {
	s.t.Helper()
	out, failure := s.call(rest, name, `{"channelId":"`+string(channelID)+`"`+fields+`}`)
	if failure != nil {
		s.t.Fatal(failure)
	}
	return out
}

func TestAnEditKeepsItsPlaceAndAsksNobodyAgain(t *testing.T) {
	s := newStage(t)
	s.awaiting = []domain.AgentID{domain.AgentID(agent)}
	ids := s.say(2)
	row := s.must("messages:update", `,"messageId":"`+ids[0]+`","content":"changed"`)
	if got := s.took(); got != "edit seq 1 rev 3 to ; answered" {
		t.Fatalf("script: %s", got)
	}
	if row["content"] != "changed" || row["seq"] != 1.0 || row["rev"] != 3.0 || row["metadata"].(map[string]any)["edited"] != true {
		t.Fatalf("row %v", row)
	}
	events, truncated, err := messaging.CatchUp(t.Context(), s.service, channelID, 1, 3)
	if err != nil || truncated || len(events) != 2 || events[0].Seq != 2 || events[1].Content != "changed" || len(events[1].Awaiting) != 1 {
		t.Fatalf("catch-up %+v, %v, %v", events, truncated, err)
	}
	if got := s.must("messages:get", `,"messageId":"`+ids[0]+`"`); got["content"] != "changed" {
		t.Fatalf("got %v", got)
	}
}

func TestAnEditOfMetadataLeavesTheText(t *testing.T) {
	s := newStage(t)
	ids := s.say(1)
	before := s.must("messages:get", `,"messageId":"`+ids[0]+`"`)
	s.took()
	row := s.must("messages:update", `,"messageId":"`+ids[0]+`","metadata":{"pinned":true}`)
	if got := s.took(); got != "edit seq 1 rev 2 to ; answered" {
		t.Errorf("script: %s", got)
	}
	metadata, _ := row["metadata"].(map[string]any)
	if row["content"] != before["content"] || row["rev"] != 2.0 || metadata["pinned"] != true || metadata["edited"] != true {
		t.Errorf("row %v, was %v", row, before)
	}
}

func TestEditsAreChecked(t *testing.T) {
	s := newStage(t)
	ids := s.say(2)
	s.must("messages:delete", `,"messageId":"`+ids[1]+`"`)
	s.took()
	for name, tt := range map[string]struct{ fields, code string }{
		"empty":    {`"messageId":"` + ids[0] + `","content":""`, "INVALID_REQUEST"},
		"emptied":  {`"messageId":"` + ids[0] + `","content":"","metadata":{"pinned":true}`, "INVALID_REQUEST"},
		"nothing":  {`"messageId":"` + ids[0] + `"`, "INVALID_REQUEST"},
		"too long": {`"messageId":"` + ids[0] + `","content":"` + strings.Repeat("x", messaging.MaxContent+1) + `"`, "INVALID_REQUEST"},
		"NUL":      {`"messageId":"` + ids[0] + `","content":"\u0000"`, "INVALID_REQUEST"},
		"no id":    {`"content":"x"`, "INVALID_REQUEST"},
		"unknown":  {`"messageId":"99999999-9999-4999-8999-999999999999","content":"x"`, "NOT_FOUND"},
		"deleted":  {`"messageId":"` + ids[1] + `","content":"x"`, "NOT_FOUND"},
	} {
		if _, failure := s.call(rest, "messages:update", "{"+tt.fields+"}"); failure == nil || failure.WireCode() != tt.code {
			t.Errorf("%s: %v", name, failure)
		}
	}
	if got := s.took(); got != "" {
		t.Errorf("something was told: %s", got)
	}
}

func TestAClearIsToldOnceAndEndsTheWaits(t *testing.T) {
	s := newStage(t)
	s.awaiting = []domain.AgentID{domain.AgentID(agent)}
	s.say(2)
	if out := s.must("messages:clear", ""); out["upto"] != 2.0 || out["rev"] != 3.0 {
		t.Fatalf("answer %v", out)
	}
	if got := s.took(); got != "withdraw 1 to 2; clear seq 3 rev 3 to ; completed; completed; answered" {
		t.Fatalf("script: %s", got)
	}
	s.must("messages:clear", "") // nothing is left
	if got := s.took(); got != "answered" {
		t.Fatalf("script: %s", got)
	}
	if list := s.must("messages:list", ""); len(list["messages"].([]any)) != 0 {
		t.Fatalf("history %v", list)
	}
}

func TestACatchUpIsCutAtItsMost(t *testing.T) {
	s := newStage(t)
	const sent = messaging.MaxCatchUp + 20
	for range sent {
		if _, failure := s.call(socket, "messages:send", send("")); failure != nil {
			t.Fatal(failure)
		}
	}
	events, truncated, err := messaging.CatchUp(t.Context(), s.service, channelID, 0, sent)
	if err != nil || !truncated || len(events) != messaging.MaxCatchUp {
		t.Fatalf("%d events, truncated %v, %v", len(events), truncated, err)
	}
	events, truncated, err = messaging.CatchUp(t.Context(), s.service, channelID, 20, sent)
	if err != nil || truncated || len(events) != messaging.MaxCatchUp || events[0].Rev != 21 {
		t.Fatalf("%d events, truncated %v, %v", len(events), truncated, err)
	}
}

func TestACatchUpOverAClearIsCutAndGoesOn(t *testing.T) {
	s := newStage(t)
	const sent = messaging.MaxCatchUp + 20
	s.say(sent)
	s.must("messages:clear", "")
	s.say(3)
	const head = sent + 4
	events, truncated, err := messaging.CatchUp(t.Context(), s.service, channelID, 5, head)
	if err != nil || !truncated || len(events) != messaging.MaxCatchUp || events[0].Rev != 6 || !events[0].Deleted {
		t.Fatalf("%d events, truncated %v, %v", len(events), truncated, err)
	}
	events, truncated, err = messaging.CatchUp(t.Context(), s.service, channelID, 100, head)
	if err != nil || truncated || len(events) != head-100 {
		t.Fatalf("%d events, truncated %v, %v", len(events), truncated, err)
	}
	for i, m := range events {
		rev := int64(101 + i)
		if m.Rev != rev || m.Deleted != (rev <= sent) || (m.Kind == messaging.KindClear) != (rev == sent+1) || m.Deleted && m.Content != "" {
			t.Fatalf("number %d is %+v", rev, m)
		}
	}
	if _, truncated, err = messaging.CatchUp(t.Context(), s.service, channelID, head+1, head); err != nil || !truncated {
		t.Fatalf("beyond the head: truncated %v, %v", truncated, err)
	}
}

func TestRunErasesWhatTheLastRunLeftBehind(t *testing.T) {
	s, store := newStageOn(t)
	s.awaiting = []domain.AgentID{domain.AgentID(agent)}
	s.say(3)
	other := domain.NewID[domain.ChannelID]()
	if _, failure := s.call(socket, "messages:send", strings.Replace(send(""), string(channelID), string(other), 1)); failure != nil {
		t.Fatal(failure)
	}
	id := domain.NewID[domain.MessageID]()
	_, changed, err := store.Clear(t.Context(), messaging.Message{ID: id, ChannelID: channelID, Dedupe: messaging.DedupeID(id)})
	existed, err2 := store.DeleteChannel(t.Context(), other)
	if err := errors.Join(err, err2); err != nil || !changed || !existed {
		t.Fatal(changed, existed, err)
	}
	s.took()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.service.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for range 3 {
		select {
		case <-s.after: // a completion
		case <-time.After(time.Minute):
			t.Fatal("the waits did not end")
		}
	}
	for left := []messaging.Leftover{{}}; len(left) > 0; {
		if left, err = store.Unswept(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	running.Wait()
	if got := s.took(); got != "completed; completed; completed" {
		t.Fatalf("script: %s", got)
	}
}

func TestADeletedChannelIsMadeAnewByTheNextMessage(t *testing.T) {
	s := newStage(t)
	s.say(3)
	s.must("channels:delete", "")
	if got := s.took(); got != "withdraw 1 to 9223372036854775807; channel deleted; answered" {
		t.Fatalf("script: %s", got)
	}
	s.must("channels:delete", "") // it is gone
	if got := s.took(); got != "answered" {
		t.Fatalf("script: %s", got)
	}
	if _, failure := s.call(rest, "channels:get", `{"channelId":"`+string(channelID)+`"}`); failure == nil || failure.Code != domain.NotFound {
		t.Fatalf("failure %v", failure)
	}
	if again, failure := s.call(socket, "messages:send", send("")); failure != nil || again["seq"] != 1.0 {
		t.Fatalf("again %v, %v", again, failure)
	}
	if list := s.must("messages:list", ""); len(list["messages"].([]any)) != 1 {
		t.Fatalf("history %v", list)
	}
}

func TestAChannelIsUpdatedForAllWhoRememberIt(t *testing.T) {
	s := newStage(t)
	s.say(1)
	row := s.must("channels:update", `,"name":"Harbour","participantCentralUserIds":["`+string(ann)+`","`+string(agent)+`","`+string(ann)+`"],"metadata":{"participantCentralUserIds":["x"],"a":1}`)
	metadata := row["metadata"].(map[string]any)
	if row["name"] != "Harbour" || len(metadata["participantCentralUserIds"].([]any)) != 2 || metadata["a"] != 1.0 || len(metadata) != 2 {
		t.Fatalf("row %v", row)
	}
	if got := s.took(); got != "updated Harbour for 2; answered" {
		t.Fatalf("script: %s", got)
	}
	c, err := s.service.Channel(t.Context(), channelID)
	if err != nil || c.Name != "Harbour" || len(c.Participants) != 2 || c.Metadata["participantCentralUserIds"] != nil {
		t.Fatalf("channel %+v, %v", c, err)
	}
	left, err := s.service.Remove(t.Context(), rest, messaging.RemoveRequest{ChannelID: channelID, UserID: ann})
	if err != nil || len(left) != 1 || left[0] != agent {
		t.Fatalf("participants %v, %v", left, err)
	}
	if c, err = s.service.Channel(t.Context(), channelID); err != nil || len(c.Participants) != 1 {
		t.Fatalf("channel %+v, %v", c, err)
	}
}

func TestPagesSayWhatLiesBeyond(t *testing.T) {
	s, store := newStageOn(t)
	ids := s.say(10)
	s.must("messages:delete", `,"messageId":"`+ids[4]+`"`) // number 5
	at := func(n int) int64 {
		m, err := store.Message(t.Context(), channelID, domain.MessageID(ids[n-1]))
		if err != nil {
			t.Fatal(err)
		}
		return domain.Millis(m.CreatedAt)
	}
	tests := []struct {
		fields, want string
		older, newer bool
	}{
		{`"limit":3`, "[10 9 8]", true, false},
		{`"limit":9`, "[10 9 8 7 6 4 3 2 1]", false, false},
		{`"limit":3,"beforeSeq":6`, "[4 3 2]", true, true},
		{`"limit":9,"beforeSeq":4`, "[3 2 1]", false, true},
		{`"limit":9,"beforeSeq":100`, "[10 9 8 7 6 4 3 2 1]", false, false},
		{`"limit":9,"beforeSeq":1`, "[]", false, true},
		{`"limit":3,"afterSeq":3`, "[7 6 4]", true, true},
		{`"limit":9,"afterSeq":7`, "[10 9 8]", true, false},
		{`"limit":9,"afterSeq":10`, "[]", true, false},
		{`"limit":2,"afterSeq":3,"beforeSeq":8`, "[6 4]", true, true},
		{`"limit":9,"afterSeq":3,"beforeSeq":8`, "[7 6 4]", true, true},
		{`"limit":4,"aroundSeq":6`, "[8 7 6 4]", true, true},
		{`"limit":5,"aroundSeq":5`, "[7 6 4 3 2]", true, true},
		{`"limit":20,"aroundSeq":6`, "[10 9 8 7 6 4 3 2 1]", false, false},
		{`"limit":1,"aroundSeq":6`, "[6]", true, true},
		{`"limit":1,"aroundSeq":10`, "[10]", true, false},
		{fmt.Sprintf(`"limit":9,"before":%d`, at(3)), "[2 1]", false, true},
		{fmt.Sprintf(`"limit":9,"after":%d`, at(8)), "[10 9]", true, false},
		{fmt.Sprintf(`"limit":9,"after":%d`, at(10)), "[]", true, false},
		{fmt.Sprintf(`"limit":9,"before":%d`, at(1)), "[]", false, true},
		{`"limit":3,"authorId":"` + string(agent) + `","beforeSeq":3`, "[]", false, false},
	}
	for _, tt := range tests {
		list := s.must("messages:list", ","+tt.fields)
		got := []any{}
		for _, row := range list["messages"].([]any) {
			got = append(got, row.(map[string]any)["seq"])
		}
		if fmt.Sprint(got) != tt.want || list["hasOlder"] != tt.older || list["hasNewer"] != tt.newer {
			t.Errorf("%s: %v, older %v, newer %v; want %s, %v, %v", tt.fields, got, list["hasOlder"], list["hasNewer"], tt.want, tt.older, tt.newer)
		}
	}
}

func TestSearchAnswersInPages(t *testing.T) {
	s := newStage(t)
	s.say(5)
	page := func(fields string) (numbers []any, pagination map[string]any) {
		found := s.must("messages:search", `,"query":"HELL",`+fields)
		for _, row := range found["messages"].([]any) {
			numbers = append(numbers, row.(map[string]any)["seq"])
		}
		return numbers, found["pagination"].(map[string]any)
	}
	for fields, want := range map[string]string{
		`"limit":2`:                        "[5 4] 5 0 true",
		`"limit":2,"offset":3`:             "[2 1] 5 3 false",
		`"limit":2,"page":3`:               "[1] 5 4 false",
		`"limit":2,"page":4`:               "[] 5 6 false",
		`"authorId":"` + string(ann) + `"`: "[5 4 3 2 1] 5 0 false",
	} {
		numbers, p := page(fields)
		if got := fmt.Sprint(numbers, " ", p["total"], " ", p["offset"], " ", p["hasMore"]); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
	for name, query := range map[string]string{"empty": "", "blank": "  ", "too long": strings.Repeat("x", 501), "too many words": strings.Repeat("x ", 21)} {
		if _, failure := s.call(rest, "messages:search", `{"query":"`+query+`"}`); failure == nil || failure.WireCode() != "INVALID_REQUEST" {
			t.Errorf("%s: %v", name, failure)
		}
	}
}

func TestAPurgeDeletesOneAuthorsMessages(t *testing.T) {
	s := newStage(t)
	s.say(150)
	if _, failure := s.call(socket, "messages:send", strings.Replace(send(""), string(ann), string(agent), 1)); failure != nil {
		t.Fatal(failure)
	}
	s.took()
	if out := s.must("messages:purge", `,"userId":"`+string(ann)+`"`); out["deleted"] != 150.0 {
		t.Fatalf("answer %v", out)
	}
	if got := s.took(); strings.Count(got, "delete seq") != 150 {
		t.Fatalf("script: %s", got)
	}
	if rows := s.must("messages:list", "")["messages"].([]any); len(rows) != 1 || rows[0].(map[string]any)["authorId"] != string(agent) {
		t.Fatalf("history %v", rows)
	}
}
