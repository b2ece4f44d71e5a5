package diff_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/cmd/parleydiff/internal/diff"
)

// normal decodes JSON and normalises it.
func normal(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return diff.Normal(value, diff.Names{"22222222-2222-4222-8222-222222222222": "user"})
}

func TestWhatDiffersFromRunToRunIsTheSame(t *testing.T) {
	tests := []struct{ name, a, b string }{
		{"unknown ids", `"81daa387-2337-48f9-9ecd-c54830d71830"`, `"b850bc30-45f8-0041-a00a-83df46d8555d"`},
		{"ids in texts", `"Server 81daa387-2337-48f9-9ecd-c54830d71830 is gone"`, `"Server b850bc30-45f8-0041-a00a-83df46d8555d is gone"`},
		{"times", `["2026-11-30T14:13:25.136Z",1796048005136]`, `["2026-12-30T14:13:25Z",1796148005136]`},
		{"socket ids", `["Ffoub7H-JQaWu4_VAAAB","Socket Ffoub7H-JQaWu4_VAAAB joined"]`, `["aaoub7H-JQaWu4_VAAAC","Socket aaoub7H-JQaWu4_VAAAC joined"]`},
		{"upload names", `"/media/uploads/agents/x/1795453430444-344715740.txt"`, `"/media/uploads/agents/x/1795453430999-3.txt"`},
		{"measured numbers", `0.25`, `17.5`},
		{"secrets", `"000102030405060708090a0b0c0d0e0f:630af98c23a0ea9b51e90ccee7b4850e"`, `"100102030405060708090a0b0c0d0e0f:730af98c23a0ea9b51e90ccee7b4850e"`},
	}
	for _, tt := range tests {
		if found := diff.Compare(tt.name, diff.Answer{Body: normal(t, tt.a)}, diff.Answer{Body: normal(t, tt.b)}); len(found) > 0 {
			t.Errorf("%s: %v", tt.name, found)
		}
	}
	known := normal(t, `"22222222-2222-4222-8222-222222222222"`)
	if found := diff.Compare("", diff.Answer{Body: known}, diff.Answer{Body: normal(t, `"32222222-2222-4222-8222-222222222222"`)}); len(found) != 1 {
		t.Errorf("a known id and another one: %v", found)
	}
}

func TestEveryDifferenceIsNamed(t *testing.T) {
	event := func(socket, name, payload string) diff.Event {
		return diff.Event{Socket: socket, Name: name, Payload: normal(t, payload)}
	}
	reference := diff.Answer{Status: 200, Body: normal(t, `{"a":1,"b":"x","list":[1,2],"gone":true,"n":null}`), Events: []diff.Event{
		event("ann", "one", `{"x":1}`), event("ann", "two", `{}`), event("ann", "lost", `{}`)}}
	parley := diff.Answer{Status: 404, Body: normal(t, `{"a":"1","b":"y","list":[1],"more":0,"n":null}`), Events: []diff.Event{
		event("ann", "two", `{}`), event("ann", "one", `{"x":2}`), event("ann", "own", `{}`)}}
	var got []string
	for _, d := range diff.Compare("step", reference, parley) {
		got = append(got, string(d.Kind)+" "+d.Path)
	}
	want := []string{"status status", "type body.a", "value body.b", "missing body.gone", "missing body.list[1]", "extra body.more",
		"value events.ann.one.x", "missing events.ann.lost", "extra events.ann.own", "order events.ann"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestOnlyAnEntryForThePlaceExcusesADifference(t *testing.T) {
	found := []diff.Difference{
		{Step: "GET /a", Kind: diff.Extra, Path: "body.data.more"},
		{Step: "GET /a", Kind: diff.Value, Path: "body.data.more"},
		{Step: "GET /b", Kind: diff.Extra, Path: "body.data.more.deep"},
	}
	excuses := []diff.Excuse{
		{Name: "more", Reason: "r", Contract: "c", Kinds: []diff.Kind{diff.Extra}, Path: regexp.MustCompile(`body\.data\.more`)},
		{Name: "idle", Reason: "r", Contract: "c", Steps: regexp.MustCompile(`/c$`), Path: regexp.MustCompile(`.*`)},
	}
	j := diff.Judge(found, excuses)
	if len(j.Unexplained) != 2 || j.Explained[0] != 1 || j.Unused(excuses) != "idle" {
		t.Errorf("%+v, unused %q", j, j.Unused(excuses))
	}
	if (diff.Excuse{Name: "x", Path: regexp.MustCompile("x")}).Validate() == nil {
		t.Error("an excuse without a reason is accepted")
	}
}
