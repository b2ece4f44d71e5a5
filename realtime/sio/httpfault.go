package sio

import (
	"encoding/json"
	"net/http"
	"strings"
)

// fault is a refusal in the words of Engine.IO.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	status  int
}

// The refusals; their codes and messages are part of the protocol.
var (
	faultTransport = fault{0, "Transport unknown", http.StatusBadRequest}
	faultSession   = fault{1, "Session ID unknown", http.StatusBadRequest}
	faultMethod    = fault{2, "Bad handshake method", http.StatusBadRequest}
	faultRequest   = fault{3, "Bad request", http.StatusBadRequest}
	faultProtocol  = fault{5, "Unsupported protocol version", http.StatusBadRequest}
	// The reference has no word for a server that takes no one in; clients try again
	// after any refusal.
	faultUnavailable = fault{3, "Server unavailable", http.StatusServiceUnavailable}
	faultTooLarge    = fault{3, "Payload too large", http.StatusRequestEntityTooLarge}
)

// write answers a request with the refusal.
func (f *fault) write(w http.ResponseWriter) {
	body, err := json.Marshal(f)
	if err != nil { // cannot be: a string and a number
		http.Error(w, f.Message, f.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(f.status)
	_, _ = w.Write(body) // the client may have gone
}

// refuse answers a request whose status is all that is known.
func (e *Engine) refuse(w http.ResponseWriter, status int) {
	if status == http.StatusRequestEntityTooLarge {
		faultTooLarge.write(w)
		return
	}
	faultRequest.write(w)
}

// allowOrigin lets a browser's page of another origin read the reply.
func (e *Engine) allowOrigin(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if invalidHeader(origin) {
		return
	}
	h.Add("Vary", "Origin")
	switch {
	case origin == "" && e.opts.AllowOrigin == nil:
		h.Set("Access-Control-Allow-Origin", "*")
	case origin != "" && (e.opts.AllowOrigin == nil || e.opts.AllowOrigin(origin)):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// preflight answers a browser that asks what it may send.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", "GET,POST")
		if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
			h.Set("Access-Control-Allow-Headers", wanted)
			h.Add("Vary", "Access-Control-Request-Headers")
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// invalidHeader reports whether a header value holds characters that it must not.
func invalidHeader(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool {
		return r != '\t' && (r < ' ' || r == 0x7f || r > 0xff)
	})
}
