package badinput_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/domain/messaging"
)

// TestTheLongestMessageIsTakenAndNoLongerOne posts it in every way in which there is one.
func TestTheLongestMessageIsTakenAndNoLongerOne(t *testing.T) {
	s := serve(t)
	longest := strings.Repeat("\u20ac", messaging.MaxContent)
	ids := fmt.Sprintf(`"channel_id":%q,"server_id":"00000000-0000-0000-0000-000000000000","author_id":%q`, stranger, stranger)
	var posted struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	for _, way := range []struct{ method, path, body string }{
		{http.MethodPost, "/api/messaging/channels/" + stranger + "/messages", `{` + ids + `,"content":"%s"}`},
		{http.MethodPatch, "/api/messaging/messages/ID", `{"content":"%s"}`},
		{http.MethodPost, "/api/messaging/submit", `{` + ids + `,"source_type":"agent_response","raw_message":{},"content":"%s"}`},
		{http.MethodPost, "/api/messaging/ingest-external", `{` + ids + `,"content":"%s"}`},
		{http.MethodPost, "/api/messaging/action", `{` + ids + `,"source_type":"agent_action","raw_message":{},"content":"%s"}`},
	} {
		path := strings.Replace(way.path, "ID", posted.Data.ID, 1)
		a, err := s.send(way.method, path, []byte(strings.Replace(way.body, "%s", longest, 1)))
		if err != nil || a.status < 200 || a.status > 299 {
			t.Errorf("%s: %s, %v", path, a, err)
		}
		if posted.Data.ID == "" {
			if err := json.Unmarshal(a.body, &posted); err != nil {
				t.Fatal(err)
			}
		}
		a, err = s.send(way.method, path, []byte(strings.Replace(way.body, "%s", longest+"x", 1)))
		s.refusedBy(path, a, err, "INVALID_REQUEST")
	}
}
