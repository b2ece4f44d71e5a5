package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// webSocketPeer is a client on a raw WebSocket. Its packets are written as on
// long-polling: a text frame as it is, a binary frame as "b" and base64.
type webSocketPeer struct {
	t      testing.TB
	conn   *websocket.Conn
	opened time.Time
	sid    string

	writing sync.Mutex

	// packets holds what the server sent; it is closed with the connection, and then
	// failure says why.
	packets chan string
	failure error
	quit    chan struct{}
}

// openWebSocket opens a session over WebSocket alone. Pings are answered for it.
func openWebSocket(t testing.TB, s server) *webSocketPeer {
	t.Helper()
	p := dialWebSocket(t, s, "EIO=4&transport=websocket")
	p.sid = parseOpen(t, p.next()).SID
	return p
}

// dialWebSocket opens a WebSocket which answers pings by itself and keeps them from
// the test.
func dialWebSocket(t testing.TB, s server, query string) *webSocketPeer {
	t.Helper()
	return startPeer(t, s, query, true)
}

// dialMute opens a WebSocket which shows the server's pings and leaves them
// unanswered.
func dialMute(t testing.TB, s server, query string) *webSocketPeer {
	t.Helper()
	return startPeer(t, s, query, false)
}

// startPeer opens a WebSocket and starts its reader.
func startPeer(t testing.TB, s server, query string, answerPings bool) *webSocketPeer {
	t.Helper()
	opened := time.Now()
	conn, response, err := tryDial(s, query)
	if err != nil {
		t.Fatalf("open a WebSocket with %q: %v (reply %v)", query, err, response)
	}
	p := &webSocketPeer{
		t:       t,
		conn:    conn,
		opened:  opened,
		packets: make(chan string, 64),
		quit:    make(chan struct{}),
	}
	go p.read(answerPings)
	t.Cleanup(p.hangUp)
	return p
}

// tryDial opens a WebSocket, or returns the reply that refused it.
func tryDial(s server, query string) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, response, err := dialer.Dial(s.webSocketURL(query), nil)
	if response != nil {
		_ = response.Body.Close()
	}
	return conn, response, err
}

// read collects the server's packets until the connection ends.
func (p *webSocketPeer) read(answerPings bool) {
	defer close(p.packets)
	for {
		kind, data, err := p.conn.ReadMessage()
		if err != nil {
			p.failure = err
			return
		}
		packet := string(data)
		if kind == websocket.BinaryMessage {
			packet = "b" + base64.StdEncoding.EncodeToString(data)
		}
		if packet == "2" && answerPings {
			_ = p.write(websocket.TextMessage, []byte("3"))
			continue
		}
		select {
		case p.packets <- packet:
		case <-p.quit:
			return
		}
	}
}

// hangUp ends the connection and waits for the reader.
func (p *webSocketPeer) hangUp() {
	close(p.quit)
	_ = p.conn.Close()
	for range p.packets {
		continue // the reader closes the channel
	}
}

// write sends one frame.
func (p *webSocketPeer) write(kind int, data []byte) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.conn.WriteMessage(kind, data)
}

// fragments sends one text message in several frames, between which no other may come.
func (p *webSocketPeer) fragments(text string) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	writer, err := p.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	if _, err := io.Copy(writer, strings.NewReader(text)); err != nil {
		return err
	}
	return writer.Close()
}

// send sends packets, each in a frame of its own.
func (p *webSocketPeer) send(packets ...string) {
	p.t.Helper()
	for _, packet := range packets {
		if err := p.sendOne(packet); err != nil {
			p.t.Fatalf("send %s: %v", brief(packet), err)
		}
	}
}

// offend sends packets to which the server may answer by closing at once.
func (p *webSocketPeer) offend(packets ...string) {
	for _, packet := range packets {
		_ = p.sendOne(packet)
	}
}

// sendOne sends a packet, a leading "b" meaning a binary one.
func (p *webSocketPeer) sendOne(packet string) error {
	encoded, binary := strings.CutPrefix(packet, "b")
	if !binary {
		return p.write(websocket.TextMessage, []byte(packet))
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	return p.write(websocket.BinaryMessage, data)
}

// next returns the next packet of the server.
func (p *webSocketPeer) next() string {
	p.t.Helper()
	select {
	case packet, ok := <-p.packets:
		if !ok {
			p.t.Fatalf("the connection ended instead of a packet: %v", p.failure)
		}
		return packet
	case <-time.After(patience):
		p.t.Fatal("no packet came")
	}
	return ""
}

// expectClosed waits for the end of the connection, before which the server may send
// nothing but a close packet.
func (p *webSocketPeer) expectClosed() {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case packet, ok := <-p.packets:
			if !ok {
				return
			}
			if packet != "1" {
				p.t.Fatalf("got %s instead of the end of the connection", brief(packet))
			}
		case <-deadline:
			p.t.Fatal("the connection was not closed")
		}
	}
}

// age returns the time since the client began to connect.
func (p *webSocketPeer) age() time.Duration { return time.Since(p.opened) }

// engineID returns the Engine.IO session id.
func (p *webSocketPeer) engineID() string { return p.sid }
