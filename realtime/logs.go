package realtime

import (
	"context"
	"encoding/json"
	"sync"

	"parley/domain"
	"parley/domain/system"
	"parley/realtime/sio"
)

// logBuffer is how many log entries may wait for delivery; more are dropped.
const logBuffer = 256

// logSubscribers are the sockets that watch the server's log.
type logSubscribers struct {
	source *system.Logs

	mu      sync.Mutex
	filters map[*session]system.Filter
	// release ends that the lines of other replicas are wanted too.
	release func()
}

// set notes the filter of a subscriber, old or new.
func (l *logSubscribers) set(s *session, f system.Filter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.filters == nil {
		l.filters = map[*session]system.Filter{}
	}
	if len(l.filters) == 0 {
		l.release = l.source.Want()
	}
	l.filters[s] = f
}

// get returns the filter of a subscriber.
func (l *logSubscribers) get(s *session) (system.Filter, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.filters[s]
	return f, ok
}

// remove ends a subscription, if there is one.
func (l *logSubscribers) remove(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, was := l.filters[s]; !was {
		return
	}
	if delete(l.filters, s); len(l.filters) == 0 {
		l.release()
	}
}

// matching returns the subscribers whose filter lets e pass.
func (l *logSubscribers) matching(e system.Entry) []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*session
	for s, f := range l.filters {
		if f.Match(e) {
			out = append(out, s)
		}
	}
	return out
}

// logEvent is the payload of log_stream.
type logEvent struct {
	Type    string       `json:"type"`
	Payload system.Entry `json:"payload"`
}

// streamLogs hands entries to their subscribers until ctx ends. It never logs, so
// that the stream cannot feed itself.
func (g *Gateway) streamLogs(ctx context.Context) error {
	entries, cancel := g.opts.Logs.Subscribe(logBuffer)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-entries:
			g.tellLog(e)
		}
	}
}

// tellLog sends one entry, encoded once, to all whose filter lets it pass, and once more as
// the event of the published interface, if that is asked for.
func (g *Gateway) tellLog(e system.Entry) {
	watchers := g.logs.matching(e)
	if len(watchers) == 0 {
		return
	}
	packet, err := sio.EncodeEvent("/", "log_stream", logEvent{Type: "log_entry", Payload: e})
	if err != nil {
		return
	}
	for _, s := range watchers {
		s.socket.Send(packet)
	}
	if !g.opts.LegacyLogEvents {
		return
	}
	if packet, err = sio.EncodeEvent("/", "logEntry", e); err != nil {
		return
	}
	for _, s := range watchers {
		s.socket.Send(packet)
	}
}

// logSubscription answers subscribe_logs and unsubscribe_logs.
type logSubscription struct {
	Subscribed bool   `json:"subscribed"`
	Message    string `json:"message"`
}

// logFilters answers update_log_filters.
type logFilters struct {
	Success bool           `json:"success"`
	Filters *system.Filter `json:"filters,omitempty"`
	Error   string         `json:"error,omitempty"`
}

// onSubscribeLogs begins to send the log, without filters.
func (s *session) onSubscribeLogs(_ json.RawMessage, e *sio.Event) {
	if s.actor.Role != domain.Admin {
		s.fail(nil, e, domain.Errorf(domain.Forbidden, "The log is for administrators"))
		return
	}
	s.gateway.logs.set(s, system.Filter{})
	s.tell(e, "log_subscription_confirmed", logSubscription{Subscribed: true, Message: "Successfully subscribed to log stream"})
}

// onUnsubscribeLogs ends it.
func (s *session) onUnsubscribeLogs(_ json.RawMessage, e *sio.Event) {
	s.gateway.logs.remove(s)
	s.tell(e, "log_subscription_confirmed", logSubscription{Message: "Successfully unsubscribed from log stream"})
}

// onLogFilters merges new filters into those of the subscription.
func (s *session) onLogFilters(body json.RawMessage, e *sio.Event) {
	filter, ok := s.gateway.logs.get(s)
	switch {
	case !ok:
		s.refuseFilters(e, domain.Errorf(domain.Conflict, "Not subscribed to log stream"))
	case !isObject(body), json.Unmarshal(body, &filter) != nil:
		s.refuseFilters(e, domain.Errorf(domain.Invalid, "Filters must be an object {agentName?, level?}"))
	default:
		s.gateway.logs.set(s, filter)
		s.tell(e, "log_filters_updated", logFilters{Success: true, Filters: &filter})
	}
}

// refuseFilters says in both ways why filters stay as they are.
func (s *session) refuseFilters(e *sio.Event, failure *domain.Error) {
	s.emit("log_filters_updated", logFilters{Error: failure.Message})
	s.failAck(e, failure)
}

// tell answers with an event, and with the ack if one is wanted.
func (s *session) tell(e *sio.Event, event string, answer any) {
	s.emit(event, answer)
	s.ack(e, answer)
}
