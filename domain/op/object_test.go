package op

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/domain"
)

// FuzzSplit checks that an object is split as the standard library would, or that it does
// hold a name twice.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{`{}`, ` { "a" : 1 , "b" : [ "}" , { "c" : "\"" } ] } `, `{"a":{"a":1},"b":"\\"}`, `{"":null,"\u0061":-1.5e3}`, `{"a":1,"a":2}`, `{"\\":"\\\\\""}`,
		`{"a":true,"b":false,"c":null}`, "{\"\u2028\":\"\u00fc\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.TrimSpace(data)
		if !json.Valid(data) || data[0] != '{' || !utf8.Valid(data) || hasLoneSurrogate(data) { // as the caller checks
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		got, twice := split(data)
		if twice != "" {
			if n := countNames(t, data); n == len(want) {
				t.Fatalf("%s: %q is there once", data, twice)
			}
			return
		}
		if len(got) != len(want) || countNames(t, data) != len(want) {
			t.Fatalf("%s: %v, want %v", data, got, want)
		}
		for name, raw := range want {
			if !reflect.DeepEqual(string(got[name]), string(raw)) {
				t.Fatalf("%s: %q is %s, want %s", data, name, got[name], raw)
			}
		}
	})
}

// countNames counts the names at the top of an object, those that are there twice too.
func countNames(t *testing.T, data []byte) (n int) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for ; decoder.More(); n++ {
		var value json.RawMessage
		if _, err := decoder.Token(); err != nil {
			t.Fatal(err)
		}
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// FuzzScanEscapes checks that no text passes that decoding would change, and no NUL.
func FuzzScanEscapes(f *testing.F) {
	for _, seed := range []string{`\ud83d\ude00`, `\ud83d`, `\u0000`, `\\u0000`, `\\\u0000`, `a\"\udc00`, `\ud83d\u0041`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, inner string) {
		raw := []byte(`"` + inner + `"`)
		var text string
		if json.Unmarshal(raw, &text) != nil || bytes.ContainsRune(raw, '\ufffd') {
			return
		}
		lone, nul := scanEscapes(raw)
		replaced := bytes.ContainsRune([]byte(text), '\ufffd') && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`))
		if replaced && !lone {
			t.Fatalf("%s: half a pair passes", raw)
		}
		if !lone && nul != (bytes.IndexByte([]byte(text), 0) >= 0) {
			t.Fatalf("%s: NUL is %v", raw, nul)
		}
	})
}

func TestPayloadsMayBeNestedTwoHundredLevelsDeep(t *testing.T) {
	nested := func(levels int) string {
		return strings.Repeat(`{"a":[`, levels/2) + strings.Repeat(`]}`, levels/2)
	}
	for _, test := range []struct {
		name, body string
		ok         bool
	}{
		{"flat", `{"a":[` + strings.Repeat(`{},`, 10*maxNesting) + `1]}`, true},
		{"brackets in a text", `{"a":"` + strings.Repeat(`[{\"`, maxNesting) + `"}`, true},
		{"the deepest", nested(maxNesting), true},
		{"too deep", nested(maxNesting + 2), false},
		{"much too deep", nested(8_000), false},
	} {
		_, err := parseObject([]byte(test.body))
		if test.ok != (err == nil) || !test.ok && !domain.IsCode(err, domain.Invalid) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
