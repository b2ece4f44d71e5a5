package messaging_test

import (
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
)

// ReadMoved notes that somebody has read on.
func (s *stage) ReadMoved(r messaging.ReadSet) { s.note("%s read to %d", r.EntityID[:4], r.Seq) }

// read is the body of a reads:set.
func read(fields string) string { return `{"channelId":"` + string(channelID) + `"` + fields + `}` }

func TestTheRoomHearsOfAReadPositionOnlyWhenItRises(t *testing.T) {
	s := newStage(t)
	for range 3 {
		if _, failure := s.call(socket, "messages:send", send("")); failure != nil {
			t.Fatal(failure)
		}
	}
	s.took()
	self := domain.Actor{Role: domain.Member, Entity: agent}
	for _, step := range []struct {
		name   string
		actor  domain.Actor
		fields string
		seq    float64
		script string
	}{
		{"first", rest, `,"entityId":"` + string(ann) + `","seq":2`, 2, "2222 read to 2; answered"},
		{"again", rest, `,"entityId":"` + string(ann) + `","seq":2`, 2, "answered"},
		{"back", rest, `,"entityId":"` + string(ann) + `","seq":0`, 2, "answered"},
		{"beyond the head", rest, `,"entityId":"` + string(ann) + `","seq":99`, 3, "2222 read to 3; answered"},
		{"as oneself", self, `,"seq":1`, 1, "b850 read to 1; answered"},
	} {
		out, failure := s.call(step.actor, "reads:set", read(step.fields))
		if failure != nil {
			t.Fatalf("%s: %v", step.name, failure)
		}
		if out["seq"] != step.seq || out["channelId"] != string(channelID) {
			t.Errorf("%s: answered with %v", step.name, out)
		}
		if script := s.took(); script != step.script {
			t.Errorf("%s: %q, want %q", step.name, script, step.script)
		}
	}
}

func TestReadsAreListedAndCounted(t *testing.T) {
	s := newStage(t)
	for _, author := range []domain.EntityID{ann, agent, agent} {
		body := strings.Replace(send(""), string(ann), string(author), 1)
		if _, failure := s.call(socket, "messages:send", body); failure != nil {
			t.Fatal(failure)
		}
	}
	if _, failure := s.call(rest, "reads:set", read(`,"entityId":"`+string(ann)+`","seq":2`)); failure != nil {
		t.Fatal(failure)
	}
	for _, q := range []struct {
		fields string
		actor  domain.Actor
		unread float64
	}{
		{"", rest, 0},
		{`,"entityId":"` + string(ann) + `"`, rest, 1},
		{`,"entityId":"` + string(agent) + `"`, rest, 1},
		{"", domain.Actor{Role: domain.Member, Entity: ann}, 1},
	} {
		out, failure := s.call(q.actor, "reads:list", read(q.fields))
		if failure != nil {
			t.Fatal(failure)
		}
		list, _ := out["reads"].([]any)
		if out["unread"] != q.unread || len(list) != 1 {
			t.Errorf("%q: %v", q.fields, out)
		}
	}
	const other = "99999999-1111-4111-8111-111111111111"
	out, failure := s.call(rest, "reads:unread",
		`{"entityId":"`+string(ann)+`","channelIds":["`+other+`","`+string(channelID)+`"]}`)
	if failure != nil {
		t.Fatal(failure)
	}
	list, _ := out["channels"].([]any)
	if len(list) != 1 {
		t.Fatalf("got %v", out)
	}
	row, _ := list[0].(map[string]any)
	if row["channelId"] != string(channelID) || row["seq"] != 2.0 || row["unread"] != 1.0 || row["head"] != 3.0 {
		t.Errorf("got %v", row)
	}
}

func TestAnUnknownChannelHasNoReads(t *testing.T) {
	s := newStage(t)
	if _, failure := s.call(rest, "reads:set", read(`,"entityId":"`+string(ann)+`","seq":1`)); !domain.IsCode(failure, domain.NotFound) {
		t.Errorf("set: %v", failure)
	}
	out, failure := s.call(rest, "reads:list", read(`,"entityId":"`+string(ann)+`"`))
	if failure != nil {
		t.Fatal(failure)
	}
	if list, ok := out["reads"].([]any); !ok || len(list) != 0 {
		t.Errorf("list: %v", out)
	}
	out, failure = s.call(rest, "reads:unread", `{"entityId":"`+string(ann)+`","channelIds":["`+string(channelID)+`"]}`)
	if failure != nil {
		t.Fatal(failure)
	}
	if list, ok := out["channels"].([]any); !ok || len(list) != 0 {
		t.Errorf("unread: %v", out)
	}
}
