package identity_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"parley/domain/identity"
)

func TestTheCallerIsTheRightmostAddressThatIsNotTrusted(t *testing.T) {
	tests := []struct {
		name, proxies, peer, forwarded, proto string
		remote                                string
		tls                                   bool
	}{
		{"nobody is trusted", "false", "127.0.0.1:5", "203.0.113.7", "https", "127.0.0.1", false},
		{"the default", "", "10.0.0.1:5", "203.0.113.7", "https", "10.0.0.1", false},
		{"one hop", "true", "10.0.0.1:5", "203.0.113.7", "https", "203.0.113.7", true},
		{"one hop, and what the caller made up", "true", "10.0.0.1:5", "1.1.1.1, 203.0.113.7", "https,http", "203.0.113.7", false},
		{"one hop without a word", "1", "10.0.0.1:5", "", "", "10.0.0.1", false},
		{"two hops", "2", "10.0.0.1:5", "1.1.1.1, 203.0.113.7, 10.0.0.9", "https", "203.0.113.7", true},
		{"two hops, each with its own protocol", "2", "10.0.0.1:5", "203.0.113.7, 10.0.0.9", "https, http", "203.0.113.7", true},
		{"more hops than there are", "5", "10.0.0.1:5", "203.0.113.7", "", "203.0.113.7", false},
		{"a listed proxy", "10.0.0.0/8", "10.0.0.1:5", "203.0.113.7", "https", "203.0.113.7", true},
		{"a row of listed proxies", "10.0.0.0/8, 192.168.1.1", "10.0.0.1:5", "1.1.1.1, 203.0.113.7, 192.168.1.1, 10.9.9.9", "", "203.0.113.7", false},
		{"one that is not listed", "10.0.0.0/8", "11.0.0.1:5", "203.0.113.7", "https", "11.0.0.1", false},
		{"only listed ones", "private", "10.0.0.1:5", "192.168.0.7, 172.16.0.1", "", "192.168.0.7", false},
		{"loopback by name", "loopback", "127.0.0.1:5", "203.0.113.7", "", "203.0.113.7", false},
		{"loopback in the other protocol", "loopback", "[::1]:5", "2001:db8::7", "", "2001:db8::7", false},
		{"a mapped address", "10.0.0.1", "[::ffff:10.0.0.1]:5", "203.0.113.7", "", "203.0.113.7", false},
		{"an address with a port", "true", "10.0.0.1:5", "203.0.113.7:4711", "", "203.0.113.7", false},
		{"an address in brackets", "true", "10.0.0.1:5", "[2001:db8::7]:4711", "", "2001:db8::7", false},
		{"no address", "true", "10.0.0.1:5", "unknown", "", "10.0.0.1", false},
		{"an empty entry", "true", "10.0.0.1:5", "203.0.113.7,", "", "10.0.0.1", false},
		{"no address behind a listed one", "private", "10.0.0.1:5", "203.0.113.7, <script>, 10.0.0.2", "", "10.0.0.2", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := identity.ParseProxies(tt.proxies)
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			if tt.forwarded != "" {
				h.Set("X-Forwarded-For", tt.forwarded)
			}
			if tt.proto != "" {
				h.Set("X-Forwarded-Proto", tt.proto)
			}
			if c := p.Credentials(identity.Peer{Addr: tt.peer, Header: h}); c.Remote != tt.remote || c.TLS != tt.tls {
				t.Errorf("remote %s, TLS %v; want %s, %v", c.Remote, c.TLS, tt.remote, tt.tls)
			}
		})
	}
}

func TestHeadersOfSeveralLinesAreOneList(t *testing.T) {
	p, err := identity.ParseProxies("true")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"X-Forwarded-For": {"1.1.1.1", "203.0.113.7"}}
	if c := p.Credentials(identity.Peer{Addr: "10.0.0.1:5", Header: h}); c.Remote != "203.0.113.7" {
		t.Errorf("remote %s", c.Remote)
	}
	h = http.Header{"X-Forwarded-For": {strings.Repeat("10.0.0.1,", 10_000) + "10.0.0.1"}}
	all, err := identity.ParseProxies("0.0.0.0/0")
	if err != nil {
		t.Fatal(err)
	}
	if c := all.Credentials(identity.Peer{Addr: "10.0.0.1:5", Header: h}); c.Remote != "10.0.0.1" {
		t.Errorf("remote %s", c.Remote)
	}
}

func TestProxiesAreChecked(t *testing.T) {
	for text, shown := range map[string]string{"": "false", "FALSE": "false", "0": "false", "true": "true", "1": "true", "3": "3",
		"10.0.0.0/8,::1": "10.0.0.0/8,::1", "loopback, private": "loopback, private"} {
		if p, err := identity.ParseProxies(text); err != nil || p.String() != shown {
			t.Errorf("%q is %q, %v", text, p, err)
		}
	}
	for _, text := range []string{"-1", "33", "10.0.0.0/40", "proxy.example", "10.0.0.1,", "true,10.0.0.1", "*"} {
		if p, err := identity.ParseProxies(text); err == nil {
			t.Errorf("%q is %q", text, p)
		}
	}
	if (identity.Proxies{}).String() != "false" {
		t.Error("the zero value believes somebody")
	}
}

func TestLocalCallersAreNoForeignPages(t *testing.T) {
	tests := []struct {
		name, proxies, peer, host string
		header                    map[string]string
		want                      bool
	}{
		{"a program", "", "127.0.0.1:5", "127.0.0.1:3000", nil, true},
		{"a program by name", "", "[::1]:5", "localhost:3000", nil, true},
		{"a program by IPv6", "", "[::1]:5", "[::1]:3000", nil, true},
		{"from elsewhere", "", "10.0.0.7:5", "127.0.0.1:3000", nil, false},
		{"our own page", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Origin": "http://localhost:3000"}, true},
		{"a listed page", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Origin": "https://chat.example"}, true},
		{"a foreign page", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Origin": "https://evil.example"}, false},
		{"a page on another port", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Origin": "http://localhost:8080"}, false},
		{"a page of nowhere", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Origin": "null"}, false},
		{"an image on a foreign page", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Sec-Fetch-Site": "cross-site"}, false},
		{"an address that was typed", "", "127.0.0.1:5", "localhost:3000", map[string]string{"Sec-Fetch-Site": "none"}, true},
		{"a name bound to our address", "", "127.0.0.1:5", "evil.example:3000", nil, false},
		{"a page of a name bound to our address", "", "127.0.0.1:5", "evil.example:3000", map[string]string{"Origin": "http://evil.example:3000"}, false},
		{"a name that begins like ours", "", "127.0.0.1:5", "localhost.evil.example", nil, false},
		{"a proxy on this machine", "", "127.0.0.1:5", "127.0.0.1:3000", map[string]string{"X-Forwarded-For": "203.0.113.7"}, false},
		{"one that says less", "", "127.0.0.1:5", "127.0.0.1:3000", map[string]string{"Via": "1.1 proxy"}, false},
		{"who plays this machine", "", "127.0.0.1:5", "127.0.0.1:3000", map[string]string{"X-Forwarded-For": "127.0.0.1"}, false},
		{"behind a trusted proxy", "true", "127.0.0.1:5", "127.0.0.1:3000", map[string]string{"X-Forwarded-For": "203.0.113.7"}, false},
		{"this machine behind a trusted proxy", "true", "10.0.0.1:5", "localhost", map[string]string{"X-Forwarded-For": "127.0.0.1"}, true},
	}
	a := newAuth(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := identity.ParseProxies(tt.proxies)
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			for name, value := range tt.header {
				h.Set(name, value)
			}
			actor, err := a.Authenticate(t.Context(), p.Credentials(identity.Peer{Addr: tt.peer, Host: tt.host, Header: h}))
			if err != nil || actor.Local != tt.want {
				t.Errorf("local %v, %v", actor.Local, err)
			}
		})
	}
}

func TestOriginsThatMayOpenASocket(t *testing.T) {
	open := newAuth(t, func(o *identity.Options) { o.Origins = nil })
	star := newAuth(t, func(o *identity.Options) { o.Origins = []string{"https://chat.example", "*"} })
	listed := newAuth(t)
	for origin, want := range map[string]bool{"": true, "https://chat.example": true, "http://parley.test:3000": true,
		"https://evil.example": false, "null": false, "https://chat.example.evil": false} {
		c := identity.Credentials{Origin: origin, Host: "parley.test:3000"}
		if listed.AdmitsOrigin(c) != want || !open.AdmitsOrigin(c) || !star.AdmitsOrigin(c) {
			t.Errorf("%q: listed %v, open %v, star %v", origin, listed.AdmitsOrigin(c), open.AdmitsOrigin(c), star.AdmitsOrigin(c))
		}
	}
}

// FuzzForwarded checks that whatever callers write into X-Forwarded-For, they become nobody
// but the peer or an address.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.7, [2001:db8::1]:80", "private")
	f.Add(",,unknown:", "3")
	f.Fuzz(func(t *testing.T, forwarded, proxies string) {
		p, err := identity.ParseProxies(proxies)
		if err != nil {
			return
		}
		c := p.Credentials(identity.Peer{Addr: "10.0.0.1:5", Header: http.Header{"X-Forwarded-For": {forwarded}}})
		if _, err := netip.ParseAddr(c.Remote); err != nil || p.String() == "false" && c.Remote != "10.0.0.1" {
			t.Fatalf("%q behind %q is %q", forwarded, proxies, c.Remote)
		}
	})
}
