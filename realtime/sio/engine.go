package sio

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
	"github.com/zishang520/engine.io/v2/types"
)

// Engine serves Engine.IO: sessions over long-polling and WebSocket, with heartbeats
// and upgrades. A Server has its own; one made with NewEngine stands alone. Safe for
// concurrent use.
type Engine struct {
	opts   Options
	log    zerolog.Logger
	accept func(*conn) receiver
	start  time.Time
	ping   frame
	// request stands for every connection's request towards the library.
	request *types.HttpContext
	timers  *timers
	flush   *flushPool
	pools   pools

	running tracker // the goroutines of connections

	mu       sync.Mutex
	conns    map[string]*conn
	draining bool

	slowClosed atomic.Int64
	upgrades   atomic.Int64
	sent       atomic.Uint64
	received   atomic.Uint64
}

// newEngine returns an engine that asks accept for the receiver of every new session.
func newEngine(o Options, accept func(*conn) receiver) (*Engine, error) {
	o.setDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("socket options: %w", err)
	}
	e := &Engine{opts: o, log: o.Logger, accept: accept, start: time.Now(), ping: textPacket(packetPing, ""), request: noRequest(),
		timers: newTimers(), flush: newFlushPool(), conns: map[string]*conn{}}
	e.pools.setup()
	return e, nil
}

// ServeHTTP serves the requests of both transports.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path+"/", e.opts.Path) {
		http.NotFound(w, r)
		return
	}
	e.allowOrigin(w.Header(), r)
	if r.Method == http.MethodOptions {
		preflight(w, r)
		return
	}
	upgrade := websocket.IsWebSocketUpgrade(r)
	c, fault := e.verify(r, upgrade)
	switch {
	case fault != nil && upgrade:
		fault.head(w.Header())
		http.Error(w, fault.Message, fault.status)
	case fault != nil:
		fault.write(w)
	case upgrade:
		e.serveUpgrade(w, r, c)
	case c == nil:
		e.servePollingHandshake(w, r)
	case r.Method == http.MethodGet:
		c.servePoll(w, r)
	case r.Method == http.MethodPost:
		c.servePost(w, r)
	default:
		e.refuse(w, http.StatusBadRequest)
	}
}

// verify checks a request in the order of the reference and returns its session, nil
// for a handshake.
func (e *Engine) verify(r *http.Request, upgrade bool) (*conn, *fault) {
	query := r.URL.Query()
	transport := query.Get("transport")
	if !slices.Contains(e.opts.Transports, transport) {
		return nil, &faultTransport
	}
	if invalidHeader(r.Header.Get("Origin")) {
		r.Header.Del("Origin")
		return nil, &faultRequest
	}
	sid := query.Get("sid")
	if e.opts.Guard != nil {
		if refusal := e.opts.Guard(r, sid == ""); refusal != nil {
			return nil, newFault(refusal)
		}
	}
	if sid != "" {
		return e.verifySession(sid, transport, query.Get("EIO"), upgrade)
	}
	switch {
	case r.Method != http.MethodGet:
		return nil, &faultMethod
	case (transport == transportWebSocket) != upgrade:
		return nil, &faultRequest
	case query.Get("EIO") != "4":
		return nil, &faultProtocol
	}
	return nil, e.admit()
}

// verifySession checks a request that names a session.
func (e *Engine) verifySession(sid, transport, protocol string, upgrade bool) (*conn, *fault) {
	e.mu.Lock()
	c := e.conns[sid]
	e.mu.Unlock()
	switch {
	case c == nil:
		return nil, &faultSession
	case !upgrade && transport != c.transport(), upgrade && transport != transportWebSocket, protocol != "4":
		return nil, &faultRequest
	}
	return c, nil
}

// admit refuses handshakes while the engine stops or is full.
func (e *Engine) admit() *fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining || (e.opts.MaxConns > 0 && len(e.conns) >= e.opts.MaxConns) {
		return &faultUnavailable
	}
	return nil
}

// servePollingHandshake begins a session on long-polling.
func (e *Engine) servePollingHandshake(w http.ResponseWriter, r *http.Request) {
	c := newConn(e, newGreeting(r))
	if !e.register(c) {
		faultUnavailable.write(w)
		return
	}
	c.reply(w, appendPolling(nil, []frame{e.openPacket(c)}))
}

// serveUpgrade begins a session on WebSocket, or the upgrade of the session c.
func (e *Engine) serveUpgrade(w http.ResponseWriter, r *http.Request, c *conn) {
	l, err := upgradeWebSocket(w, r, e.opts.MaxPayload, &e.pools)
	if err != nil {
		e.log.Debug().Err(err).Str("remote", r.RemoteAddr).Msg("websocket handshake failed")
		return
	}
	if c != nil {
		c.startProbe(l)
		return
	}
	e.acceptWebSocket(l, newGreeting(r))
}

// register gives c its id and its receiver and lists it, before anybody can know the
// id. False means that the engine is full or stops; c is closed then.
func (e *Engine) register(c *conn) bool {
	c.id = e.opts.NewID()
	c.receiver = e.accept(c)
	e.mu.Lock()
	full := e.draining || (e.opts.MaxConns > 0 && len(e.conns) >= e.opts.MaxConns) || e.conns[c.id] != nil
	if !full {
		e.conns[c.id] = c
	}
	e.mu.Unlock()
	if full {
		c.abortWith(reasonForcedClose, packetClose, codeTryLater)
		return false
	}
	e.timers.set(&c.timer, e.opts.PingInterval)
	return true
}

// forget takes c off the list.
func (e *Engine) forget(c *conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conns[c.id] == c {
		delete(e.conns, c.id)
	}
}

// openPacket tells a client about its session.
func (e *Engine) openPacket(c *conn) frame {
	upgrades := []string{}
	if !c.webSocket && slices.Contains(e.opts.Transports, transportWebSocket) {
		upgrades = append(upgrades, transportWebSocket)
	}
	data, err := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int64    `json:"maxPayload"`
	}{c.id, upgrades, e.opts.PingInterval.Milliseconds(), e.opts.PingTimeout.Milliseconds(), e.opts.MaxPayload})
	if err != nil { // cannot be: strings and numbers only
		e.log.Error().Err(err).Msg("open packet could not be encoded")
	}
	return textPacket(packetOpen, string(data))
}

// The longest pause between the ends of two connections at shutdown: of a server that is
// alone, whose clients have nowhere to go before it is back, and of one of several, whose
// clients come to the others at once and must not come all together.
const (
	stopStep   = 2 * time.Millisecond
	spreadStep = time.Second
)

// Shutdown refuses new sessions and ends those that there are, spread over the time
// that ctx leaves so that their clients do not all return at once. It returns when
// every goroutine of the engine has ended, or with ctx's error; then what is left was
// cut off. The engine serves nothing afterwards. Only the first call does anything.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	if e.draining {
		e.mu.Unlock()
		return nil
	}
	e.draining = true
	open := e.listLocked()
	e.mu.Unlock()
	e.endAll(ctx, open)
	err := e.running.wait(ctx)
	if err != nil || ctx.Err() != nil || e.leftover() > 0 {
		e.cutOff()
	}
	if err != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if e.running.wait(late) != nil {
			return fmt.Errorf("end connections: %w", err) // a handler hangs; the workers stay for it
		}
	}
	e.timers.stop()
	e.flush.stop()
	return nil
}

// endAll closes connections one after the other until ctx ends.
func (e *Engine) endAll(ctx context.Context, open []*conn) {
	step, part := stopStep, 0.5
	if e.opts.Replica != "" {
		step, part = spreadStep, 0.75
	}
	if deadline, ok := ctx.Deadline(); ok && len(open) > 0 {
		step = min(step, time.Duration(part*float64(time.Until(deadline))/float64(len(open))))
	}
	pause := time.NewTicker(max(step, time.Microsecond))
	defer pause.Stop()
	for _, c := range open {
		c.shut(reasonTransportClose, codeGoingAway)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
	}
}

// cutOff ends whatever is still there.
func (e *Engine) cutOff() {
	for _, c := range e.list() {
		c.abort(reasonTransportClose)
	}
}

// leftover is how many connections there still are.
func (e *Engine) leftover() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.conns)
}

// list returns the connections.
func (e *Engine) list() []*conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.listLocked()
}

// listLocked is list for a caller that holds the lock.
func (e *Engine) listLocked() []*conn {
	conns := make([]*conn, 0, len(e.conns))
	for _, c := range e.conns {
		conns = append(conns, c)
	}
	return conns
}

// tracker counts goroutines and can wait for their end with a bound.
type tracker struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // made by wait, closed when n is 0
}

// add counts one more.
func (t *tracker) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

// done counts one less.
func (t *tracker) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n--
	if t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait returns when the count is 0, or with ctx's error.
func (t *tracker) wait(ctx context.Context) error {
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return nil
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
