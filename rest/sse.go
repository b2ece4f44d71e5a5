package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/quota"
)

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream"

// heartbeat is how often a stream says that it lives.
const heartbeat = 15 * time.Second

// sendTimeout is how long a stream waits for a caller to take an event.
const sendTimeout = 10 * time.Second

// maxStreams bounds the streams that one address has open.
const maxStreams = 20

// streamCounts counts the open streams per caller. It is safe for concurrent use.
type streamCounts struct {
	mu   sync.Mutex
	open map[string]int
}

// take reserves a stream and reports whether the caller may have one more.
func (s *streamCounts) take(caller string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[caller] >= maxStreams {
		return false
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.open[caller]++
	return true
}

// give returns what take has reserved.
func (s *streamCounts) give(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[caller]--; s.open[caller] <= 0 {
		delete(s.open, caller)
	}
}

// acceptsEvents reports whether the caller asks for server-sent events.
func acceptsEvents(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), eventStream)
}

// stream answers a request as a stream of events if it asks for one, and reports whether
// it has answered.
func (d *door) stream(c *gin.Context, o *op.Op, actor domain.Actor, in op.Input) bool {
	if !o.Streams() {
		return false
	}
	if last := c.GetHeader("Last-Event-ID"); last != "" && len(last) <= 256 {
		in.Query.Set("lastEventId", last)
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	if !actor.Expires.IsZero() {
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, actor.Expires)
		defer end()
	}
	if d.opts.Draining != nil {
		defer context.AfterFunc(d.opts.Draining, cancel)()
	}
	caller := quota.Network(actor.Remote)
	out := &events{door: d, c: c, cancel: cancel, admit: func() error {
		if !d.streams.take(caller) {
			return &domain.Error{Code: domain.RateLimited, Message: "Too many event streams are open from this address", RetryAfter: time.Minute}
		}
		return nil
	}}
	streamed, failure := o.Stream(ctx, actor, in, acceptsEvents(c.Request), out)
	if out.begun {
		out.end(failure)
		d.streams.give(caller)
		return true
	}
	if streamed && failure != nil {
		d.answer(c, o, nil, failure)
	}
	return streamed
}

// events writes the events of a stream; it is an op.Sink. The first one begins the reply,
// so that a failure before it has a status of its own.
type events struct {
	door   *door
	c      *gin.Context
	cancel context.CancelFunc
	// admit refuses a stream too many.
	admit func() error

	mu      sync.Mutex
	begun   bool
	broken  bool
	stopped chan struct{}
	beating sync.WaitGroup
}

// Send hands out an event; see op.Sink.
func (e *events) Send(event, id string, data any) error {
	body, err := domain.PlainJSON(data)
	if err != nil {
		return err
	}
	var b strings.Builder
	if id != "" && !strings.ContainsAny(id, "\r\n\x00") {
		b.WriteString("id: " + id + "\n")
	}
	b.WriteString("event: " + event + "\ndata: ")
	b.Write(body) // JSON on one line
	b.WriteString("\n\n")
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		if err := e.begin(); err != nil {
			return err
		}
	}
	return e.write(b.String())
}

// begin sends the head of the reply and starts the heartbeat. The caller holds the lock.
func (e *events) begin() error {
	if err := e.admit(); err != nil {
		return err
	}
	header := e.c.Writer.Header()
	header.Set("Content-Type", eventStream)
	header.Set("Content-Security-Policy", dataPolicy)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // a proxy must hand each event on at once
	e.c.Status(http.StatusOK)
	e.begun, e.stopped = true, make(chan struct{})
	e.beating.Go(e.beat)
	return nil
}

// write puts text on the wire, within sendTimeout. The caller holds the lock.
func (e *events) write(text string) error {
	if e.broken {
		return errors.New("the caller has gone")
	}
	control := http.NewResponseController(e.c.Writer)
	err := control.SetWriteDeadline(time.Now().Add(sendTimeout))
	if errors.Is(err, http.ErrNotSupported) {
		err = nil
	}
	if err == nil {
		_, err = e.c.Writer.WriteString(text)
	}
	if err == nil {
		err = control.Flush()
	}
	if err != nil {
		e.broken = true
		e.cancel()
	}
	return err
}

// beat sends a comment now and then, so that nobody on the way takes the stream for dead.
func (e *events) beat() {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-e.stopped:
			return
		case <-ticker.C:
			e.mu.Lock()
			_ = e.write(": still here\n\n") // a failure ends the stream by itself
			e.mu.Unlock()
		}
	}
}

// end stops the heartbeat and tells why the stream ends, if that was a fault of the server's.
func (e *events) end(failure *domain.Error) {
	close(e.stopped)
	e.beating.Wait()
	if failure != nil && failure.Code != domain.Canceled {
		_ = e.Send("error", "", map[string]any{"type": "error", "error": failure.Message, "text": failure.Message,
			"code": failure.WireCode()})
	}
	control := http.NewResponseController(e.c.Writer)
	_ = control.SetWriteDeadline(time.Time{}) // the connection goes on
}
