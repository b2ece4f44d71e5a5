package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// dialTimeout bounds a new connection to a replica, its TLS included.
	dialTimeout = 2 * time.Second
	// quiet is how long a connection with polls may be silent before it is asked whether the
	// other replica lives, and how long that may take to answer.
	quiet = 4 * time.Second
	// bodyTimeout bounds the reading of a POST's body and the writing of an answer.
	bodyTimeout = 30 * time.Second
)

// peer is another replica and what is relayed to it.
type peer struct {
	relay     *Relay
	owner     Owner
	transport *http.Transport
	// ended ends with the peer, and with it all requests to it.
	ended context.Context //nolint:containedctx // the life of the peer, not of a call
	end   context.CancelFunc

	mu      sync.Mutex
	polls   map[*poll]struct{}
	tunnels map[*tunnel]struct{}
}

// poll is a GET that waits for its answer.
type poll struct{ session string }

// newPeer returns a peer without connections.
func newPeer(r *Relay, owner Owner) *peer {
	p := &peer{relay: r, owner: owner, polls: map[*poll]struct{}{}, tunnels: map[*tunnel]struct{}{}}
	p.ended, p.end = context.WithCancel(context.Background())
	p.transport = &http.Transport{
		DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dial(ctx, "h2") },
		// All requests share one connection, or a few when it was slow to come up.
		ForceAttemptHTTP2: true, MaxIdleConns: 4, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
		DisableCompression: true, MaxResponseHeaderBytes: maxHeaderBytes,
		HTTP2: &http.HTTP2Config{SendPingTimeout: quiet, PingTimeout: quiet, WriteByteTimeout: 2 * quiet,
			MaxReceiveBufferPerStream: streamBuffer, MaxReceiveBufferPerConnection: connectionBuffer},
	}
	return p
}

// dial opens a connection to the replica, known to be one of the cluster.
func (p *peer) dial(ctx context.Context, protocol string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	config, err := p.relay.credentials.config(protocol)
	if err != nil {
		return nil, err
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", p.owner.Address)
	if err != nil {
		return nil, fmt.Errorf("reach the replica: %w", err)
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("know the replica: %w", err)
	}
	return conn, nil
}

// context is that of a request, which ends with the peer too.
func (p *peer) context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	stop := context.AfterFunc(p.ended, cancel)
	return ctx, func() { stop(); cancel() }
}

// forward hands a request of long-polling on. After an error nothing was answered.
func (p *peer) forward(session string, w http.ResponseWriter, req *http.Request) error {
	ctx, cancel := p.context(req.Context())
	defer cancel()
	control := http.NewResponseController(w)
	if req.Method == http.MethodGet {
		waiting := &poll{session: session}
		p.mu.Lock()
		p.polls[waiting] = struct{}{}
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			delete(p.polls, waiting)
			p.mu.Unlock()
		}()
	} else if control.SetReadDeadline(time.Now().Add(bodyTimeout)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	resp, err := p.transport.RoundTrip(outgoing(ctx, req, p.owner.Address))
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // all that matters was read
	if err := answer(w, resp); err != nil {
		panic(http.ErrAbortHandler) // net/http's way to break an answer off, so that nobody takes a part for the whole
	}
	return nil
}

// answer passes a replica's answer on.
func answer(w http.ResponseWriter, resp *http.Response) error {
	control := http.NewResponseController(w)
	if control.SetWriteDeadline(time.Now().Add(bodyTimeout)) == nil {
		defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	}
	withoutHops(resp.Header)
	header := w.Header()
	for name, values := range resp.Header {
		header[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("pass an answer on: %w", err)
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("pass an answer on: %w", err)
	}
	return nil
}

// releasePolls asks the replica to answer the polls that wait for it.
func (p *peer) releasePolls(ctx context.Context) {
	p.mu.Lock()
	sessions := make([]string, 0, min(len(p.polls), maxRelease))
	for waiting := range p.polls {
		if len(sessions) == maxRelease {
			break // the others come in the next round
		}
		sessions = append(sessions, waiting.session)
	}
	p.mu.Unlock()
	if len(sessions) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	body, err := json.Marshal(sessions)
	if err != nil { // cannot be: texts
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.owner.Address+releasePath, bytes.NewReader(body))
	if err != nil {
		return
	}
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		p.relay.log.Debug().Err(err).Msg("polls could not be released")
		return
	}
	_ = resp.Body.Close()
}

// cut ends everything that is relayed to the replica.
func (p *peer) cut() {
	p.end()
	for _, t := range p.openTunnels() {
		t.close()
	}
	p.transport.CloseIdleConnections()
}

// openTunnels lists the relayed WebSockets.
func (p *peer) openTunnels() []*tunnel {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := make([]*tunnel, 0, len(p.tunnels))
	for t := range p.tunnels {
		open = append(open, t)
	}
	return open
}
