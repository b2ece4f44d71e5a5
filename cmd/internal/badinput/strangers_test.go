package badinput_test

import (
	"net/http"
	"testing"

	"parley/cmd/internal/config"
	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

// TestWhoHasNoKeyIsRefusedBeforeAnythingIsRead sends what is wrong in itself to every route,
// without the key: the answer must be about the key alone.
func TestWhoHasNoKeyIsRefusedBeforeAnythingIsRead(t *testing.T) {
	s := serve(t, func(c *config.Config) { c.ServerKey = "the-server-key-of-the-tests" })
	s.quiet()
	before := s.state()
	for _, o := range s.Registry().Ops() {
		if o.Access == op.Public {
			continue
		}
		base := trial{op: o, fields: exampleOf(t, o)}
		for _, route := range o.Routes {
			method, target, _, ok := base.request(route)
			if !ok {
				continue
			}
			var body []byte
			if method != http.MethodGet {
				body = []byte(`{"a":1,"a":"\ud800`)
			}
			a, err := s.send(method, target, body)
			s.refusedBy(method+" "+target, a, err, "AUTH_REQUIRED")
		}
	}
	for _, auth := range []any{nil, map[string]any{}, map[string]any{"apiKey": ""}, map[string]any{"apiKey": 7}, map[string]any{"apiKey": []string{"the-server-key-of-the-tests"}},
		map[string]any{"apiKey": map[string]any{"$ne": ""}}, map[string]any{"apiKey": "the-server-key-of-the-tests\x00"}, map[string]any{"token": "eyJhbGciOiJub25lIn0.e30."}} {
		if c, err := s.sockets.Dial(s.url, siotest.Options{Auth: auth}); err == nil {
			t.Errorf("a socket with %v is let in", auth)
			c.Close()
		}
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("who has no key has changed %v", changed)
	}
}
