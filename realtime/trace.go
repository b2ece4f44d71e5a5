package realtime

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/trace"
	"parley/realtime/sio"
)

// traceparent is the field of a payload, the header and the field of the auth payload in
// which a client tells the W3C span that its event belongs to.
const traceparent = "traceparent"

// trace begins the span of an event that an operation answers; it ends after done. Its
// parent is what the payload tells. What the handshake told led to it without waiting: a
// connection may last for days.
func (s *session) trace(ctx context.Context, o *op.Op, e *sio.Event, body json.RawMessage,
	done func(any, *domain.Error)) (context.Context, func(any, *domain.Error)) {
	if s.gateway.opts.Tracer == nil || !o.Traced() {
		return ctx, done
	}
	ctx, span := trace.Begin(ctx, s.gateway.opts.Tracer,
		trace.Beginning{Name: "event " + e.Name, Kind: trace.Server, Parent: parentOf(body), Link: toldAt(s.socket.Handshake())},
		trace.Text("parley.socket", s.socket.ID()), trace.Text("parley.event", e.Name))
	return ctx, func(res any, failure *domain.Error) {
		done(res, failure)
		if failure != nil {
			span.End(failure)
			return
		}
		span.End(nil)
	}
}

// traceConnect begins the span in which a caller is recognised, below what the handshake tells.
func (g *Gateway) traceConnect(ctx context.Context, h sio.Handshake) (context.Context, trace.Span) {
	if g.opts.Tracer == nil {
		return ctx, trace.Span{}
	}
	return trace.Begin(ctx, g.opts.Tracer, trace.Beginning{Name: "connect", Kind: trace.Server, Parent: toldAt(h)})
}

// traceReceive begins the span of a message's event that another replica has published. The
// packet names the message, and with it the trace.
func (g *Gateway) traceReceive(p sio.RemotePacket, channel string, number int64) trace.Span {
	if g.opts.Tracer == nil {
		return trace.Span{}
	}
	var told struct {
		ID        domain.MessageID `json:"id"`
		MessageID domain.MessageID `json:"messageId"` // of a deletion
	}
	if !argument(p.Packet, &told) || told.ID == "" && told.MessageID == "" {
		return trace.Span{} // a clear is about no message
	}
	_, span := trace.InMessage(context.Background(), g.opts.Tracer, cmp.Or(told.ID, told.MessageID), "fan-out receive", trace.Consumer,
		trace.Text("parley.channel", channel), trace.Number("parley.rev", number), trace.Text("parley.event", p.Event), trace.Text("parley.from", p.UID))
	return span
}

// parentOf is the traceparent of a payload, "" if it has none.
func parentOf(body json.RawMessage) string {
	if !bytes.Contains(body, []byte(`"`+traceparent+`"`)) {
		return ""
	}
	var told struct {
		Traceparent string `json:"traceparent"`
	}
	_ = json.Unmarshal(body, &told) // what is malformed is told by the operation
	return told.Traceparent
}

// toldAt is the traceparent of a handshake, "" if it has none.
func toldAt(h sio.Handshake) string {
	if told, ok := h.Auth[traceparent].(string); ok {
		return told
	}
	return h.Header.Get(traceparent)
}
