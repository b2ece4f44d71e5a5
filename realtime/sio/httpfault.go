package sio

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fault is a refusal in the words of Engine.IO.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	status  int
	wait    time.Duration
}

// The refusals; their codes and messages are part of the protocol.
var (
	faultTransport = fault{Code: 0, Message: "Transport unknown", status: http.StatusBadRequest}
	faultSession   = fault{Code: 1, Message: "Session ID unknown", status: http.StatusBadRequest}
	faultMethod    = fault{Code: 2, Message: "Bad handshake method", status: http.StatusBadRequest}
	faultRequest   = fault{Code: 3, Message: "Bad request", status: http.StatusBadRequest}
	faultProtocol  = fault{Code: 5, Message: "Unsupported protocol version", status: http.StatusBadRequest}
	// The reference has no word for a server that takes no one in; clients try again
	// after any refusal.
	faultUnavailable = fault{Code: 3, Message: "Server unavailable", status: http.StatusServiceUnavailable}
	faultTooLarge    = fault{Code: 3, Message: "Payload too large", status: http.StatusRequestEntityTooLarge}
)

// codeForbidden is the protocol's code for what the application refuses.
const codeForbidden = 4

// newFault is a refusal of the application.
func newFault(r *Refusal) *fault {
	return &fault{Code: codeForbidden, Message: r.Message, status: r.Status, wait: r.RetryAfter}
}

// head sets the headers of the refusal.
func (f *fault) head(h http.Header) {
	if f.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.wait.Seconds()))))
	}
}

// write answers a request with the refusal.
func (f *fault) write(w http.ResponseWriter) {
	body, err := json.Marshal(f)
	if err != nil { // cannot be: a string and a number
		http.Error(w, f.Message, f.status)
		return
	}
	f.head(w.Header())
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
