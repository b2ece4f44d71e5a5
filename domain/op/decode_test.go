package op_test

import (
	"context"
	"encoding/json"
	"math"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/op"
)

// channel and other are two channels.
const (
	channel = "11111111-1111-4111-8111-111111111111"
	other   = "22222222-2222-4222-8222-222222222222"
)

// decode runs in through an operation that answers with its request.
func decode(t *testing.T, in op.Input) (note, *domain.Error) {
	t.Helper()
	o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add"), echo)
	res, err := o.Call(t.Context(), admin, in)
	n, _ := res.(note)
	return n, err
}

func TestPrecedenceOfPlacesAndNames(t *testing.T) {
	tests := []struct {
		name string
		in   op.Input
		want string
	}{
		{"path over body over query", op.Input{Path: map[string]string{"channelId": channel},
			Body: []byte(`{"channelId":"` + other + `"}`), Query: url.Values{"channelId": {other}}}, channel},
		{"body over query", op.Input{Body: []byte(`{"channelId":"` + channel + `"}`), Query: url.Values{"channelId": {other}}}, channel},
		{"query alone", op.Input{Query: url.Values{"channelId": {channel}}}, channel},
		{"path by alias over body by name", op.Input{Path: map[string]string{"roomId": channel},
			Body: []byte(`{"channelId":"` + other + `"}`)}, channel},
		{"name over alias", op.Input{Body: []byte(`{"roomId":"` + other + `","channelId":"` + channel + `"}`)}, channel},
		{"first alias over second", op.Input{Body: []byte(`{"channel_id":"` + other + `","roomId":"` + channel + `"}`)}, channel},
		{"null leaves it to the alias", op.Input{Body: []byte(`{"channelId":null,"roomId":"` + channel + `"}`)}, channel},
		{"null leaves it to the query", op.Input{Body: []byte(`{"channelId":null}`), Query: url.Values{"roomId": {channel}}}, channel},
		{"names are exact in case", op.Input{Body: []byte(`{"CHANNELID":"` + other + `"}`)}, ""},
		{"an escaped name", op.Input{Body: []byte(`{"channel\u0049d" : "` + channel + `" , "text":"}\\\"{"}`)}, channel},
		{"is lower-cased", op.Input{Path: map[string]string{"channelId": "ABCDEFAB-1111-4111-8111-111111111111"}},
			"abcdefab-1111-4111-8111-111111111111"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := decode(t, tt.in)
			if err != nil || string(n.ChannelID) != tt.want {
				t.Fatalf("channel %q, err %v; want %q", n.ChannelID, err, tt.want)
			}
		})
	}
}

func TestTextsOfAQueryBecomeTheFieldsType(t *testing.T) {
	n, err := decode(t, op.Input{Query: url.Values{
		"limit": {"99999999999999999999"}, "ratio": {"1e3"}, "loud": {"true"}, "tags": {"a,b", "c"},
		"members": {channel + "," + other}, "before": {"2026-11-23T17:02:53.498Z"}, "text": {"5"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n.Limit != math.MaxInt64 || n.Ratio != 1000 || !n.Loud || n.Text != "5" || len(n.Members) != 2 ||
		!reflect.DeepEqual(n.Tags, []string{"a", "b", "c"}) || domain.Millis(n.Before.Time) != 1795453373498 {
		t.Fatalf("n = %+v", n)
	}
	n, err = decode(t, op.Input{Query: url.Values{"limit": {""}, "ratio": {""}, "loud": {"TRUE"}, "tags": {""}, "before": {""}, "channelId": {""}}})
	if err != nil || n.Limit != 0 || n.Loud || len(n.Tags) != 0 || !n.Before.IsZero() {
		t.Fatalf("empty texts: %+v, %v", n, err)
	}
}

func TestFaultsNameTheirFields(t *testing.T) {
	tests := []struct {
		name, code, paths string
		in                op.Input
	}{
		{"bad id in the path", "INVALID_ID", "channelId", op.Input{Path: map[string]string{"channelId": "x"}}},
		{"bad id under an alias", "INVALID_ID", "channelId", op.Input{Body: []byte(`{"roomId":"x"}`)}},
		{"number as an id", "INVALID_ID", "channelId", op.Input{Body: []byte(`{"channelId":7}`)}},
		{"two bad ids", "INVALID_ID", "channelId authorId", op.Input{Body: []byte(`{"channelId":"x","authorId":"y"}`)}},
		{"bad id and more", "INVALID_REQUEST", "channelId text", op.Input{Body: []byte(`{"channelId":"x","text":5}`)}},
		{"number as a text", "INVALID_REQUEST", "text", op.Input{Body: []byte(`{"text":5}`)}},
		{"text as a number", "INVALID_REQUEST", "limit", op.Input{Body: []byte(`{"limit":"5"}`)}},
		{"fraction as an integer", "INVALID_REQUEST", "limit", op.Input{Body: []byte(`{"limit":1.5}`)}},
		{"word as a limit", "INVALID_REQUEST", "limit", op.Input{Query: url.Values{"limit": {"abc"}}}},
		{"hexadecimal limit", "INVALID_REQUEST", "limit", op.Input{Query: url.Values{"limit": {"0x10"}}}},
		{"infinite ratio", "INVALID_REQUEST", "ratio", op.Input{Query: url.Values{"ratio": {"Inf"}}}},
		{"text as a list", "INVALID_REQUEST", "tags", op.Input{Body: []byte(`{"tags":"a"}`)}},
		{"list as an object", "INVALID_REQUEST", "metadata", op.Input{Body: []byte(`{"metadata":[]}`)}},
		{"word as a time", "INVALID_REQUEST", "before", op.Input{Query: url.Values{"before": {"yesterday"}}}},
		{"bad UTF-8 in the query", "INVALID_REQUEST", "text", op.Input{Query: url.Values{"text": {"a\xff"}}}},
		{"own rule", "INVALID_REQUEST", "text", op.Input{Body: []byte(`{"text":"bad"}`)}},
		{"a name twice", "INVALID_REQUEST", "text", op.Input{Body: []byte(`{"text":"a","limit":1,"text":"a"}`)}},
		{"a name twice, once escaped", "INVALID_REQUEST", "text", op.Input{Body: []byte(`{"text":"a","t\u0065xt":"b"}`)}},
		{"an unknown name twice", "INVALID_REQUEST", "x", op.Input{Body: []byte(`{"x":{"x":1},"y":["x"],"x":2}`)}},
		{"a name of 1 MB twice", "INVALID_REQUEST", strings.Repeat("x", 64), op.Input{Body: []byte(`{"` + strings.Repeat("x", 1<<20) + `":1,"` + strings.Repeat("x", 1<<20) + `":2}`)}},
		{"NUL in the body", "INVALID_REQUEST", "text", op.Input{Body: []byte(`{"text":"a\u0000"}`)}},
		{"NUL deep in the body", "INVALID_REQUEST", "metadata", op.Input{Body: []byte(`{"text":"a","metadata":{"a":["\u0000"]}}`)}},
		{"NUL in what nobody reads", "INVALID_REQUEST", "", op.Input{Body: []byte(`{"x":"\u0000"}`)}},
		{"NUL in the query", "INVALID_REQUEST", "text", op.Input{REST: true, Query: url.Values{"text": {"a\x00"}}}},
		{"a long text", "INVALID_REQUEST", "text", op.Input{Body: []byte(`{"text":"` + strings.Repeat("x", 65_537) + `"}`)}},
		{"a long text in a list", "INVALID_REQUEST", "tags", op.Input{Body: []byte(`{"tags":["` + strings.Repeat("x", 65_537) + `"]}`)}},
		{"10,001 entries", "INVALID_REQUEST", "tags", op.Input{Body: []byte(`{"tags":[` + strings.Repeat(`"",`, 10_000) + `""]}`)}},
		{"all faults at once", "INVALID_REQUEST", "text limit loud", op.Input{Body: []byte(`{"text":1,"limit":"a","loud":"yes"}`)}},
		{"list as the body", "INVALID_REQUEST", "", op.Input{Body: []byte(`[1]`)}},
		{"text as the body", "INVALID_REQUEST", "", op.Input{Body: []byte(`"x"`)}},
		{"no JSON", "INVALID_REQUEST", "", op.Input{Body: []byte(`{"a":`)}},
		{"two documents", "INVALID_REQUEST", "", op.Input{Body: []byte(`{} {}`)}},
		{"bad UTF-8 in the body", "INVALID_REQUEST", "", op.Input{Body: []byte("{\"text\":\"\xff\"}")}},
		{"10,001 levels", "INVALID_REQUEST", "", op.Input{Body: []byte(`{"metadata":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(t, tt.in)
			if err == nil || err.WireCode() != tt.code {
				t.Fatalf("err = %+v, want %s", err, tt.code)
			}
			var paths []string
			for _, issue := range err.Issues {
				paths = append(paths, issue.Path)
			}
			if got := strings.Join(paths, " "); got != tt.paths {
				t.Fatalf("issues name %q, want %q", got, tt.paths)
			}
		})
	}
}

func TestFaultsWithinAListAreToldFromNoList(t *testing.T) {
	for body, want := range map[string]string{
		`{"tags":"a"}`:               "must be a list",
		`{"tags":["a",1]}`:           "has an entry of the wrong type",
		`{"lines":{}}`:               "must be a list",
		`{"lines":[5]}`:              "has an entry of the wrong type",
		`{"lines":[{"number":"1"}]}`: "has an entry with the wrong type at number",
		`{"members":["x"]}`:          "must be a UUID",
	} {
		if _, err := decode(t, op.Input{Body: []byte(body)}); err == nil || err.Issues[0].Message != want {
			t.Errorf("%s: %+v, want %q", body, err, want)
		}
	}
}

func TestFaultsOfRESTAreNamedAsTheCallerNamedTheFields(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		in            op.Input
	}{
		{"alias in the body", "room_id must be a UUID", op.Input{Body: []byte(`{"room_id":"x"}`)}},
		{"alias in the query", "room_id must be a UUID", op.Input{Query: url.Values{"room_id": {"x"}}}},
		{"name in the body", "channelId must be a UUID", op.Input{Body: []byte(`{"channelId":"x"}`)}},
		{"alias and another fault", "room_id must be a UUID; text must be a string", op.Input{Body: []byte(`{"room_id":"x","text":1}`)}},
		{"own rule", "words must not be bad", op.Input{Body: []byte(`{"words":"bad"}`)}},
		{"own rule, below the field", "words.first must not be empty", op.Input{Body: []byte(`{"words":" "}`)}},
		{"own words", "Nothing to say", op.Input{Body: []byte(`{"words":"-"}`)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.REST = true
			o := op.Define(op.NewRegistry(op.Options{}), spec("rooms:add"),
				func(_ context.Context, _ domain.Actor, r aliased) (aliased, error) { return r, nil })
			_, err := o.Call(t.Context(), admin, tt.in)
			if err == nil || err.Message != tt.message || len(err.Issues) == 0 {
				t.Fatalf("err = %+v, want %q", err, tt.message)
			}
			tt.in.REST = false
			if _, err := o.Call(t.Context(), admin, tt.in); err == nil || strings.Contains(err.Message, "room_id") || strings.Contains(err.Message, "words") {
				t.Fatalf("a socket hears %+v", err)
			}
		})
	}
}

// aliased is a request whose fields have other names too.
type aliased struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"room_id"`
	Text      string           `json:"text" alias:"words"`
}

// Validate refuses some texts, each in its own way.
func (r *aliased) Validate() error {
	var f domain.Faults
	switch r.Text {
	case "bad":
		f.Add("text", "must not be bad")
	case " ":
		f.Add("text.first", "must not be empty")
	case "-":
		return &domain.Error{Code: domain.Invalid, Message: "Nothing to say", Issues: []domain.Issue{{Path: "text", Message: "is nothing"}}}
	}
	return f.Err()
}

func TestHalfSurrogatePairs(t *testing.T) {
	for text, good := range map[string]bool{
		`\ud83d\ude00`:       true,
		`\\ud83d`:            true, // an escaped backslash and plain text
		`\\\ud83d\ude00`:     true,
		`\u00e9`:             true,
		`\ud83d`:             false,
		`\ude00`:             false,
		`\ud83dx`:            false,
		`\ud83d\ud83d`:       false,
		`\ude00\ud83d`:       false,
		`\uD83D\u0041`:       false,
		`\\\ud83d`:           false,
		`ok \ud83d\ude00 \u`: false, // no JSON at all
	} {
		n, err := decode(t, op.Input{Body: []byte(`{"text":"` + text + `"}`)})
		if (err == nil) != good {
			t.Errorf("%s: %q, %v; want accepted %v", text, n.Text, err, good)
		}
	}
}

func TestWhatOnlyLooksLikeNULOrALargeTextPasses(t *testing.T) {
	for _, body := range []string{`{"text":"\\u0000"}`, `{"text":"` + strings.Repeat("x", 65_536) + `"}`,
		`{"tags":[` + strings.Repeat(`"",`, 9_999) + `""]}`, `{"text":"\\\"","x":{"text":1},"y":[{"text":2}]}`, "{ \"text\"\n:\t\"a\" ,\r\"limit\" : 1 }"} {
		if _, err := decode(t, op.Input{Body: []byte(body)}); err != nil {
			t.Errorf("%.80q: %v", body, err)
		}
	}
}

func TestEmptyBodiesAreEmptyObjects(t *testing.T) {
	for _, body := range []string{"", " \n", "null", "{}", `{"unknown":1}`} {
		if _, err := decode(t, op.Input{Body: []byte(body)}); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestPayloadIsTheBodyByteForByte(t *testing.T) {
	body := []byte(`{"text":"a<b", "x":1.0}`)
	n, err := decode(t, op.Input{Body: body})
	if err != nil || string(n.Raw) != string(body) {
		t.Fatalf("%s, %v", n.Raw, err)
	}
	body[2] = 'X'
	if n.Raw[2] != 't' {
		t.Fatal("the payload is not a copy: a reused buffer would change it")
	}
}

// FuzzDecode checks that no input panics, and that what passes is valid.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"channelId":"`+channel+`","text":"\ud83d\ude00","limit":3}`), "limit=1&tags=a,b", channel)
	f.Add([]byte(`{"metadata":{"a":[1,2]}}`), "before=2026-01-01T00:00:00Z", "x")
	f.Add([]byte(`[`), "a=%ff", "\xff")
	o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add"), echo)
	f.Fuzz(func(t *testing.T, body []byte, rawQuery, id string) {
		query, _ := url.ParseQuery(rawQuery)
		res, err := o.Call(t.Context(), admin, op.Input{Body: body, Query: query, Path: map[string]string{"channelId": id}, REST: true})
		if err != nil {
			if err.Code != domain.Invalid {
				t.Fatalf("code %s: %v", err.Code, err)
			}
			return
		}
		n := res.(note)
		if n.ChannelID != "" && !domain.IsUUID(string(n.ChannelID)) {
			t.Fatalf("channel %q passed", n.ChannelID)
		}
		if _, err := json.Marshal(op.NewReply(n, nil)); err != nil {
			t.Fatalf("result cannot be encoded: %v", err)
		}
	})
}
