package rest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/domain/identity"
	"parley/rest"
)

// oneProxy believes the one proxy before the server.
var oneProxy, _ = identity.ParseProxies("true")

// from is a request to path as if from another machine.
func from(address, path string, header ...string) exchange {
	e := exchange{method: "GET", path: path, header: map[string]string{"X-Forwarded-For": address}}
	for i := 0; i+1 < len(header); i += 2 {
		e.header[header[i]] = header[i+1]
	}
	return e
}

func TestRateLimit(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	server := serve(t, rest.Options{Proxies: oneProxy, RateLimit: 3, Now: func() time.Time { return now }}, keyMode)
	status := func(e exchange) (int, http.Header, string) {
		t.Helper()
		resp, body := e.do(t, server)
		return resp.StatusCode, resp.Header, body
	}
	const stranger = "203.0.113.7"

	// Every request to the API counts: public ones, guesses of the key, unknown paths.
	for i, e := range []exchange{from(stranger, "/api/public"), from(stranger, "/api/things", "X-API-KEY", "guess"), from(stranger, "/api/nope")} {
		code, header, _ := status(e)
		if code == http.StatusTooManyRequests || header.Get("RateLimit-Limit") != "3" || header.Get("RateLimit-Policy") != "3;w=900" ||
			header.Get("RateLimit-Remaining") != strconv.Itoa(2-i) || header.Get("RateLimit-Reset") != "900" || header.Get("Retry-After") != "" {
			t.Fatalf("request %d: %d, %v", i, code, header)
		}
	}
	now = now.Add(time.Minute)
	code, header, body := status(from(stranger, "/api/public"))
	const want = `{"success":false,"error":{"code":"RATE_LIMITED","message":"Too many requests from this address, try again later",` +
		`"legacyCode":"RATE_LIMIT_EXCEEDED"}}`
	if code != http.StatusTooManyRequests || !sameJSON(t, body, want) || header.Get("Retry-After") != "840" ||
		header.Get("RateLimit-Remaining") != "0" || header.Get("X-Request-Id") == "" {
		t.Fatalf("over the limit: %d %s %v", code, body, header)
	}

	for name, e := range map[string]exchange{
		"another address":        from("203.0.113.8", "/api/public"),
		"this machine":           from("127.0.0.1", "/api/public"),
		"the key":                from(stranger, "/api/things", "X-API-KEY", key),
		"the key as a token":     from(stranger, "/api/things", "Authorization", "Bearer "+key),
		"a path outside the API": from(stranger, "/public"),
	} {
		if code, header, body := status(e); code != http.StatusOK {
			t.Errorf("%s: %d %s %v", name, code, body, header)
		}
	}
	preflight := from(stranger, "/api/things")
	preflight.method = "OPTIONS"
	if code, _, _ := status(preflight); code != http.StatusNoContent {
		t.Errorf("a preflight: %d", code)
	}

	now = now.Add(14 * time.Minute)
	if code, header, _ := status(from(stranger, "/api/public")); code != http.StatusOK || header.Get("RateLimit-Remaining") != "2" {
		t.Errorf("in the next window: %d %v", code, header)
	}
}

func TestWhoGuessesKeysIsRefusedWithTheRightOneToo(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	server := serve(t, rest.Options{Proxies: oneProxy, RateLimit: 2, Now: func() time.Time { return now }}, keyMode)
	ask := func(address, given string) int {
		resp, _ := from(address, "/api/things", "X-API-KEY", given).do(t, server)
		return resp.StatusCode
	}
	const guesser = "203.0.113.9"
	for range 2 {
		if code := ask(guesser, "guess"); code != http.StatusUnauthorized {
			t.Fatalf("a guess: %d", code)
		}
	}
	if code := ask(guesser, key); code != http.StatusTooManyRequests {
		t.Errorf("the right key after the guesses: %d", code)
	}
	if code := ask("203.0.113.10", key); code != http.StatusOK {
		t.Errorf("the right key from elsewhere: %d", code)
	}
	now = now.Add(15 * time.Minute)
	if code := ask(guesser, key); code != http.StatusOK {
		t.Errorf("the right key in the next window: %d", code)
	}
}

func TestRateLimitCountsNetworksAndCanBeOff(t *testing.T) {
	open := func(o *identity.Options) { o.Mode = identity.Open }
	server := serve(t, rest.Options{Proxies: oneProxy, RateLimit: 1}, open)
	off := serve(t, rest.Options{Proxies: oneProxy}, open)
	for _, tt := range []struct {
		first, second string
		same          bool
	}{
		{"203.0.113.1", "203.0.113.1", true},
		{"203.0.113.2", "203.0.113.3", false},
		{"2001:db8::1", "2001:db8::ffff", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"::ffff:203.0.113.4", "::ffff:203.0.113.5", false},
	} {
		from(tt.first, "/api/things").do(t, server)
		resp, _ := from(tt.second, "/api/things").do(t, server)
		if (resp.StatusCode == http.StatusTooManyRequests) != tt.same {
			t.Errorf("%s after %s: %d", tt.second, tt.first, resp.StatusCode)
		}
		for range 3 {
			if resp, _ := from(tt.first, "/api/things").do(t, off); resp.StatusCode != http.StatusOK || resp.Header.Get("RateLimit-Limit") != "" {
				t.Errorf("switched off: %d %v", resp.StatusCode, resp.Header)
			}
		}
	}
}

func TestUploadsHaveLimitsOfTheirOwn(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	server := serve(t, rest.Options{Proxies: oneProxy, RateLimit: 1000, UploadLimit: 3, FileLimit: 2, ChannelMediaLimit: 1,
		Now: func() time.Time { return now }}, keyMode)
	post := func(path, address string, header ...string) (*http.Response, string) {
		e := from(address, path, header...)
		e.method = "POST"
		return e.do(t, server)
	}
	const stranger = "203.0.113.7"
	steps := []struct {
		after            time.Duration
		path             string
		status           int
		policy, left     string
		legacy, retryAft string
	}{
		{0, "/api/upload", 200, "3;w=900", "2", "", ""},
		{0, "/api/upload", 200, "3;w=900", "1", "", ""},
		{0, "/api/upload", 429, "2;w=300", "0", `"legacyCode":"FILE_RATE_LIMIT_EXCEEDED"`, "300"},
		{5 * time.Minute, "/api/upload", 200, "3;w=900", "0", "", ""},
		{0, "/api/upload", 429, "3;w=900", "0", `"legacyCode":"UPLOAD_RATE_LIMIT_EXCEEDED"`, "600"},
		{0, "/api/media", 200, "1;w=900", "0", "", ""},
		{0, "/api/media", 429, "1;w=900", "0", `"code":"RATE_LIMITED"`, "900"},
		{0, "/api/public", 200, "1000;w=900", "992", "", ""},
		{10 * time.Minute, "/api/upload", 200, "3;w=900", "2", "", ""},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		var resp *http.Response
		var body string
		if s.path == "/api/public" {
			resp, body = from(stranger, s.path).do(t, server)
		} else {
			resp, body = post(s.path, stranger, "X-API-KEY", "wrong")
			if s.status == 200 {
				s.status = 401 // counted before the key is asked for
			}
		}
		h := resp.Header
		if resp.StatusCode != s.status || h.Get("RateLimit-Policy") != s.policy || h.Get("RateLimit-Remaining") != s.left ||
			h.Get("Retry-After") != s.retryAft || !strings.Contains(body, s.legacy) {
			t.Errorf("step %d: %d %s %v", i, resp.StatusCode, body, h)
		}
	}
}

func TestNobodyIsExemptFromUploadLimits(t *testing.T) {
	for name, header := range map[string][]string{"203.0.113.8": {"X-API-KEY", key}, "127.0.0.1": {"X-API-KEY", key}} {
		server := serve(t, rest.Options{Proxies: oneProxy, RateLimit: 1000, UploadLimit: 1, FileLimit: 5}, keyMode)
		e := from(name, "/api/upload", header...)
		e.method = "POST"
		if resp, body := e.do(t, server); resp.StatusCode != http.StatusOK || resp.Header.Get("RateLimit-Limit") != "1" {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
		if resp, body := e.do(t, server); resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s again: %d %s", name, resp.StatusCode, body)
		}
	}
	off := serve(t, rest.Options{Proxies: oneProxy}, keyMode)
	e := from("203.0.113.8", "/api/upload", "X-API-KEY", key)
	e.method = "POST"
	for range 5 {
		if resp, _ := e.do(t, off); resp.StatusCode != http.StatusOK || resp.Header.Get("RateLimit-Limit") != "" {
			t.Errorf("switched off: %d %v", resp.StatusCode, resp.Header)
		}
	}
}

func TestHealthChecksFromAfarAreLimited(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	server := serve(t, rest.Options{Proxies: oneProxy, RateLimit: 3, Now: func() time.Time { return now }}, keyMode)
	ask := func(address, path string) (int, http.Header) {
		t.Helper()
		resp, _ := from(address, path).do(t, server)
		return resp.StatusCode, resp.Header
	}
	for i := range 100 {
		path := []string{"/health", "/healthz"}[i%2]
		if code, header := ask("203.0.113.7", path); code == http.StatusTooManyRequests || header.Get("RateLimit-Policy") != "100;w=60" {
			t.Fatalf("check %d: %d %v", i, code, header)
		}
	}
	if code, header := ask("203.0.113.7", "/health"); code != http.StatusTooManyRequests || header.Get("Retry-After") != "60" {
		t.Errorf("one too many: %d %v", code, header)
	}
	for _, free := range []string{"127.0.0.1", "10.1.2.3", "192.168.0.9", "fd00::1", "::ffff:10.0.0.1", "203.0.113.8"} {
		if code, _ := ask(free, "/healthz"); code == http.StatusTooManyRequests {
			t.Errorf("%s is limited", free)
		}
	}
	if code, _ := ask("203.0.113.7", "/readyz"); code == http.StatusTooManyRequests {
		t.Error("another path is limited")
	}
	now = now.Add(time.Minute)
	if code, _ := ask("203.0.113.7", "/health"); code == http.StatusTooManyRequests {
		t.Error("the next minute is limited too")
	}
}

func TestWhatAProxyOnThisMachineForwardsIsCounted(t *testing.T) {
	server := serve(t, rest.Options{RateLimit: 1})
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		if resp, _ := from("203.0.113.7", "/api/public").do(t, server); resp.StatusCode != want {
			t.Errorf("request %d: %d", i, resp.StatusCode)
		}
	}
	for range 3 {
		if resp, _ := (exchange{method: "GET", path: "/api/public"}).do(t, server); resp.StatusCode != http.StatusOK {
			t.Errorf("a program here: %d", resp.StatusCode)
		}
	}
}
