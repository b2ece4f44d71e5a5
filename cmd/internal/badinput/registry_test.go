package badinput_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

// tester sends trials to one server and gathers what is wrong with the answers.
type tester struct {
	*server
	socket  *siotest.Client
	excuses *excuses
	faults  map[string][]string // by operation
	// tried counts the trials, count the requests.
	tried, count int
}

// TestEveryOperationRefusesBadInput sends what must be refused first, when nothing works in
// the background and any change is a fault, and then what may be right.
func TestEveryOperationRefusesBadInput(t *testing.T) {
	s := serve(t)
	x := &tester{server: s, socket: s.dial(), excuses: &excuses{used: map[string]bool{}}, faults: map[string][]string{}}
	s.quiet()
	before := s.state()
	for _, o := range s.Registry().Ops() {
		for _, tr := range slices.Concat(trialsOf(t, o), aliased(t, o)) {
			if tr.strict() && tr.kind != unknownID {
				x.try(tr)
			}
		}
		if after := s.state(); len(changes(before, after)) > 0 {
			x.fault(o, "what was refused has changed %v", changes(before, after))
			before = after
		}
	}
	x.fill(t)
	for _, o := range s.Registry().Ops() {
		if skipped[o.Name] != "" {
			continue
		}
		for _, tr := range trialsOf(t, o) {
			if !tr.strict() || tr.kind == unknownID {
				x.try(tr)
			}
		}
	}
	x.report(t)
	if !underRace {
		x.excuses.unused(t, s)
	}
	t.Logf("%d requests", x.count)
}

// fill puts something into the channel of the examples, for odd requests to find.
func (x *tester) fill(t *testing.T) {
	t.Helper()
	for _, name := range []string{"messages:send", "reads:set", "messages:send"} {
		tr := trial{op: x.Registry().Lookup(name), fields: exampleOf(t, x.Registry().Lookup(name))}
		a, err := x.ask(x.socket, name, tr.body())
		if err == nil && !strings.Contains(string(a.body), `"success":true`) {
			err = errors.New("it is refused")
		}
		if err != nil {
			t.Fatalf("%s: %s, %v", name, a, err)
		}
	}
}

// try sends a trial through both doors, which must say the same of a body.
func (x *tester) try(tr trial) {
	if x.tried++; underRace && x.tried%10 != 0 {
		return // decoding is slow there, and races between requests need few of them
	}
	byREST, known := "", false
	for i, route := range tr.op.Routes {
		sample := tr.given != "" || tr.kind == badID && string(tr.fields[tr.sent()]) == `"text"`
		if i > 0 && !sample {
			break // the other routes differ in what names the objects
		}
		method, target, body, ok := tr.request(route)
		if ok {
			c := x.once(tr, route, tr.sent(), func() (answer, error) { return x.send(method, target, body) })
			if i == 0 && body != nil {
				byREST, known = c, true
			}
		}
	}
	if tr.op.RESTOnly {
		return
	}
	c := x.once(tr, "socket", tr.field, func() (answer, error) { return x.ask(x.socket, tr.op.Name, tr.body()) })
	if known && tr.strict() && byREST != c {
		x.fault(tr.op, "%s: %s by REST, %s by socket", tr, byREST, c)
	}
}

// once sends a trial through one door, and what was refused while something was written a
// second time: it may have been an agent that wrote. It returns the code of the answer.
func (x *tester) once(tr trial, door, name string, send func() (answer, error)) string {
	version := x.version()
	a, err := send()
	x.judge(tr, door, name, a, err)
	out, _ := a.read(tr.op.Dual) // judged already
	if err != nil || out.success || x.version() == version {
		return out.code
	}
	x.quiet()
	before := x.state()
	if _, err := send(); err != nil {
		x.fault(tr.op, "%s by %s: %v", tr, door, err)
	}
	x.quiet()
	if changed := changes(before, x.state()); len(changed) > 0 {
		x.fault(tr.op, "%s by %s: is refused and has changed %v", tr, door, changed)
	}
	return out.code
}

// judge checks the answer to a trial; name is how its door names the field.
func (x *tester) judge(tr trial, door, name string, a answer, err error) {
	x.count++
	var out outcome
	if err == nil {
		out, err = a.read(tr.op.Dual)
	}
	switch {
	case x.excuses.covers(tr, out.code):
	case err != nil:
		x.fault(tr.op, "%s by %s: %v", tr, door, err)
	case !tr.strict():
	case out.success:
		x.fault(tr.op, "%s by %s: is taken, want %v", tr, door, tr.want)
	case out.code == "PAYLOAD_TOO_LARGE" && (tr.kind == tooLong || tr.kind == tooMany):
	case !slices.Contains(tr.want, out.code):
		x.fault(tr.op, "%s by %s: %s %q, want %v", tr, door, out.code, out.message, tr.want)
	case tr.named && tr.kind != unknownID && !out.names(name):
		x.fault(tr.op, "%s by %s: no issue names %s: %q %v", tr, door, name, out.message, out.issues)
	}
}

// fault notes what is wrong.
func (x *tester) fault(o *op.Op, format string, args ...any) {
	x.faults[o.Name] = append(x.faults[o.Name], fmt.Sprintf(format, args...))
}

// report tells all faults, the first few of each operation.
func (x *tester) report(t *testing.T) {
	t.Helper()
	for _, o := range x.Registry().Ops() {
		faults := x.faults[o.Name]
		if len(faults) > 0 {
			t.Errorf("%s: %d faults:\n\t%s", o.Name, len(faults), strings.Join(faults[:min(len(faults), 12)], "\n\t"))
		}
	}
	select {
	case <-x.socket.Done():
		t.Error("the socket was closed")
	default:
	}
}
