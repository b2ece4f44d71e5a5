package badinput_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// maxTarget is the longest text in a path or query; net/http itself refuses longer ones.
const maxTarget = 40_000

// request is a trial as a request of a route; ok is false where the route cannot carry it,
// such as an object in a path.
func (tr trial) request(route string) (method, target string, body []byte, ok bool) {
	method, path, _ := strings.Cut(route, " ")
	left := maps.Clone(tr.fields)
	for segment := range strings.SplitSeq(path, "/") {
		name, isParam := strings.CutPrefix(segment, ":")
		if !isParam {
			continue
		}
		value, isText := textOf(left[name])
		if !isText && name != tr.sent() {
			value, isText = stranger, true // the example has another name for it, or none
		}
		if !isText || value == "" || len(value) > maxTarget {
			return "", "", nil, false
		}
		path = strings.Replace(path, segment, url.PathEscape(value), 1)
		delete(left, name)
	}
	if method != http.MethodGet {
		rest := tr
		rest.fields = left
		return method, path, rest.body(), true
	}
	query := url.Values{}
	for name, value := range left {
		text, isText := textOf(value)
		if name == tr.sent() && (!isText || text == "" || tr.loose && tr.kind != tooMany && tr.kind != badID) { // an empty one counts as absent
			return "", "", nil, false
		}
		if !isText {
			text = string(value)
		}
		query.Set(name, text[:min(len(text), maxTarget)])
	}
	return method, path + "?" + query.Encode(), nil, true
}

// textOf is a JSON text; ok is false if the value is none, or one that a text cannot hold.
func textOf(value json.RawMessage) (text string, ok bool) {
	if strings.Contains(string(value), `\ud8`) || json.Unmarshal(value, &text) != nil || string(value) == "null" {
		return "", false
	}
	return text, true
}
