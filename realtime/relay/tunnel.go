package relay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// headTimeout is how long a replica may take to answer the request for a WebSocket.
	headTimeout = 5 * time.Second
	// silence is how long neither side of a WebSocket may say anything; heartbeats go both
	// ways several times as often.
	silence = 2 * time.Minute
	// stalled is how long a side may take to accept what the other sends.
	stalled = 45 * time.Second
	// lastWords is how long one direction may go on when the other has ended.
	lastWords = 10 * time.Second
	// copyBuffer is the memory of each direction; TCP keeps what there is no room for.
	copyBuffer = 4 << 10
)

// tunnel is a relayed WebSocket: a connection to the client and one to its owner.
type tunnel struct {
	peer          *peer
	client, owner net.Conn
	once          sync.Once
}

// tunnel hands the request for a WebSocket on and joins the two connections if it is granted.
// After an error nothing was answered.
func (p *peer) tunnel(w http.ResponseWriter, req *http.Request) error {
	ctx, cancel := p.context(req.Context())
	defer cancel()
	owner, err := p.dial(ctx, "http/1.1")
	if err != nil {
		return err
	}
	fromOwner := bufio.NewReaderSize(owner, copyBuffer)
	resp, err := ask(ctx, owner, fromOwner, req, p.owner.Address) //nolint:bodyclose // the owner's connection, which is closed, is all there is to it
	if err != nil {
		_ = owner.Close()
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		defer owner.Close() //nolint:errcheck // all that matters was read
		if err := answer(w, resp); err != nil {
			panic(http.ErrAbortHandler) // as in forward
		}
		return nil
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = owner.Close()
		return fmt.Errorf("take the client's connection: %w", err)
	}
	t := &tunnel{peer: p, client: client, owner: owner}
	if !t.open() {
		t.close()
		return nil // the client's connection is closed, which is an answer
	}
	if t.greet(resp, fromOwner, buffered.Reader) != nil {
		t.close()
		p.relay.tunnels.Done()
		return nil // as above
	}
	t.start()
	return nil
}

// ask sends the request for a WebSocket and reads the head of the answer.
func ask(ctx context.Context, owner net.Conn, from *bufio.Reader, req *http.Request, address string) (*http.Response, error) {
	_ = owner.SetDeadline(time.Now().Add(headTimeout))
	defer context.AfterFunc(ctx, func() { _ = owner.SetDeadline(time.Unix(1, 0)) })()
	out := outgoing(ctx, req, address)
	out.Header.Set("Connection", "Upgrade")
	out.Header.Set("Upgrade", "websocket")
	out.Body, out.ContentLength = nil, 0
	if err := out.Write(owner); err != nil {
		return nil, fmt.Errorf("ask for a WebSocket: %w", err)
	}
	resp, err := http.ReadResponse(from, out)
	if err != nil {
		return nil, fmt.Errorf("ask for a WebSocket: %w", err)
	}
	return resp, nil
}

// open lists and counts the tunnel; false if its replica has gone meanwhile.
func (t *tunnel) open() bool {
	t.peer.mu.Lock()
	defer t.peer.mu.Unlock()
	if t.peer.ended.Err() != nil {
		return false
	}
	t.peer.tunnels[t] = struct{}{}
	t.peer.relay.tunnels.Add(1)
	return true
}

// greet passes the answer on, and what either side has said behind the heads.
func (t *tunnel) greet(resp *http.Response, fromOwner, fromClient *bufio.Reader) error {
	_ = t.client.SetDeadline(time.Now().Add(headTimeout))
	_ = t.owner.SetDeadline(time.Now().Add(headTimeout))
	resp.Body = http.NoBody
	if err := resp.Write(t.client); err != nil {
		return fmt.Errorf("grant a WebSocket: %w", err)
	}
	for from, to := range map[*bufio.Reader]net.Conn{fromOwner: t.client, fromClient: t.owner} {
		said, _ := from.Peek(from.Buffered())
		if _, err := to.Write(said); err != nil {
			return fmt.Errorf("pass on what was said early: %w", err)
		}
	}
	_ = t.client.SetDeadline(time.Time{})
	_ = t.owner.SetDeadline(time.Time{})
	return nil
}

// start copies both ways until both have ended.
func (t *tunnel) start() {
	relay := t.peer.relay
	relay.relayed.Add(1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		t.copy(t.owner, t.client)
	}()
	go func() {
		defer relay.tunnels.Done()
		defer relay.relayed.Add(-1)
		t.copy(t.client, t.owner)
		<-over
		t.close()
	}()
}

// copy brings what one side says to the other. When that side has said all, the other hears
// that, and may finish; when it broke, all is over.
func (t *tunnel) copy(to, from net.Conn) {
	buffer := make([]byte, copyBuffer)
	for {
		_ = from.SetReadDeadline(time.Now().Add(silence))
		n, err := from.Read(buffer)
		if n > 0 {
			_ = to.SetWriteDeadline(time.Now().Add(stalled))
			if _, failed := to.Write(buffer[:n]); failed != nil {
				t.close()
				return
			}
		}
		if err == nil {
			continue
		}
		half, ok := to.(interface{ CloseWrite() error })
		if err != io.EOF || !ok || half.CloseWrite() != nil { //nolint:errorlint // a reader returns it bare
			t.close()
			return
		}
		time.AfterFunc(lastWords, t.close)
		return
	}
}

// close ends both connections and takes the tunnel off the list.
func (t *tunnel) close() {
	t.once.Do(func() {
		_ = t.client.Close()
		_ = t.owner.Close()
		t.peer.mu.Lock()
		delete(t.peer.tunnels, t)
		t.peer.mu.Unlock()
	})
}
