package schema_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/schema"
)

// colour is a type of few values.
type colour string

// Enum lists the colours.
func (colour) Enum() []string { return []string{"red", "blue"} }

// either encodes itself and says how.
type either struct{ text string }

// MarshalJSON writes a text.
func (e either) MarshalJSON() ([]byte, error) { return json.Marshal(e.text) }

// Forms are a text and a list of texts.
func (either) Forms() []any { return []any{"", []string{}} }

// silent encodes itself and does not say how.
type silent struct{}

// MarshalJSON writes a number.
func (silent) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

// open is an object with fields that have no fixed name.
type open struct {
	Level int            `json:"level"`
	Rest  map[string]any `json:"*"`
}

// inner is embedded; its name is hidden by that of the outer struct.
type inner struct {
	Name string `json:"name"`
	Kind colour `json:"kind"`
}

// tree holds itself.
type tree struct {
	Name  string `json:"name"`
	Below []tree `json:"below,omitempty"`
}

func TestResultsAreDescribedByTheirTypes(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a text":         {"", `{"type":"string"}`},
		"a whole number": {int64(0), `{"type":"integer"}`},
		"a count":        {uint(0), `{"minimum":0,"type":"integer"}`},
		"an id":          {domain.AgentID(""), `{"format":"uuid","type":"string"}`},
		"few values":     {colour(""), `{"enum":["red","blue"],"type":"string"}`},
		"a list":         {[]bool{}, `{"items":{"type":"boolean"},"type":"array"}`},
		"a map":          {map[string]int{}, `{"additionalProperties":{"type":"integer"},"type":"object"}`},
		"a pointer":      {new(string), `{"type":["string","null"]}`},
		"bytes":          {[]byte{}, `{"contentEncoding":"base64","type":"string"}`},
		"any JSON":       {json.RawMessage{}, `{}`},
		"metadata":       {domain.Metadata{}, `{"additionalProperties":true,"type":"object"}`},
		"a field that may go": {struct {
			N *int `json:"n,omitempty"`
		}{}, `{"properties":{"n":{"type":"integer"}},"type":"object"}`},
		"a field that may not": {struct {
			N *int `json:"n"`
		}{}, `{"properties":{"n":{"type":["integer","null"]}},"required":["n"],"type":"object"}`},
		"an embedded struct": {struct {
			inner
			Name int `json:"name"`
		}{}, `{"properties":{"kind":{"enum":["red","blue"],"type":"string"},"name":{"type":"integer"}},"required":["name","kind"],"type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(schema.New(nil).Result(reflect.TypeOf(c.value)))
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestNamedTypesAreDescribedOnce(t *testing.T) {
	s := schema.New(map[string]string{"parley/domain/schema_test.open.Level": "Level is how loud."})
	for _, value := range []any{open{}, tree{}, either{}, tree{}, silent{}} {
		s.Result(reflect.TypeOf(value))
	}
	got, err := json.Marshal(s.Named())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"schema_test.either":{"anyOf":[{"type":"string"},{"items":{"type":"string"},"type":"array"}]}`,
		`"schema_test.open":{"additionalProperties":{},"properties":{"level":{"description":"level is how loud.","type":"integer"}},"required":["level"],"type":"object"}`,
		`"below":{"items":{"$ref":"#/components/schemas/schema_test.tree"},"type":"array"}`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	if len(s.Unseen()) != 1 || s.Unseen()[0] != reflect.TypeFor[silent]() {
		t.Errorf("what says nothing of itself is %v", s.Unseen())
	}
}

// ask is a request.
type ask struct {
	Channel domain.ChannelID `json:"channelId" alias:"roomId"`
	Text    string           `json:"text"`
	When    domain.Instant   `json:"when"`
	Within  tree             `json:"within"`
}

// Validate asks for a channel and a text.
func (a *ask) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(a.Channel))
	f.Require("text", a.Text)
	return f.Err()
}

func TestRequestsRequireWhatTheirValidateAsksFor(t *testing.T) {
	s := schema.New(nil)
	fields := s.Fields(reflect.TypeFor[ask]())
	got, err := json.Marshal(schema.Request(fields))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"required":["text"]`, `"allOf":[{"anyOf":[{"required":["channelId"]},{"required":["roomId"]}]}]`,
		`"type":["integer","string"]`, `"within":{"properties":{"below":{"items":{"type":"object"},"type":"array"}`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	given := s.Given(fields, ask{Text: "x"})
	if !reflect.DeepEqual(given, map[string]any{"text": "x"}) {
		t.Errorf("the example says %v", given)
	}
}
