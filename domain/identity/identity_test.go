package identity_test

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/identity"
)

// key is the server key of these tests.
const key = "correct horse battery staple"

// start is when these tests begin.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newAuth returns an Authenticator in key mode with sockets checked, changed by f.
func newAuth(t *testing.T, f ...func(*identity.Options)) *identity.Authenticator {
	t.Helper()
	o := identity.Options{Mode: identity.Key, Key: key, SocketAuth: true,
		Origins: []string{"https://chat.example/"}, Now: func() time.Time { return start }}
	for _, change := range f {
		change(&o)
	}
	a, err := identity.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// cookieOf returns a cookie that a is willing to issue.
func cookieOf(t *testing.T, a *identity.Authenticator) string {
	t.Helper()
	value, expires, ok := a.SessionCookie(identity.Credentials{APIKey: key})
	if !ok || !expires.Equal(start.Add(identity.CookieLife)) {
		t.Fatalf("cookie %v until %v", ok, expires)
	}
	return value
}

func TestOptionsAreChecked(t *testing.T) {
	tests := []struct {
		name, want string
		opts       identity.Options
	}{
		{"nothing is open mode", "", identity.Options{}},
		{"a key is key mode", "", identity.Options{Key: key}},
		{"open mode ignores a key", "", identity.Options{Mode: identity.Open, Key: key}},
		{"key mode needs a key", "ELIZA_SERVER_AUTH_TOKEN", identity.Options{Mode: identity.Key}},
		{"unknown mode", `"jot"`, identity.Options{Mode: "jot"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := identity.New(tt.opts)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOpenModeStaysOnLoopback(t *testing.T) {
	open, keyed := identity.Options{}, identity.Options{Key: key}
	tests := []struct {
		opts  identity.Options
		host  string
		allow bool
		ok    bool
	}{
		{open, "127.0.0.1", false, true}, {open, "127.9.9.9", false, true}, {open, "::1", false, true},
		{open, "[::1]", false, true}, {open, "localhost", false, true},
		{open, "", false, false}, {open, "0.0.0.0", false, false}, {open, "::", false, false},
		{open, "192.168.1.5", false, false}, {open, "localhost.example", false, false},
		{open, "0.0.0.0", true, true}, {keyed, "0.0.0.0", false, true}, {keyed, "", false, true},
	}
	for _, tt := range tests {
		err := identity.CheckExposure(tt.opts, tt.host, tt.allow)
		if (err == nil) != tt.ok {
			t.Errorf("mode %q on %q, allowed %v: %v", tt.opts.Mode, tt.host, tt.allow, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "ELIZA_SERVER_AUTH_TOKEN") || !strings.Contains(err.Error(), "PARLEY_ALLOW_OPEN=true")) {
			t.Errorf("%v names not both ways out", err)
		}
	}
}

func TestRoles(t *testing.T) {
	open := func(o *identity.Options) { o.Mode = identity.Open }
	noSocketAuth := func(o *identity.Options) { o.SocketAuth = false }
	asIs := func(*identity.Options) {}
	const refused = domain.Role(-1)
	tests := []struct {
		name string
		opts func(*identity.Options)
		c    identity.Credentials
		want domain.Role
	}{
		{"open mode, nothing", open, identity.Credentials{}, domain.Admin},
		{"open mode, a wrong key", open, identity.Credentials{APIKey: "no"}, domain.Admin},
		{"open mode, a socket", open, identity.Credentials{Socket: true}, domain.Admin},
		{"nothing", asIs, identity.Credentials{}, domain.Guest},
		{"header", asIs, identity.Credentials{APIKey: key}, domain.Admin},
		{"bearer", asIs, identity.Credentials{Bearer: key}, domain.Admin},
		{"query of an event stream", asIs, identity.Credentials{QueryKey: key}, domain.Admin},
		{"wrong header", asIs, identity.Credentials{APIKey: key + "x"}, domain.Guest},
		{"prefix of the key", asIs, identity.Credentials{APIKey: key[:8]}, domain.Guest},
		{"wrong bearer", asIs, identity.Credentials{Bearer: "x"}, domain.Guest},
		{"socket, nothing", asIs, identity.Credentials{Socket: true}, refused},
		{"socket, wrong key", asIs, identity.Credentials{Socket: true, APIKey: "x"}, refused},
		{"socket, key", asIs, identity.Credentials{Socket: true, APIKey: key}, domain.Admin},
		{"socket, bearer", asIs, identity.Credentials{Socket: true, Bearer: key}, domain.Admin},
		{"unchecked socket, nothing", noSocketAuth, identity.Credentials{Socket: true}, domain.Member},
		{"unchecked socket, key", noSocketAuth, identity.Credentials{Socket: true, APIKey: key}, domain.Admin},
		{"unchecked sockets, REST", noSocketAuth, identity.Credentials{}, domain.Guest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			actor, err := newAuth(t, tt.opts).Authenticate(t.Context(), tt.c)
			if tt.want == refused {
				if known := domain.AsError(err); known == nil || known.Message != "Invalid or missing API Key" || known.WireCode() != "AUTH_REQUIRED" {
					t.Fatalf("err = %v", err)
				}
				return
			}
			if err != nil || actor.Role != tt.want {
				t.Fatalf("role %d, %v; want %d", actor.Role, err, tt.want)
			}
		})
	}
}

func TestCookieCountsOnlyWhereAForeignPageCannotUseIt(t *testing.T) {
	const host = "parley.test:3000"
	tests := []struct {
		name string
		c    identity.Credentials
		ok   bool
	}{
		{"GET", identity.Credentials{Method: "GET"}, true},
		{"HEAD", identity.Credentials{Method: "HEAD"}, true},
		{"GET of our own page", identity.Credentials{Method: "GET", Origin: "http://parley.test:3000"}, true},
		{"GET of a listed page", identity.Credentials{Method: "GET", Origin: "https://chat.example"}, true},
		{"GET of a foreign page", identity.Credentials{Method: "GET", Origin: "https://evil.example"}, false},
		{"GET of a page on another port", identity.Credentials{Method: "GET", Origin: "http://parley.test:8080"}, false},
		{"POST", identity.Credentials{Method: "POST"}, false},
		{"POST of our own page", identity.Credentials{Method: "POST", Origin: "http://parley.test:3000"}, false},
		{"DELETE", identity.Credentials{Method: "DELETE"}, false},
		{"socket of our own page", identity.Credentials{Socket: true, Method: "GET", Origin: "http://parley.test:3000"}, true},
		{"socket of our own page in another case", identity.Credentials{Socket: true, Origin: "http://PARLEY.test:3000"}, true},
		{"socket of a listed page", identity.Credentials{Socket: true, Origin: "https://chat.example"}, true},
		{"socket without an origin", identity.Credentials{Socket: true}, false},
		{"polling of our own page", identity.Credentials{Socket: true, Polling: true, FetchSite: "same-origin"}, true},
		{"polling of our own page in a browser that says less", identity.Credentials{Socket: true, Polling: true}, true},
		{"polling of a page on another port, blindly", identity.Credentials{Socket: true, Polling: true, FetchSite: "same-site"}, false},
		{"polling of a foreign page", identity.Credentials{Socket: true, Polling: true, Origin: "https://evil.example"}, false},
		{"WebSocket that only claims to be of our own page", identity.Credentials{Socket: true, FetchSite: "same-origin"}, false},
		{"socket of origin null", identity.Credentials{Socket: true, Origin: "null"}, false},
		{"socket of a foreign page", identity.Credentials{Socket: true, Origin: "http://evil.test:3000"}, false},
		{"socket of a page whose name begins like ours", identity.Credentials{Socket: true, Origin: "http://parley.test:3000.evil.test"}, false},
		{"socket of a file", identity.Credentials{Socket: true, Origin: "file://parley.test:3000"}, false},
		{"socket over TLS of a page without", identity.Credentials{Socket: true, TLS: true, Origin: "http://parley.test:3000"}, false},
		{"socket over TLS", identity.Credentials{Socket: true, TLS: true, Origin: "https://parley.test:3000"}, true},
		{"socket behind a proxy that ends TLS", identity.Credentials{Socket: true, Origin: "https://parley.test:3000"}, true},
	}
	a := newAuth(t)
	cookie := cookieOf(t, a)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.Cookie, tt.c.Host = cookie, host
			actor, err := a.Authenticate(t.Context(), tt.c)
			if got := err == nil && actor.Role == domain.Admin; got != tt.ok {
				t.Fatalf("accepted %v (%v), want %v", got, err, tt.ok)
			}
		})
	}
}

func TestOriginsDefaultPortIsTheHostsOwn(t *testing.T) {
	a := newAuth(t)
	c := identity.Credentials{Socket: true, Cookie: cookieOf(t, a), Host: "parley.test:443", Origin: "https://parley.test"}
	if _, err := a.Authenticate(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestStarListsNoOrigin(t *testing.T) {
	a := newAuth(t, func(o *identity.Options) { o.Origins = []string{"*"} })
	if a.AllowsOrigin("https://evil.example") || a.AllowsOrigin("") {
		t.Error("a star lets foreign pages use the cookie")
	}
}

func TestForgedAndExpiredCookies(t *testing.T) {
	a := newAuth(t)
	good := cookieOf(t, a)
	parts := strings.Split(good, ".")
	later := newAuth(t, func(o *identity.Options) { o.Now = func() time.Time { return start.Add(identity.CookieLife) } })
	justBefore := newAuth(t, func(o *identity.Options) {
		o.Now = func() time.Time { return start.Add(identity.CookieLife - time.Second) }
	})
	otherKey := newAuth(t, func(o *identity.Options) { o.Key = "another key" })
	open := newAuth(t, func(o *identity.Options) { o.Mode, o.Key = identity.Open, "" })
	tests := []struct {
		name, cookie string
		auth         *identity.Authenticator
		ok           bool
	}{
		{"good", good, a, true},
		{"good on another replica", good, newAuth(t), true},
		{"a second before its end", good, justBefore, true},
		{"expired", good, later, false},
		{"of another key", good, otherKey, false},
		{"longer life", parts[0] + ".99999999999." + parts[2], a, false},
		{"another version", "v2." + parts[1] + "." + parts[2], a, false},
		{"no signature", parts[0] + "." + parts[1] + ".", a, false},
		{"one character changed", good[:len(good)-2] + flip(good[len(good)-2]) + good[len(good)-1:], a, false},
		{"nothing but dots", "..", a, false},
		{"the server key itself", key, a, false},
		{"much too long", strings.Repeat("v1.", 100_000), a, false},
		{"signed with the empty key, as in open mode", forge(t), a, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			actor, err := tt.auth.Authenticate(t.Context(), identity.Credentials{Method: "GET", Cookie: tt.cookie})
			if err != nil || (actor.Role == domain.Admin) != tt.ok {
				t.Fatalf("role %d, %v; want accepted %v", actor.Role, err, tt.ok)
			}
		})
	}
	if _, _, ok := open.SessionCookie(identity.Credentials{APIKey: key}); ok {
		t.Error("open mode issues a cookie")
	}
}

// flip returns another character of the cookie's alphabet.
func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

// forge signs a cookie with what the key would be if the server key were empty.
func forge(t *testing.T) string {
	t.Helper()
	derived, err := hkdf.Key(sha256.New, nil, nil, "parley session cookie v1", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	text := "v1." + strconv.FormatInt(start.Add(time.Hour).Unix(), 10)
	mac := hmac.New(sha256.New, derived)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestCookieIsIssuedForTheHeaderAndRenewedHalfway(t *testing.T) {
	a := newAuth(t)
	good := cookieOf(t, a)
	half := newAuth(t, func(o *identity.Options) { o.Now = func() time.Time { return start.Add(identity.CookieLife / 2) } })
	tests := []struct {
		name string
		auth *identity.Authenticator
		c    identity.Credentials
		want bool
	}{
		{"key in the header", a, identity.Credentials{APIKey: key}, true},
		{"wrong key", a, identity.Credentials{APIKey: "x"}, false},
		{"bearer: a program, no browser", a, identity.Credentials{Bearer: key}, false},
		{"cookie alone does not renew itself", half, identity.Credentials{Cookie: good}, false},
		{"fresh cookie beside the key", a, identity.Credentials{APIKey: key, Cookie: good}, false},
		{"old cookie beside the key", half, identity.Credentials{APIKey: key, Cookie: good}, true},
		{"forged cookie beside the key", a, identity.Credentials{APIKey: key, Cookie: "v1.9.x"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, ok := tt.auth.SessionCookie(tt.c); ok != tt.want {
				t.Fatalf("issued %v, want %v", ok, tt.want)
			}
		})
	}
}

func TestEntityIsBoundIfItIsAUUID(t *testing.T) {
	a := newAuth(t)
	actor, err := a.Authenticate(t.Context(), identity.Credentials{APIKey: key, Entity: "ABCDEFAB-1111-4111-8111-111111111111", SocketID: "s", Socket: true, Remote: "10.0.0.1"})
	want := domain.Actor{Entity: "abcdefab-1111-4111-8111-111111111111", Role: domain.Admin, Socket: "s", Remote: "10.0.0.1", Keyed: true}
	if err != nil || actor != want {
		t.Fatalf("actor = %+v, %v", actor, err)
	}
	for _, socket := range []bool{true, false} {
		_, err = a.Authenticate(t.Context(), identity.Credentials{APIKey: key, Entity: "me", Socket: socket})
		if known := domain.AsError(err); known == nil || known.Message != "Valid entityId required" || known.WireCode() != "INVALID_ID" {
			t.Fatalf("err = %v", err)
		}
	}
	_, err = a.Authenticate(t.Context(), identity.Credentials{Entity: "me", Socket: true})
	if known := domain.AsError(err); known == nil || known.Message != "Invalid or missing API Key" {
		t.Fatalf("the key is checked first: %v", err)
	}
}

// FuzzCookie checks that no text but an issued one passes, and that none panics.
func FuzzCookie(f *testing.F) {
	f.Add("v1.1795521600.AAAA")
	f.Add("..")
	a, err := identity.New(identity.Options{Key: key})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		actor, err := a.Authenticate(t.Context(), identity.Credentials{Method: "GET", Cookie: cookie})
		if err != nil || actor.Role != domain.Guest {
			t.Fatalf("%q: role %d, %v", cookie, actor.Role, err)
		}
	})
}
