package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/realtime/sio"
)

// maxRelayed bounds the requests and sockets that are relayed at once; more are refused.
const maxRelayed = 1 << 15

// Owner is another replica.
type Owner struct {
	// Instance tells its process from others of its name, Address is its private host:port.
	Instance, Address string
}

// Options of a Relay; all are needed.
type Options struct {
	// Replica is this replica's name.
	Replica string
	// Find returns another replica by its name; false if there is none. It may wait.
	Find func(ctx context.Context, name string) (Owner, bool)
	// Secret is what replicas know one another by, "" while it is not known.
	Secret func() domain.Secret
	// Local serves the sessions of this replica.
	Local http.Handler
	// Release makes the waiting poll of a session of this replica return.
	Release func(session string)
	// Listener is where other replicas come in; the relay closes it.
	Listener net.Listener
	Logger   zerolog.Logger
}

// Relay serves the Socket.IO endpoint of one replica of a cluster. Run serves the others;
// Drain and Close end it. It is safe for concurrent use.
type Relay struct {
	opts        Options
	log         zerolog.Logger
	credentials *credentials
	private     *http.Server
	// relayed are the requests and tunnels under way, serving the requests of other replicas.
	relayed, serving atomic.Int64
	// requests counts those that were relayed, failed those that no owner answered.
	requests, failed atomic.Uint64
	tunnels          sync.WaitGroup

	mu     sync.Mutex
	peers  map[string]*peer // by instance
	closed bool
}

// Stats are the numbers of a Relay.
type Stats struct {
	// Sockets are the WebSockets and Polls the waiting polls that are relayed now.
	Sockets, Polls int
	// Requests counts all that were relayed, WebSockets included, Failed those of them
	// that no owner has answered.
	Requests, Failed uint64
}

// New returns a relay that does not serve other replicas before Run.
func New(o Options) *Relay {
	r := &Relay{opts: o, log: o.Logger.With().Str("component", "relay").Logger(), credentials: &credentials{secret: o.Secret},
		peers: map[string]*peer{}}
	r.private = r.newPrivate()
	return r
}

// Stats counts; it takes time in proportion to what is relayed.
func (r *Relay) Stats() Stats {
	s := Stats{Requests: r.requests.Load(), Failed: r.failed.Load()}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.peers {
		p.mu.Lock()
		s.Sockets += len(p.tunnels)
		s.Polls += len(p.polls)
		p.mu.Unlock()
	}
	return s
}

// ServeHTTP relays a request of a session that another replica has, and serves all others.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	session := req.URL.Query().Get("sid")
	name := sio.OwnerOf(session)
	if name == "" || name == r.opts.Replica || req.Method == http.MethodOptions {
		r.opts.Local.ServeHTTP(w, req)
		return
	}
	owner, known := r.opts.Find(req.Context(), name)
	if !known || !r.relay(owner, session, w, req) {
		r.opts.Local.ServeHTTP(w, req) // which says that it has no such session
	}
}

// relay hands a request to its owner and reports whether it was answered.
func (r *Relay) relay(owner Owner, session string, w http.ResponseWriter, req *http.Request) bool {
	if r.relayed.Add(1) > maxRelayed {
		r.relayed.Add(-1)
		http.Error(w, "Too many requests are relayed", http.StatusServiceUnavailable)
		return true
	}
	defer r.relayed.Add(-1)
	p := r.peer(owner)
	if p == nil {
		return false
	}
	r.requests.Add(1)
	var err error
	if wantsWebSocket(req.Header) {
		err = p.tunnel(w, req)
	} else {
		err = p.forward(session, w, req)
	}
	if err == nil {
		return true
	}
	if req.Context().Err() != nil {
		return true // the client has gone, nobody hears an answer
	}
	r.failed.Add(1)
	r.log.Debug().Err(err).Str("address", owner.Address).Msg("request could not be relayed")
	return false
}

// peer returns the connections to a replica, nil when the relay has ended.
func (r *Relay) peer(owner Owner) *peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	p := r.peers[owner.Instance]
	if p == nil {
		p = newPeer(r, owner)
		r.peers[owner.Instance] = p
	}
	return p
}

// Forget ends at once all that is relayed to a replica that has gone. Its clients hear that
// the session is unknown, or that their transport closed.
func (r *Relay) Forget(instance string) {
	r.mu.Lock()
	p := r.peers[instance]
	delete(r.peers, instance)
	r.mu.Unlock()
	if p != nil {
		p.cut()
	}
}

// releaseEvery is the pause between two rounds of Drain.
const releaseEvery = 100 * time.Millisecond

// Drain ends what this replica relays to others, so that its clients come back by another
// way: the owners are asked to answer the polls that wait, WebSockets are closed, spread over
// half the time that ctx leaves. It returns when nothing is left, or when ctx ends.
func (r *Relay) Drain(ctx context.Context) {
	ticker := time.NewTicker(releaseEvery)
	defer ticker.Stop()
	for r.relayed.Load() > 0 {
		r.closeTunnels(ctx)
		for _, p := range r.list() {
			p.releasePolls(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// closeTunnels closes the relayed WebSockets one after the other.
func (r *Relay) closeTunnels(ctx context.Context) {
	var open []*tunnel
	for _, p := range r.list() {
		open = append(open, p.openTunnels()...)
	}
	step := time.Second
	if deadline, ok := ctx.Deadline(); ok && len(open) > 0 {
		step = min(step, time.Until(deadline)/2/time.Duration(len(open)))
	}
	ticker := time.NewTicker(max(step, time.Microsecond))
	defer ticker.Stop()
	for _, t := range open {
		t.close()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// list returns the peers.
func (r *Relay) list() []*peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	peers := make([]*peer, 0, len(r.peers))
	for _, p := range r.peers {
		peers = append(peers, p)
	}
	return peers
}

// Run serves the other replicas until Close.
func (r *Relay) Run() error {
	if err := r.private.ServeTLS(r.opts.Listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the other replicas: %w", err)
	}
	return nil
}

// goodbye is how long the connections of other replicas may take to end in order when nothing
// is left to answer on them. One that was just being opened never hears of the end.
const goodbye = 1500 * time.Millisecond

// Close ends everything: requests of other replicas may finish until ctx ends, what this one
// relays to others is cut off. It returns when nothing is left. It may be called more than once.
func (r *Relay) Close(ctx context.Context) {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, p := range r.list() {
		p.cut()
	}
	ticker := time.NewTicker(goodbye / 100)
	defer ticker.Stop()
	for r.serving.Load() > 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	if r.private.Shutdown(ctx) != nil {
		_ = r.private.Close() // what is cut off now had its time
	}
	_ = r.opts.Listener.Close() // it is open still if Run was never called
	r.tunnels.Wait()
}
