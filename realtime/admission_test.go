package realtime_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/domain/identity"
	"parley/realtime"
	"parley/realtime/sio/siotest"
)

// keyText is the server key of these tests.
const keyText = "the-key-of-the-tests"

// guarded serves a gateway behind one proxy that is believed.
func guarded(t *testing.T, connects int, access identity.Options, now func() time.Time) *door {
	t.Helper()
	auth, err := identity.New(access)
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := identity.ParseProxies("true")
	if err != nil {
		t.Fatal(err)
	}
	return openDoor(t, func(o *realtime.Options) {
		o.Identity, o.Proxies, o.ConnectRate, o.Now = auth, proxies, connects, now
	})
}

// handshake asks for a session and returns the status, the wait and the body.
func (d *door) handshake(transport string, header http.Header) (int, string, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+"/socket.io/?EIO=4&transport="+transport, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header = header.Clone()
	if transport == siotest.WebSocket {
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket",
			"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp.StatusCode, "", ""
	}
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Retry-After"), string(body)
}

// at is a header that says from where a request comes.
func at(address string, pairs ...string) http.Header {
	h := http.Header{"X-Forwarded-For": {address}}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestAnAddressOpensNoMoreConnectionsThanItMay(t *testing.T) {
	now := time.Now()
	d := guarded(t, 2, identity.Options{}, func() time.Time { return now })
	const many = `{"code":4,"message":"Too many connections from this address"}`
	steps := []struct {
		transport, address string
		status             int
		body               string
	}{
		{"polling", "203.0.113.7", 200, ""},
		{"websocket", "203.0.113.7", 101, ""},
		{"polling", "203.0.113.7", 429, many},
		{"websocket", "203.0.113.7", 429, "Too many connections from this address\n"},
		{"polling", "203.0.113.8", 200, ""},
		{"polling", "127.0.0.1", 200, ""},
		{"polling", "127.0.0.1", 200, ""},
		{"polling", "127.0.0.1", 200, ""},
		{"polling", "2001:db8::1", 200, ""},
		{"polling", "2001:db8::2", 200, ""},
		{"polling", "2001:db8::3", 429, many},
	}
	for i, s := range steps {
		status, wait, body := d.handshake(s.transport, at(s.address))
		if status != s.status || s.body != "" && body != s.body || (wait == "60") != (status == 429) {
			t.Errorf("step %d: %d, wait %q, %s", i, status, wait, body)
		}
	}
	now = now.Add(time.Minute)
	if status, _, body := d.handshake("polling", at("203.0.113.7")); status != 200 {
		t.Errorf("in the next minute: %d %s", status, body)
	}
}

func TestPagesThatAreNotListedOpenNoSocket(t *testing.T) {
	d := guarded(t, 0, identity.Options{Origins: []string{"https://chat.example"}}, time.Now)
	for origin, ok := range map[string]bool{"": true, d.url: true, "https://chat.example": true, "https://evil.example": false, "null": false} {
		header := at("203.0.113.7")
		if origin != "" {
			header.Set("Origin", origin)
		}
		for transport, want := range map[string]int{"polling": 200, "websocket": 101} {
			if !ok {
				want = http.StatusForbidden
			}
			if status, _, body := d.handshake(transport, header); status != want {
				t.Errorf("%s of %q: %d %s", transport, origin, status, body)
			}
		}
	}
	// A session of our own is of no use to a foreign page either.
	sid := d.session()
	for transport, want := range map[string]string{"polling": `{"code":4,"message":"Origin not allowed"}`, "websocket": "Origin not allowed\n"} {
		if status, _, body := d.handshake(transport+"&sid="+sid, at("203.0.113.7", "Origin", "https://evil.example")); status != http.StatusForbidden || transport == "polling" && body != want {
			t.Errorf("%s with a session: %d %s", transport, status, body)
		}
	}
}

// session begins a session by long-polling and returns its id.
func (d *door) session() string {
	d.t.Helper()
	_, _, body := d.handshake("polling", at("203.0.113.7"))
	var open struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(body, "0")), &open); err != nil {
		d.t.Fatalf("%s: %v", body, err)
	}
	return open.SID
}

func TestAnyPageOpensASocketIfNoneIsListed(t *testing.T) {
	for _, origins := range [][]string{nil, {"*"}} {
		d := guarded(t, 0, identity.Options{Origins: origins}, time.Now)
		if status, _, body := d.handshake("websocket", at("203.0.113.7", "Origin", "https://evil.example")); status != 101 {
			t.Errorf("%v: %d %s", origins, status, body)
		}
	}
}

func TestOneConnectionCannotTryKeysForEver(t *testing.T) {
	now := time.Now()
	d := guarded(t, 3, identity.Options{Key: keyText, SocketAuth: true}, func() time.Time { return now })
	try := func(address, key string) string {
		c, err := d.sockets.Dial(d.url, siotest.Options{Header: at(address), Auth: fields{"apiKey": key}})
		if err != nil {
			return err.Error()
		}
		c.Close()
		return ""
	}
	sid := d.session()
	guesses := strings.Repeat("40{\"apiKey\":\"guess\"}\x1e", 4) + `40{"apiKey":"` + keyText + `"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/socket.io/?EIO=4&transport=polling&sid="+sid, strings.NewReader(guesses))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	var answers string
	for strings.Count(answers, "44{") < 5 {
		_, _, body := d.handshake("polling&sid="+sid, at("203.0.113.7"))
		if answers += body; body == "" || strings.Contains(answers, "Session ID unknown") || strings.Contains(answers, "40{") {
			t.Fatalf("answers %s", answers)
		}
	}
	if strings.Count(answers, "AUTH_REQUIRED") != 3 || strings.Count(answers, "RATE_LIMITED") != 2 {
		t.Errorf("answers %s", answers)
	}
	if got := try("203.0.113.7", keyText); !strings.Contains(got, "RATE_LIMITED") {
		t.Errorf("the right key after the guesses: %q", got)
	}
	if got := try("203.0.113.8", keyText); got != "" {
		t.Errorf("the right key from elsewhere: %q", got)
	}
	for range 10 {
		if got := try("127.0.0.1", "guess"); !strings.Contains(got, "Invalid or missing API Key") || !strings.Contains(got, "AUTH_REQUIRED") {
			t.Errorf("a guess from here: %q", got)
		}
	}
	now = now.Add(time.Minute)
	if got := try("203.0.113.7", keyText); got != "" {
		t.Errorf("the right key in the next minute: %q", got)
	}
}
