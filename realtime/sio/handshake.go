package sio

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// Handshake is what is known about a client when it connects. Auth is shared by all that
// ask for it and must not be changed.
type Handshake struct {
	// Auth is the payload of the CONNECT packet, never nil.
	Auth map[string]any
	// Header holds the headers of the connection's first request, cookies included.
	Header http.Header
	// Query holds the query of the connection's first request.
	Query url.Values
	// RemoteAddr is the client's address with its port.
	RemoteAddr string
	// Secure says whether the request came over TLS to this process.
	Secure bool
	// Host is what the client believes to talk to.
	Host string
}

// greeting is what is kept of a connection's first request for its life, in a form that
// takes little memory.
type greeting struct {
	header     string // lines of a name, a colon and a value
	query      string
	remoteAddr string
	host       string
	secure     bool
}

// newGreeting copies out of a request what is kept of it.
func newGreeting(r *http.Request) greeting {
	var header strings.Builder
	for name, values := range r.Header {
		if strings.HasPrefix(name, "Sec-Websocket-") || name == "Connection" || name == "Upgrade" {
			continue
		}
		for _, value := range values { // has no line break: the HTTP server refuses those
			header.WriteString(name + ":" + value + "\n")
		}
	}
	// Clones: the rest of the request is not kept with them.
	return greeting{header: strings.Clone(header.String()), query: strings.Clone(r.URL.RawQuery), remoteAddr: r.RemoteAddr,
		host: strings.Clone(r.Host), secure: r.TLS != nil}
}

// handshake tells it in the form for the application.
func (g greeting) handshake(auth map[string]any) Handshake {
	header := http.Header{}
	for line := range strings.Lines(g.header) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		header[name] = append(header[name], value)
	}
	query, _ := url.ParseQuery(g.query) // what can be read of it, as with URL.Query
	return Handshake{Auth: auth, Header: header, Query: query, RemoteAddr: g.remoteAddr, Secure: g.secure, Host: g.host}
}

// decodeBase64 accepts base64 with and without padding.
func decodeBase64(s string) ([]byte, bool) {
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return data, err == nil
}
