package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/cmd/internal/tracing/tracingtest"
	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
)

// What a client tells of its own traces.
const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	callersSpan  = "b7ad6b7169203331"
	traceparent  = "00-" + callersTrace + "-" + callersSpan + "-01"
)

// The secrets and texts that no span may hold.
const (
	tracedKey    = "the-key-of-the-traced-server"
	collectorKey = "the-key-of-the-collector"
	restText     = "I feel like a lighthouse in Reykjavik"
	socketText   = "I feel like a piano in Montevideo"
)

// startTraced runs the program with a collector.
func startTraced(t *testing.T) (*cluster, *tracingtest.Collector) {
	t.Helper()
	collector := tracingtest.New()
	t.Cleanup(collector.Close)
	return one.start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key="+collectorKey,
		"OTEL_SERVICE_NAME=chat", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test", "LOG_LEVEL=debug",
		"ELIZA_SERVER_AUTH_TOKEN="+tracedKey), collector
}

// keyed posts something with the server key and with headers, and decodes the data of the answer.
func (c *cluster) keyed(t *testing.T, path string, header http.Header, body map[string]any, out any) {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+path, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", tracedKey)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	envelope := struct {
		Success bool
		Data    any
	}{Data: out}
	if err := json.NewDecoder(reply.Body).Decode(&envelope); err != nil || !envelope.Success {
		t.Fatalf("%s: %d %v", path, reply.StatusCode, err)
	}
}

// spans are what a collector got, to be looked up.
type spans []tracingtest.Span

// find returns the span of a name with an attribute, or with any if key is "".
func (s spans) find(name, key, value string) (tracingtest.Span, error) {
	for _, span := range s {
		if span.Name == name && (key == "" || span.Attributes[key] == value) {
			return span, nil
		}
	}
	return tracingtest.Span{}, fmt.Errorf("no span %s with %s %s", name, key, value)
}

// below returns the span of a name whose parent is another one.
func (s spans) below(parent tracingtest.Span, name string) (tracingtest.Span, error) {
	for _, span := range s {
		if span.Name == name && span.Parent == parent.ID && span.Trace == parent.Trace {
			return span, nil
		}
	}
	return tracingtest.Span{}, fmt.Errorf("no span %s below %s", name, parent.Name)
}

// chain follows names downwards and returns the last span.
func (s spans) chain(from tracingtest.Span, names ...string) (tracingtest.Span, error) {
	for _, name := range names {
		next, err := s.below(from, name)
		if err != nil {
			return from, err
		}
		from = next
	}
	return from, nil
}

// links reports whether a span names another one.
func links(from, to tracingtest.Span) bool {
	for _, l := range from.Links {
		if l.Trace == to.Trace && l.ID == to.ID {
			return true
		}
	}
	return false
}

// way checks the way of one message, from the operation that posted it to its answer.
func (s spans) way(message string, operation tracingtest.Span) error {
	first, err := s.find("message", "parley.message", message)
	turn, err2 := s.find("turn", "parley.message", message)
	reply, err3 := s.below(turn, "reply")
	answer, err4 := s.find("message", "parley.message", reply.Attributes["parley.message"])
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return err
	}
	for _, c := range []struct {
		from  tracingtest.Span
		names []string
	}{
		{operation, []string{"store append"}}, {operation, []string{"announce"}}, {first, []string{"turn", "store take turn"}},
		{turn, []string{"model reply"}}, {turn, []string{"store commit outcome"}}, {turn, []string{"reply", "store append"}},
		{turn, []string{"reply", "announce"}}, {turn, []string{"store finish turn"}}, {turn, []string{"store finish duty"}},
	} {
		if _, err := s.chain(c.from, c.names...); err != nil {
			return err
		}
	}
	switch {
	case first.Parent != "" || first.Trace == operation.Trace:
		return errors.New("the message has no trace of its own")
	case !links(first, operation) || !links(operation, first):
		return errors.New("the traces of the message and of what posted it do not name one another")
	case !links(answer, reply) || !links(reply, answer):
		return errors.New("the traces of the answer and of the turn do not name one another")
	case turn.Attributes["parley.result"] != "answered" || turn.Attributes["parley.agent"] != eliza || turn.Kind != "SPAN_KIND_CONSUMER":
		return fmt.Errorf("the turn is told as %+v", turn)
	}
	return nil
}

func TestTheWholeWayOfAMessageIsTraced(t *testing.T) {
	p, collector := startTraced(t)
	user := "aaaaaaaa-2222-4222-8222-222222222222"
	var channel, posted struct{ ID string }
	p.keyed(t, "/api/messaging/central-channels", http.Header{}, map[string]any{"name": "Traced", "server_id": defaultServer, "type": "DM",
		"participantCentralUserIds": []string{user, eliza}, "metadata": map[string]any{"isDm": true}}, &channel)
	messages := "/api/messaging/central-channels/" + channel.ID + "/messages"
	p.keyed(t, messages, http.Header{"Traceparent": {traceparent}}, map[string]any{
		"author_id": user, "server_id": defaultServer, "content": restText, "source_type": "client_chat"}, &posted)

	client, err := realtimetest.NewDialer(t, declared(t)).Dial(p.url, siotest.Options{Auth: map[string]any{"apiKey": tracedKey, "entityId": user, "traceparent": traceparent}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var sent struct{ Data struct{ ID string } }
	for _, payload := range []map[string]any{
		{"channelId": channel.ID, "serverId": defaultServer, "message": socketText, "source": "client_chat"},
		{"channelId": channel.ID, "serverId": defaultServer, "message": socketText, "source": "client_chat", "traceparent": traceparent},
	} {
		answer, err := client.EmitAck(time.Minute, "messages:send", payload)
		if err == nil {
			err = json.Unmarshal(answer.Args[0], &sent)
		}
		if err != nil || sent.Data.ID == "" {
			t.Fatalf("%s %v", answer.Args, err)
		}
	}
	if _, err := client.EmitAck(time.Minute, "messages:send", map[string]any{"channelId": channel.ID, "message": ""}); err != nil {
		t.Fatal(err)
	}

	var got spans
	eventually(t, "the collector has the way of both messages", func() error {
		got = collector.Spans()
		request, err := got.find("POST /api/messaging/central-channels/:channelId/messages", "", "")
		event, err2 := got.below(tracingtest.Span{Trace: callersTrace, ID: callersSpan}, "event messages:send")
		ofRequest, err3 := got.below(request, "messages:send")
		ofEvent, err4 := got.below(event, "messages:send")
		if err := errors.Join(err, err2, err3, err4); err != nil {
			return err
		}
		if request.Trace != callersTrace || request.Parent != callersSpan || request.Attributes["http.response.status_code"] != "201" {
			return fmt.Errorf("the request is told as %+v", request)
		}
		return errors.Join(got.way(posted.ID, ofRequest), got.way(sent.Data.ID, ofEvent))
	})
	got.checkSockets(t)
	got.checkSecrecy(t, p.log())
	for _, h := range collector.Headers() {
		if h.Get("Api-Key") != collectorKey {
			t.Error("the collector's key was not sent along")
		}
	}
	if !strings.Contains(p.log(), `"trace_id":"`+callersTrace+`"`) {
		t.Error("no line of the log names the caller's trace")
	}
}

// checkSockets checks what is told of a handshake, of an event without a parent and of one
// that is refused.
func (s spans) checkSockets(t *testing.T) {
	t.Helper()
	if _, err := s.below(tracingtest.Span{Trace: callersTrace, ID: callersSpan}, "connect"); err != nil {
		t.Error(err)
	}
	alone, refused := 0, 0
	for _, span := range s {
		if span.Name != "event messages:send" {
			continue
		}
		if !links(span, tracingtest.Span{Trace: callersTrace, ID: callersSpan}) {
			t.Errorf("an event does not name what the handshake told: %+v", span)
		}
		if span.Parent == "" && span.Trace != callersTrace {
			alone++
		}
		if span.Attributes["error.type"] == "invalid" && !span.Failed {
			refused++
		}
	}
	if alone != 2 || refused != 1 {
		t.Errorf("%d events without a parent, %d refused", alone, refused)
	}
}

// checkSecrecy checks that no span holds a credential or what somebody wrote, and that each
// says which server it is of.
func (s spans) checkSecrecy(t *testing.T, log string) {
	t.Helper()
	for _, span := range s {
		told := fmt.Sprintf("%+v", span)
		for _, secret := range []string{tracedKey, collectorKey, "lighthouse", "Reykjavik", "piano", "Montevideo"} {
			if strings.Contains(told, secret) {
				t.Errorf("%s is in %s", secret, told)
			}
		}
		if span.Resource["service.name"] != "chat" || span.Resource["deployment.environment.name"] != "test" || span.Resource["service.instance.id"] == "" {
			t.Errorf("a span of nobody: %v", span.Resource)
		}
	}
	if strings.Contains(log, collectorKey) {
		t.Error("the collector's key is in the log")
	}
}

func TestAStopSendsTheTracesThatWait(t *testing.T) {
	p, collector := startTraced(t)
	p.keyed(t, "/api/messaging/central-channels", http.Header{}, map[string]any{"name": "Last", "server_id": defaultServer, "type": "GROUP", "participantCentralUserIds": []string{eliza}}, nil)
	if err := p.terminate(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := spans(collector.Spans()).find("channels:create", "", ""); err != nil {
		t.Error(err)
	}
}

// TestATurnAfterARestartIsInTheTraceOfItsMessage kills the server while an agent thinks: the
// next one knows of the message only what is stored.
func TestATurnAfterARestartIsInTheTraceOfItsMessage(t *testing.T) {
	collector := tracingtest.New()
	t.Cleanup(collector.Close)
	p := one.start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "PARLEY_BUILTIN_PACE=1s")
	k := newTalkers(t, p, 1)[0]
	var a acked
	if err := p.call(t.Context(), http.MethodPost, "/api/messaging/central-channels/"+k.channel+"/messages", map[string]any{
		"author_id": k.user, "server_id": defaultServer, "content": restText, "source_type": "client_chat"}, &a); err != nil {
		t.Fatal(err)
	}
	var first tracingtest.Span
	eventually(t, "the message is traced", func() (err error) {
		first, err = spans(collector.Spans()).find("message", "parley.message", a.ID)
		return err
	})
	if _, err := spans(collector.Spans()).find("turn", "", ""); err == nil {
		t.Fatal("the turn has ended already")
	}
	p.kill()
	p.replicas[0].env = append(p.replicas[0].env, "PARLEY_BUILTIN_PACE=0")
	p.launch()
	eventually(t, "the turn is traced below the message", func() error {
		_, err := spans(collector.Spans()).below(first, "turn")
		return err
	})
}

func TestADeadCollectorSlowsNothingAndIsToldOfOnce(t *testing.T) {
	p, collector := startTraced(t)
	collector.Answer(http.StatusServiceUnavailable)
	create := func() {
		p.keyed(t, "/api/messaging/central-channels", http.Header{}, map[string]any{"name": "Many", "server_id": defaultServer, "type": "GROUP", "participantCentralUserIds": []string{eliza}}, nil)
	}
	for batch := 1; batch <= 3; batch++ {
		create()
		eventually(t, "a batch is refused", func() error {
			if collector.Requests() < batch {
				return errors.New("none yet")
			}
			return nil
		})
	}
	collector.Close() // now nobody listens
	for range 20 {
		create()
	}
	began := time.Now()
	if err := p.terminate(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	t.Logf("the stop took %v", time.Since(began))
	if n := strings.Count(p.log(), "traces cannot be sent"); n != 1 {
		t.Errorf("the log was told %d times", n)
	}
	if strings.Contains(p.log(), collectorKey) {
		t.Error("the collector's key is in the log")
	}
}
