package relay

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
)

// The headers that only replicas send to one another.
const (
	// remoteHeader is the address of who opened the connection to the first replica.
	remoteHeader = "Parley-Remote-Addr"
	// secureHeader says that this was over TLS.
	secureHeader = "Parley-Secure"
)

// hopHeaders belong to one connection and not to the request.
func hopHeaders() []string {
	return []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect"}
}

// wantsWebSocket reports whether a request asks for one.
func wantsWebSocket(h http.Header) bool {
	return hasToken(h, "Connection", "upgrade") && hasToken(h, "Upgrade", "websocket")
}

// hasToken reports whether a header lists a token, however it is spelt.
func hasToken(h http.Header, name, token string) bool {
	for _, list := range h.Values(name) {
		for entry := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(entry), token) {
				return true
			}
		}
	}
	return false
}

// withoutHops removes what belongs to the connection on which the header came.
func withoutHops(h http.Header) {
	for _, names := range h.Values("Connection") {
		for name := range strings.SplitSeq(names, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopHeaders() {
		h.Del(name)
	}
}

// outgoing is a request as it goes to another replica: with all that it said about the client
// and the proxies before us, and with who opened the connection to us.
func outgoing(ctx context.Context, r *http.Request, address string) *http.Request {
	header := r.Header.Clone()
	withoutHops(header)
	header.Set(remoteHeader, r.RemoteAddr)
	header.Del(secureHeader)
	if r.TLS != nil {
		header.Set(secureHeader, "1")
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "") // else one of Go's own is sent
	}
	out := &http.Request{Method: r.Method, Host: r.Host, Header: header, Body: r.Body, ContentLength: r.ContentLength,
		URL: &url.URL{Scheme: "https", Host: address, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}}
	if r.ContentLength == 0 {
		out.Body = nil
	}
	return out.WithContext(ctx)
}

// incoming turns a request of another replica into the one that the client sent there.
func incoming(r *http.Request) {
	r.RemoteAddr = r.Header.Get(remoteHeader)
	r.TLS = nil
	if r.Header.Get(secureHeader) != "" {
		r.TLS = &tls.ConnectionState{}
	}
	r.Header.Del(remoteHeader)
	r.Header.Del(secureHeader)
}
