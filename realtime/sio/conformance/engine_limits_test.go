package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"
)

// maxPayload is the largest payload of every server under test.
const maxPayload = 1_000_000

// isUnknownSession reports whether a refusal says that the session is not known.
func isUnknownSession(body string) bool {
	var reason struct {
		Code int `json:"code"`
	}
	return json.Unmarshal([]byte(body), &reason) == nil && reason.Code == unknownSession
}

func TestSecondPostAtATimeEndsTheSession(t *testing.T) {
	t.Parallel()
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		session := openPolling(t, s)
		body, first := postSlowly(t, session)
		second := session.post("3")
		if second.status != http.StatusBadRequest {
			t.Errorf("the second POST got %d %v, want 400", second.status, second.err)
		}
		_ = body.Close()
		if answer := <-first; answer.status == http.StatusOK {
			t.Error("the first POST got 200, though its session is closed")
		}
		session.expectClosed()
	})
}

// postSlowly begins a POST, waits until the server reads its body, and hands over the
// rest of the body and the reply. The server says that it reads by "100 Continue".
func postSlowly(t *testing.T, session *pollingPeer) (io.Closer, <-chan reply) {
	t.Helper()
	reading := make(chan struct{})
	trace := &httptrace.ClientTrace{Got100Continue: func() { close(reading) }}
	body, rest := io.Pipe()
	t.Cleanup(func() { _ = rest.CloseWithError(errors.New("the test is over")) })
	ctx := httptrace.WithClientTrace(t.Context(), trace)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, session.server.base+"?"+session.query(), body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Expect", "100-continue")
	answers := make(chan reply, 1)
	go func() { answers <- session.server.do(request) }()
	<-reading
	if _, err := rest.Write([]byte("4fir")); err != nil {
		t.Fatalf("write the body: %v", err)
	}
	return rest, answers
}

func TestPostMayArriveInPieces(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	session := openPolling(t, s)
	body, answers := postSlowly(t, session)
	writer, ok := body.(io.Writer)
	if !ok {
		t.Fatal("the body takes no writes")
	}
	if _, err := writer.Write([]byte("st€\x1ebAQID")); err != nil {
		t.Fatal(err)
	}
	_ = body.Close()
	if answer := <-answers; answer.status != http.StatusOK {
		t.Fatalf("got %d %v, want 200", answer.status, answer.err)
	}
	expect(t, session, "4first€", "bAQID")
}

func TestAbandonedPollEndsTheSession(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, unpinged())
	session := openPolling(t, s)
	ctx, abandon := context.WithCancel(t.Context())
	sent := make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace),
		http.MethodGet, s.base+"?"+session.query(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan reply, 1)
	go func() { answers <- s.do(request) }()
	<-sent
	abandon()
	<-answers
	session.expectClosed()
}

func TestAbandonedPostEndsTheSession(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	session := openPolling(t, s)
	body, answers := postSlowly(t, session)
	if pipe, ok := body.(*io.PipeWriter); ok {
		_ = pipe.CloseWithError(errors.New("cable cut"))
	}
	<-answers
	session.expectClosed()
}

func TestPayloadMayBeAsLargeAsAnnounced(t *testing.T) {
	t.Parallel()
	largest := "4" + strings.Repeat("x", maxPayload-1)
	onEachTransport(t, startEngineIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := open(t)
		expectEcho(t, p, largest)
		expectEcho(t, p, "4and on")
	})
}

func TestPayloadAboveTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	tooLarge := "4" + strings.Repeat("x", maxPayload)
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		t.Run("POST with a length", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			expectTooLarge(t, session, session.post(tooLarge))
		})
		t.Run("chunked POST without a length", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			body := io.MultiReader(strings.NewReader(tooLarge)) // hides the length
			answer := s.requestWith(t, http.MethodPost, session.query(), body, nil)
			expectTooLarge(t, session, answer)
		})
		t.Run("many packets which are small by themselves", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			packets := strings.Repeat("4x\x1e", maxPayload/3) + "4x"
			expectTooLarge(t, session, session.post(packets))
		})
		for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
			name := map[int]string{websocket.TextMessage: "text", websocket.BinaryMessage: "binary"}[kind]
			t.Run("WebSocket message, "+name, func(t *testing.T) {
				t.Parallel()
				socket := openWebSocket(t, s)
				_ = socket.write(kind, []byte(tooLarge)) // may be cut while writing
				socket.expectClosed()
			})
		}
		t.Run("fragmented WebSocket message", func(t *testing.T) {
			t.Parallel()
			socket := openWebSocket(t, s)
			_ = socket.fragments(tooLarge) // may be cut while writing
			socket.expectClosed()
		})
	})
}

// expectTooLarge fails unless a POST was refused and none of it was handled. The
// session may live on: the reference keeps it.
func expectTooLarge(t *testing.T, session *pollingPeer, answer reply) {
	t.Helper()
	switch answer.status {
	case 0, http.StatusRequestEntityTooLarge, http.StatusBadRequest:
	default:
		t.Fatalf("status %d %q, want 413", answer.status, answer.body)
	}
	next := session.get()
	for _, packet := range strings.Split(next.body, separator) {
		if next.status == http.StatusOK && packet != "1" && packet != "2" && packet != "6" {
			t.Errorf("got %s for a payload that was refused", brief(packet))
		}
	}
}

func TestPollingBodyWithoutEndIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	if !s.strict {
		return // the reference reads on and throws the bytes away
	}
	session := openPolling(t, s)
	body := &endless{left: hugeBody}
	_ = s.requestWith(t, http.MethodPost, session.query(), body, nil)
	if taken := body.taken.Load(); taken > hugeBody/8 {
		t.Errorf("the server took %d bytes of a body whose limit is %d", taken, maxPayload)
	}
}

// hugeBody is the length of a body that nobody should read to its end.
const hugeBody = 200 << 20

// endless is a body of many bytes. The client may still read it when the reply is
// there, hence the atomic counter.
type endless struct {
	left  int
	taken atomic.Int64
}

// Read gives the letter x until nothing is left.
func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = 'x'
	}
	e.left -= n
	e.taken.Add(int64(n))
	return n, nil
}
