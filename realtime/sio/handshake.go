package sio

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Handshake is what is known about a client when it connects. Its maps are shared by
// all sockets of a connection and must not be changed.
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

// newHandshake copies out of a request what is kept of it for the connection's life.
func newHandshake(r *http.Request) Handshake {
	header := maps.Clone(r.Header)
	for name := range header {
		if strings.HasPrefix(name, "Sec-Websocket-") || name == "Connection" || name == "Upgrade" {
			delete(header, name)
		}
	}
	return Handshake{Header: header, Query: r.URL.Query(), RemoteAddr: r.RemoteAddr, Secure: r.TLS != nil,
		Host: r.Host}
}

// decodeBase64 accepts base64 with and without padding.
func decodeBase64(s string) ([]byte, bool) {
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return data, err == nil
}
