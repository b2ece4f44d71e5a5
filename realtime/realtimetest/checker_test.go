package realtimetest_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/documents/documentstest"
	"parley/domain/op"
	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
)

// told is the payload of an event.
type told struct {
	ThingID domain.ChannelID `json:"thingId"`
	Count   int              `json:"count"`
}

// registry adds to things:get a second event, one of a client's that is no operation, and
// events of the server's.
func registry() *op.Registry {
	r := documentstest.Things()
	r.Describe(op.Event{Name: "7", Help: "Gets a thing.", Direction: op.ToServer, Operation: "things:get"},
		op.Event{Name: "hello", Help: "Says hello.", Direction: op.ToServer},
		op.Event{Name: "thingSeen", Help: "A thing was seen.", Payload: reflect.TypeFor[told]()},
		op.Event{Name: "warned", Help: "Warns.", Payload: reflect.TypeFor[string]()})
	return r
}

// newChecker is a checker for the registry.
func newChecker(t *testing.T) *realtimetest.Checker {
	t.Helper()
	checker, err := realtimetest.NewChecker(registry())
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

// event is one of a name with arguments.
func event(name string, args ...string) siotest.Event {
	e := siotest.Event{Name: name}
	for _, arg := range args {
		e.Args = append(e.Args, json.RawMessage(arg))
	}
	return e
}

// wants fails the test unless a fault says want, or there is none if want is "".
func wants(t *testing.T, f *documentstest.Fault, want string) {
	t.Helper()
	text := ""
	if f != nil {
		text = f.Error()
	}
	if (want == "") != (text == "") || !strings.Contains(text, want) {
		t.Errorf("reported %q, want %q", text, want)
	}
}

const id = `"11111111-1111-4111-8111-111111111111"`

func TestTheCheckerFindsAcknowledgementsThatTheDocumentDoesNotSay(t *testing.T) {
	checker := newChecker(t)
	const good, failure = `{"success":true,"data":{"id":` + id + `,"names":["a"]}}`, `{"success":false,"error":{"code":"INVALID_ID","message":"no"}}`
	for name, c := range map[string]struct {
		event string
		args  []string
		want  string // "" is no fault
	}{
		"a good answer":                   {"things:get", []string{good}, ""},
		"a good answer by a second name":  {"get thing", []string{good}, ""},
		"a good answer to an event":       {"7", []string{good}, ""},
		"any answer to an event":          {"hello", []string{`{"success":true,"data":1}`}, ""},
		"a failure":                       {"things:get", []string{failure}, ""},
		"a failure of an unknown event":   {"nobody:knows", []string{failure}, ""},
		"a success of an unknown event":   {"nobody:knows", []string{good}, "nobody:knows"},
		"an event of the server's":        {"thingSeen", []string{good}, "thingSeen"},
		"no answer":                       {"things:get", nil, "0 arguments"},
		"two answers":                     {"things:get", []string{good, good}, "2 arguments"},
		"null":                            {"things:get", []string{"null"}, "null"},
		"no envelope":                     {"things:get", []string{`{"id":` + id + `,"names":[]}`}, "success"},
		"a success without data":          {"7", []string{`{"success":true}`}, "data"},
		"a success without data of any":   {"hello", []string{`{"success":true}`}, "data"},
		"a list that is null":             {"7", []string{`{"success":true,"data":{"id":` + id + `,"names":null}}`}, "null"},
		"an id that is none":              {"get thing", []string{`{"success":true,"data":{"id":"","names":[]}}`}, "uuid"},
		"a field that is missing":         {"things:get", []string{`{"success":true,"data":{"names":[]}}`}, "id"},
		"a field too many":                {"things:get", []string{`{"success":true,"data":{"id":` + id + `,"names":[],"extra":1}}`}, "extra"},
		"a field too many in the ack":     {"things:get", []string{`{"success":true,"data":{"id":` + id + `,"names":[]},"extra":1}`}, "extra"},
		"an error that is no object":      {"things:get", []string{`{"success":false,"error":"no"}`}, "error"},
		"an error without a code":         {"things:get", []string{`{"success":false,"error":{"message":"no"}}`}, "code"},
		"a field too many in the error":   {"things:get", []string{`{"success":false,"error":{"code":"X","message":"no","stack":"x"}}`}, "stack"},
		"an unknown event's wrong answer": {"nobody:knows", []string{`{"success":false,"error":"no"}`}, "error"},
	} {
		t.Run(name, func(t *testing.T) { wants(t, checker.Ack(c.event, event("", c.args...)), c.want) })
	}
}

func TestTheCheckerFindsEventsThatTheDocumentDoesNotSay(t *testing.T) {
	checker := newChecker(t)
	const good, place = `{"thingId":` + id + `,"count":1}`, `"11111111-1111-4111-8111-111111111111:7"`
	for name, c := range map[string]struct {
		heard siotest.Event
		want  string // "" is no fault
	}{
		"a good event":                   {event("thingSeen", good), ""},
		"a good event with its place":    {event("thingSeen", good, place), ""},
		"a good event that begins":       {event("thingSeen", good, `"-"`), ""},
		"a text":                         {event("warned", `"x"`), ""},
		"a text that is an object":       {event("warned", good), "string"},
		"a name that is not there":       {event("thingHeard", good), "does not have it"},
		"an event of clients'":           {event("hello", good), "does not have it"},
		"an operation":                   {event("things:get", good), "does not have it"},
		"no payload":                     {event("thingSeen"), "no payload"},
		"null":                           {event("thingSeen", "null"), "null"},
		"a place that is none":           {event("thingSeen", good, `"11111111:7"`), "no offset"},
		"a second payload":               {event("thingSeen", good, good), "no offset"},
		"three arguments":                {event("thingSeen", good, place, place), "no offset"},
		"a field that is missing":        {event("thingSeen", `{"thingId":`+id+`}`), "count"},
		"a field of a wrong type":        {event("thingSeen", `{"thingId":`+id+`,"count":"1"}`), "count"},
		"a field too many":               {event("thingSeen", `{"thingId":`+id+`,"count":1,"extra":1}`), "extra"},
		"an id that is none":             {event("thingSeen", `{"thingId":"x","count":1}`), "uuid"},
		"attachments that no schema has": {siotest.Event{Name: "thingSeen", Args: event("", good).Args, Binary: [][]byte{{1}}}, "attachments"},
	} {
		t.Run(name, func(t *testing.T) { wants(t, checker.Event(c.heard), c.want) })
	}
}
