package app_test

import (
	"strings"
	"testing"
	"time"

	"parley/domain/identity/jwt/jwttest"
	"parley/realtime/sio/siotest"
)

// back dials with a client's session and a token.
func (s *house) back(c *siotest.Client, token string) *siotest.Client {
	s.t.Helper()
	again, err := s.sockets.Dial(s.url, siotest.Options{Auth: c.Back(object{"token": token})})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(again.Close)
	return again
}

func TestAUserComesBackWithAFreshToken(t *testing.T) {
	s := serve(t)
	soon := jwttest.HS256(object{"sub": owner, "exp": float64(time.Now().Add(-24*time.Second).UnixMilli()) / 1000})
	c := s.dial(soon)
	if code := s.ask(c, "channels:join", object{"channelId": foreign}); code != "" {
		t.Fatal(code)
	}
	if code := s.ask(c, "messages:send", object{"channelId": foreign, "message": "heard"}); code != "" {
		t.Fatal(code)
	}
	if _, err := c.Next("unauthorized", patience); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if offset := c.Back(nil)["offset"]; offset != foreign+":2" {
		t.Errorf("the offset is %v", offset)
	}
	again := s.back(c, tokenOf(owner, ""))
	if again.ID() != c.ID() {
		t.Fatal("the session did not come back")
	}
	if code := s.ask(again, "messages:send", object{"channelId": foreign, "message": "live"}); code != "" {
		t.Fatal(code)
	}
	e, err := again.Next("messageBroadcast", patience)
	if err != nil || string(e.Args[1]) != `"`+foreign+`:3"` {
		t.Fatal(e, err) // number 2 would have come twice
	}
}

func TestASessionOfAnotherUserStaysAway(t *testing.T) {
	s := serve(t)
	c := s.dial(tokenOf(owner, ""))
	if code := s.ask(c, "channels:join", object{"channelId": foreign}); code != "" {
		t.Fatal(code)
	}
	c.Freeze()
	for _, token := range []string{tokenOf(stranger, ""), tokenOf(owner, "admin")} {
		if thief := s.back(c, token); thief.ID() == c.ID() {
			t.Error("somebody else has the session")
		}
	}
}

func TestWhoTakesPartNoMoreDoesNotComeBack(t *testing.T) {
	s := serve(t)
	hers, people := tokenOf(owner, ""), "/api/messaging/channels/"+foreign+"/participants"
	if status, _, reply := s.rest(hers, "POST", people, object{"userIds": []string{stranger}}); status >= 300 {
		t.Fatal(status, string(reply))
	}
	c := s.dial(tokenOf(stranger, ""))
	if code := s.ask(c, "channels:join", object{"channelId": foreign}); code != "" {
		t.Fatal(code)
	}
	c.Close()
	s.leaves(hers, stranger) // while a connection stands, its user would only lose the room
	if status, _, reply := s.rest(hers, "DELETE", people+"/"+stranger, nil); status >= 300 {
		t.Fatal(status, string(reply))
	}
	if status, _, reply := s.rest(hers, "POST", "/api/messaging/channels/"+foreign+"/messages", object{"content": "another secret"}); status != 201 {
		t.Fatal(status, string(reply))
	}
	again := s.back(c, tokenOf(stranger, ""))
	if again.ID() == c.ID() {
		t.Error("the session came back")
	}
	if code := s.ask(again, "channels:join", object{"channelId": foreign}); code != "FORBIDDEN" {
		t.Error(code)
	}
	for _, e := range again.Events() {
		if e.Name == "messageBroadcast" {
			t.Error("the secret came")
		}
	}
}

// leaves waits until a user's last socket has left the channel.
func (s *house) leaves(token, user string) {
	s.t.Helper()
	if !comesTrue(func() bool {
		status, _, reply := s.rest(token, "GET", "/api/messaging/channels/"+foreign+"/presence", nil)
		if status != 200 {
			s.t.Fatal(status, string(reply))
		}
		return !strings.Contains(string(reply), user)
	}) {
		s.t.Fatal("a socket of", user, "is there for ever")
	}
}
