package badinput_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"parley/domain/op"
)

// garbled are bodies that are no JSON object, or not one that can be meant.
func garbled() map[string]string {
	utf16Text := "\xff\xfe"
	for _, unit := range utf16.Encode([]rune(`{"a":1}`)) {
		utf16Text += string([]byte{byte(unit), byte(unit >> 8)})
	}
	return map[string]string{
		"a list": `[]`, "a list of an object": `[{}]`, "a text": `"text"`, "a number": `7`, "a truth value": `true`,
		"cut off": `{"a":1`, "cut off in a text": `{"a":"b`, "cut off in an escape": `{"a":"\u00`, "cut off in a name": `{"`, "an open brace": `{`, "two objects": `{}{}`,
		"a comma too many": `{"a":1,}`, "no quotes": `{a:1}`, "single quotes": `{'a':1}`, "a comment": `{/*a*/}`, "NaN": `{"a":NaN}`,
		"Infinity": `{"a":-Infinity}`, "a hexadecimal": `{"a":0x10}`, "a leading zero": `{"a":01}`, "a bare minus": `{"a":-}`, "a plus": `{"a":+1}`,
		"a byte order mark": "\ufeff{}", "UTF-16": utf16Text, "a NUL": "{\"a\":\"\x00\"}", "a control character": "{\"a\":\"\x01\"}",
		"Latin-1": "{\"a\":\"\xe9\"}", "overlong UTF-8": "{\"a\":\"\xc0\xae\"}", "a surrogate in UTF-8": "{\"a\":\"\xed\xa0\x80\"}",
		"half a pair": `{"a":"\ud83d"}`, "an escaped NUL": `{"a":"\u0000"}`, "a wrong escape": `{"a":"\x41"}`,
		"a field twice": `{"a":1,"a":2}`, "a field twice, escaped": `{"a":1,"\u0061":2}`, "an empty name twice": `{"":1,"":2}`,
		"10,001 levels": `{"a":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`,
		"brackets":      strings.Repeat("[", 500_000), "braces": strings.Repeat(`{"a":`, 150_000),
	}
}

// curious are bodies that are JSON objects and no more than that; what they are answered
// with depends on the operation, but none may be a fault of the server's.
var curious = map[string]string{
	"a huge number": `{"a":1e999999}`, "a small number": `{"a":1e-999999}`, "minus zero": `{"a":-0}`, "many digits": `{"a":` + strings.Repeat("9", 100_000) + `}`,
	"names of JavaScript": `{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}},"toString":1,"hasOwnProperty":null}`,
	"names of a database": `{"$where":"sleep(9)","$ne":null,"a.b":1,"_id":{"$oid":"0"}}`, "an empty name": `{"":1}`,
	"9,000 levels":  `{"a":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}`,
	"50,000 fields": manyFields(50_000), "a name of 500 kB": `{"` + strings.Repeat("a", 500_000) + `":1}`, "only spaces": `   `,
}

// manyFields is an object with n fields.
func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"f` + strconv.Itoa(i) + `":` + strconv.Itoa(i))
	}
	return "{" + b.String()[1:] + "}"
}

// pathOf is the first route of an operation that takes a body, with ids of nothing in it.
func pathOf(o *op.Op) (method, path string, ok bool) {
	for _, route := range o.Routes {
		method, path, _ = strings.Cut(route, " ")
		if method == http.MethodGet || method == http.MethodDelete {
			continue
		}
		for segment := range strings.SplitSeq(path, "/") {
			if strings.HasPrefix(segment, ":") {
				path = strings.Replace(path, segment, url.PathEscape(stranger), 1)
			}
		}
		return method, path, true
	}
	return "", "", false
}

// takesJSON reports whether an operation's body is JSON.
func takesJSON(o *op.Op) bool { return !o.Files() }

// TestEveryOperationRefusesBodiesThatAreNoObject sends each garbled body to one operation
// after the other, and some to all.
func TestEveryOperationRefusesBodiesThatAreNoObject(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	socket := s.dial()
	bodies := garbled()
	for i, o := range s.Registry().Ops() {
		if !takesJSON(o) {
			continue
		}
		for name, body := range bodies {
			if method, path, ok := pathOf(o); ok && (len(body) < 1000 || i == 0) {
				a, err := s.send(method, path, []byte(body))
				s.refused(o.Name+" by REST: "+name, a, err)
			}
		}
		if o.RESTOnly {
			continue
		}
		for name, arg := range map[string]any{"a list": []int{1}, "a text": "text", "a number": 7, "a truth value": true, "binary": []byte{1, 2, 3}} {
			a, err := s.ask(socket, o.Name, arg)
			s.refused(o.Name+" as event: "+name, a, err)
			a, err = s.ask(socket, o.Name, arg, "second", map[string]any{"third": 3})
			s.refused(o.Name+" as event of three arguments: "+name, a, err)
		}
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("what was refused has changed %v", changed)
	}
}

// refused wants the answer INVALID_REQUEST.
func (s *server) refused(what string, a answer, err error) {
	s.t.Helper()
	var out outcome
	if err == nil {
		out, err = a.read(false)
	}
	if err != nil || out.code != "INVALID_REQUEST" {
		s.t.Errorf("%s: %s %q %.200s, %v", what, out.code, out.message, a.body, err)
	}
}

func TestGarbledBodiesOfASendByBothDoors(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	for name, body := range garbled() {
		a, err := s.send("POST", "/api/messaging/channels/"+stranger+"/messages", []byte(body))
		s.refused("by REST: "+name, a, err)
		c := s.dial()
		if err := c.SendRaw(`27["messages:send",` + body + `]`); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("what was refused has changed %v", changed)
	}
	for name, body := range curious {
		a, err := s.send("POST", "/api/messaging/messages/search", []byte(body))
		if err == nil {
			_, err = a.read(false)
		}
		if err != nil {
			t.Errorf("by REST: %s: %v", name, err)
		}
	}
}
