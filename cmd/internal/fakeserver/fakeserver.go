// Package fakeserver is a tiny in-process server of the message protocol, for the
// driver's own tests: it can be told to lose, double and reorder, so that the tests see
// whether the driver notices.
package fakeserver

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// Options make the server misbehave; the zero value behaves well.
type Options struct {
	// Deliver gets each packet of a broadcast on its way to a socket (numbered in the
	// order of connecting, from 0) and returns what to send instead. It is called under
	// the server's lock. Nil: the packet itself.
	Deliver func(socket int, packet string) []string
	// NoAck leaves out messageAck, MuteJoin the answers to a join.
	NoAck, MuteJoin bool
	// Refuse answers every send with an error.
	Refuse bool
	// Key must be given as auth.apiKey, if not empty.
	Key string
	// PingInterval is in milliseconds; zero: 25,000, and no ping is ever sent.
	PingInterval int
}

// Server is a fake. Create it with New or Handler.
type Server struct {
	// URL is the server's address; empty if it was made by Handler.
	URL string

	options Options
	mu      sync.Mutex
	peers   []*peer
	bySID   map[string]*peer
	pongs   int
}

// peer is one connection, on either transport.
type peer struct {
	number  int
	sid     string
	channel string
	out     chan string // Engine.IO packets
}

// New starts a server, which ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := Handler(o)
	ts := httptest.NewServer(s)
	t.Cleanup(func() {
		ts.CloseClientConnections()
		ts.Close()
	})
	s.URL = ts.URL
	return s
}

// Handler returns a server that listens nowhere yet.
func Handler(o Options) *Server {
	return &Server{options: o, bySID: map[string]*peer{}}
}

// Pongs returns how many pings were answered.
func (s *Server) Pongs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pongs
}

// ServeHTTP is part of http.Handler; it tells the transports apart.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.URL.Path == "/readyz":
	case q.Get("EIO") != "4":
		http.Error(w, "wrong protocol", http.StatusBadRequest)
	case q.Get("transport") == "websocket":
		s.webSocket(w, r)
	case q.Get("sid") == "":
		p := s.add()
		_, _ = io.WriteString(w, <-p.out)
	default:
		s.poll(w, r, q.Get("sid"))
	}
}

// add makes a peer whose first packet is the open packet.
func (s *Server) add() *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &peer{number: len(s.peers), sid: "sid" + strconv.Itoa(len(s.peers)), out: make(chan string, 1<<16)}
	s.peers = append(s.peers, p)
	s.bySID[p.sid] = p
	interval := 25_000
	if s.options.PingInterval > 0 {
		interval = s.options.PingInterval
	}
	p.out <- `0{"sid":"` + p.sid + `","upgrades":[],"pingInterval":` + strconv.Itoa(interval) + `,"pingTimeout":20000,"maxPayload":1000000}`
	if s.options.PingInterval > 0 {
		p.out <- "2"
	}
	return p
}

// webSocket serves one connection until the client ends it.
func (s *Server) webSocket(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	p := s.add()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case packet := <-p.out:
				_ = conn.WriteMessage(websocket.TextMessage, []byte(packet))
			}
		}
	}()
	for {
		_, packet, err := conn.ReadMessage()
		if err != nil {
			return
		}
		s.packet(p, string(packet))
	}
}

// poll serves one request of a polling connection.
func (s *Server) poll(w http.ResponseWriter, r *http.Request, sid string) {
	s.mu.Lock()
	p := s.bySID[sid]
	s.mu.Unlock()
	if p == nil {
		http.Error(w, `{"code":1,"message":"Session ID unknown"}`, http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		for packet := range strings.SplitSeq(string(body), "\x1e") {
			s.packet(p, packet)
		}
		_, _ = io.WriteString(w, "ok")
		return
	}
	select {
	case <-r.Context().Done():
	case packet := <-p.out:
		packets := []string{packet}
		for len(p.out) > 0 {
			packets = append(packets, <-p.out)
		}
		_, _ = io.WriteString(w, strings.Join(packets, "\x1e"))
	}
}

// packet handles one Engine.IO packet of a client.
func (s *Server) packet(p *peer, packet string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case packet == "3":
		s.pongs++
	case strings.HasPrefix(packet, "40"):
		var auth struct{ APIKey string }
		_ = json.Unmarshal([]byte(packet[2:]), &auth)
		if auth.APIKey != s.options.Key {
			p.out <- `44{"message":"Invalid or missing API Key"}`
			return
		}
		p.out <- `40{"sid":"` + p.sid + `"}`
		p.out <- `42["connection_established",{"socketId":"` + p.sid + `"}]`
	case strings.HasPrefix(packet, "42"):
		s.event(p, packet[2:])
	}
}

// payload is of a join or a send.
type payload struct {
	ChannelID string `json:"channelId"`
	ServerID  string `json:"serverId"`
	SenderID  string `json:"senderId"`
	Message   string `json:"message"`
	MessageID string `json:"messageId"`
}

// event handles an EVENT without its type digit: an optional ack number and a list.
func (s *Server) event(p *peer, event string) {
	list := strings.IndexByte(event, '[')
	id := event[:list]
	var args []json.RawMessage
	if json.Unmarshal([]byte(event[list:]), &args) != nil || len(args) < 2 {
		return
	}
	if string(args[0]) == `"messages:send"` {
		var body payload
		_ = json.Unmarshal(args[1], &body)
		s.send(p, body, id)
		return
	}
	if string(args[0]) == `"typing:set"` {
		s.typing(p, args[1], id)
		return
	}
	var message struct {
		Type    int
		Payload payload
	}
	_ = json.Unmarshal(args[1], &message)
	if message.Type == 2 {
		s.send(p, message.Payload, "")
		return
	}
	p.channel = message.Payload.ChannelID
	if !s.options.MuteJoin {
		p.out <- `42["channel_joined",{"channelId":"` + p.channel + `","roomId":"` + p.channel + `"}]`
		p.out <- `42["room_joined",{"channelId":"` + p.channel + `","roomId":"` + p.channel + `"}]`
	}
}

// typing tells the others of the channel, and acknowledges.
func (s *Server) typing(p *peer, body json.RawMessage, ack string) {
	for _, other := range s.peers {
		if other != p && other.channel == p.channel {
			other.out <- `42["typing",` + string(body) + `]`
		}
	}
	p.out <- `43` + ack + `[{"success":true,"data":{}}]`
}

// send broadcasts, echoes and acknowledges.
func (s *Server) send(p *peer, body payload, ack string) {
	if s.options.Refuse || body.ServerID == "" || body.SenderID == "" {
		if ack != "" {
			p.out <- `43` + ack + `[{"success":false,"error":{"code":"INVALID"}}]`
			return
		}
		p.out <- `42["messageError",{"error":"refused"}]`
		return
	}
	text, _ := json.Marshal(body.Message)
	for _, other := range s.peers {
		if other.channel != body.ChannelID {
			continue
		}
		packet := `42["messageBroadcast",{"id":"x","text":` + string(text) + `}]`
		if other == p {
			packet = `42["messageBroadcast",{"id":"x","text":` + string(text) + `,"clientMessageId":"` + body.MessageID + `"}]`
		}
		packets := []string{packet}
		if s.options.Deliver != nil {
			packets = s.options.Deliver(other.number, packet)
		}
		for _, one := range packets {
			other.out <- one
		}
	}
	switch {
	case s.options.NoAck:
	case ack != "":
		p.out <- `43` + ack + `[{"success":true,"data":{}}]`
	default:
		p.out <- `42["messageAck",{"clientMessageId":"` + body.MessageID + `","messageId":"x"}]`
	}
}
