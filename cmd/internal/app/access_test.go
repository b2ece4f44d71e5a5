package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/domain/identity/jwt/jwttest"
	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

func TestEveryFieldThatNamesAChannelOrAnEntityIsGuarded(t *testing.T) {
	for _, o := range serve(t).Registry().Ops() {
		if names := o.Unguarded(); o.Access != op.Admin && len(names) > 0 {
			t.Errorf("%s: %v need a tag access, or a reason in Spec.Unguarded", o.Name, names)
		}
	}
}

func TestAStrangerEntersNoChannelByAnyOperation(t *testing.T) {
	s := serve(t)
	token := tokenOf(stranger, "")
	socket := s.dial(token)
	for _, o := range s.Registry().Ops() {
		if o.Access != op.Member {
			continue
		}
		channels, selves := o.Guarded()
		fields := example(t, o)
		for _, name := range selves {
			delete(fields, name)
		}
		for _, name := range channels {
			s.eachDoor(o, token, socket, withField(o, fields, name, foreign), "FORBIDDEN")
		}
		for _, name := range channels {
			delete(fields, name)
		}
		for _, name := range selves {
			s.eachDoor(o, token, socket, withField(o, fields, name, owner), "FORBIDDEN")
		}
	}
}

func TestUsersAdministerNothing(t *testing.T) {
	s := serve(t)
	token := tokenOf(stranger, "")
	socket := s.dial(token)
	for _, o := range s.Registry().Ops() {
		switch o.Access {
		case op.Admin:
			s.eachDoor(o, token, socket, example(t, o), "FORBIDDEN")
			s.eachDoor(o, "", nil, example(t, o), "AUTH_REQUIRED")
		case op.Member:
			s.eachDoor(o, "", nil, example(t, o), "AUTH_REQUIRED")
		case op.Public:
		}
	}
	if err := socket.Emit("subscribe_logs"); err != nil {
		t.Fatal(err)
	}
	e, err := socket.Next("messageError", patience)
	if err != nil || !bytes.Contains(e.Args[0], []byte("FORBIDDEN")) {
		t.Errorf("the log: %s, %v", e.Args, err)
	}
}

func TestRESTSaysWhatIsMissing(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/api/agents", "/api/nothing"} {
		status, code, reply := s.rest("x.y.z", "GET", path, nil)
		if status != http.StatusUnauthorized || code != "AUTH_REQUIRED" || !bytes.Contains(reply, []byte("Invalid, expired or missing token")) {
			t.Errorf("%s: %d %s", path, status, reply)
		}
	}
	if status, code, _ := s.rest(tokenOf(stranger, ""), "GET", "/api/nothing", nil); status != http.StatusNotFound || code != "NOT_FOUND" {
		t.Errorf("an unknown path: %d %s", status, code)
	}
	if status, _, _ := s.rest(tokenOf(stranger, ""), "GET", "/metrics", nil); status != http.StatusOK {
		t.Errorf("metrics on this machine: %d", status)
	}
}

func TestAgentsAreShownWithoutWhatIsTheirMakers(t *testing.T) {
	s := serve(t)
	_, _, list := s.rest(tokenOf(stranger, ""), "GET", "/api/agents", nil)
	var agents struct {
		Data struct {
			Agents []struct {
				ID string `json:"id"`
			} `json:"agents"`
		} `json:"data"`
	}
	if err := json.Unmarshal(list, &agents); err != nil || len(agents.Data.Agents) == 0 {
		t.Fatalf("%s, %v", list, err)
	}
	path := "/api/agents/" + agents.Data.Agents[0].ID
	for who, token := range map[string]string{"user": tokenOf(stranger, ""), "admin": tokenOf(stranger, "admin"), "key": adminKey} {
		status, _, body := s.rest(token, "GET", path, nil)
		var agent struct {
			Data object `json:"data"`
		}
		if err := json.Unmarshal(body, &agent); err != nil || status != http.StatusOK || agent.Data["name"] == "" {
			t.Fatalf("%s: %d %s", who, status, body)
		}
		if _, shown := agent.Data["system"]; shown != (who != "user") {
			t.Errorf("%s sees the instructions: %v", who, shown)
		}
	}
}

func TestTheReferencesJoinIsDeniedInItsOwnWords(t *testing.T) {
	s := serve(t)
	c := s.dial(tokenOf(stranger, ""))
	if err := c.Emit("message", object{"type": 1, "payload": object{"channelId": foreign, "entityId": stranger}}); err != nil {
		t.Fatal(err)
	}
	e, err := c.Next("messageError", patience)
	if err != nil || !bytes.Contains(e.Args[0], []byte("Access denied")) || !bytes.Contains(e.Args[0], []byte("FORBIDDEN")) {
		t.Fatalf("%s, %v", e.Args, err)
	}
	s.rest(tokenOf(owner, ""), "POST", "/api/messaging/channels/"+foreign+"/messages", object{"content": "still secret"})
	s.hearsNothing(c)
}

// hearsNothing fails if a message has come. A post answers when the room has heard it, and
// what was sent before an ack comes before it.
func (s *house) hearsNothing(c *siotest.Client) {
	s.t.Helper()
	s.ask(c, "system:ping", object{})
	if e, err := c.Next("messageBroadcast", time.Millisecond); err == nil {
		s.t.Errorf("it hears %s", e.Args)
	}
}

func TestWhoIsTakenOffTheListHearsNoMore(t *testing.T) {
	s := serve(t)
	guest := s.dial(tokenOf(stranger, ""))
	hers := tokenOf(owner, "")
	s.rest(hers, "POST", "/api/messaging/channels/"+foreign+"/participants", object{"userIds": []string{stranger}})
	join := object{"channelId": foreign}
	if code := s.ask(guest, "channels:join", join); code != "" {
		t.Fatalf("an invited one: %s", code)
	}
	s.rest(hers, "DELETE", "/api/messaging/channels/"+foreign+"/participants/"+stranger, nil)
	if _, err := guest.Next("channel_left", patience); err != nil {
		t.Fatal(err)
	}
	s.rest(hers, "POST", "/api/messaging/channels/"+foreign+"/messages", object{"content": "we are alone"})
	s.hearsNothing(guest)
	if code := s.ask(guest, "channels:join", join); code != "FORBIDDEN" {
		t.Errorf("joining again: %s", code)
	}
}

func TestSocketsShowATokenOrTheKey(t *testing.T) {
	s := serve(t)
	expired := jwttest.HS256(object{"sub": owner, "exp": time.Now().Add(-time.Hour).Unix()})
	for name, tt := range map[string]struct {
		options siotest.Options
		want    string // what the refusal says
	}{
		"auth.token":              {siotest.Options{Auth: object{"token": tokenOf(owner, "")}}, ""},
		"auth.apiKey":             {siotest.Options{Auth: object{"apiKey": tokenOf(owner, "")}}, ""},
		"Authorization":           {siotest.Options{Header: http.Header{"Authorization": {"Bearer " + tokenOf(owner, "")}}}, ""},
		"the server key":          {siotest.Options{Auth: object{"apiKey": adminKey}}, ""},
		"nothing":                 {siotest.Options{}, "Invalid, expired or missing token"},
		"an expired token":        {siotest.Options{Auth: object{"token": expired}}, "AUTH_REQUIRED"},
		"a token as another":      {siotest.Options{Auth: object{"token": tokenOf(owner, ""), "entityId": stranger}}, "FORBIDDEN"},
		"a token that is no text": {siotest.Options{Auth: object{"token": []string{tokenOf(owner, "")}}}, "AUTH_REQUIRED"},
	} {
		for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
			tt.options.Transport = transport
			c, err := s.sockets.Dial(s.url, tt.options)
			if err == nil {
				c.Close()
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%s over %s: %v", name, transport, err)
			}
		}
	}
}

func TestASocketEndsWithItsTokenByTheEndOfItsTransport(t *testing.T) {
	s := serve(t)
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		// The default leeway of 30 s counts too, so it has six left to connect in.
		soon := jwttest.HS256(object{"sub": owner, "exp": float64(time.Now().Add(-24*time.Second).UnixMilli()) / 1000})
		c, err := s.sockets.Dial(s.url, siotest.Options{Transport: transport, Auth: object{"token": soon}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Next("unauthorized", patience); err != nil {
			t.Errorf("%s: %v", transport, err)
		}
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Errorf("%s: the socket lives on", transport)
		}
	}
}
