package agents_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/agents"
)

func TestTheBuiltInCharacterIsWhole(t *testing.T) {
	c, err := agents.Builtin("eliza")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "Eliza" || c.ID != "b850bc30-45f8-0041-a00a-83df46d8555d" {
		t.Errorf("it is %s, %s", c.Name, c.ID)
	}
	if c.System == "" || len(c.Bio.Lines) < 2 || len(c.Topics) == 0 || len(c.MessageExamples) == 0 || len(c.Style.Chat) == 0 {
		t.Errorf("something is missing in %+v", c)
	}
}

func TestTheExampleUsesEveryField(t *testing.T) {
	c, err := agents.Builtin("example")
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() {
			t.Errorf("%s is not used", name)
		}
	}
	if len(c.Style.All) == 0 || len(c.Style.Chat) == 0 || len(c.Style.Post) == 0 || len(c.Knowledge) < 3 || len(c.Plugins) == 0 {
		t.Errorf("style %+v, knowledge %s", c.Style, c.Knowledge)
	}
	eliza, err := agents.Builtin("eliza")
	if err != nil || eliza.ID == c.ID || eliza.Name == c.Name {
		t.Errorf("both characters are %s, %s, %v", c.Name, c.ID, err)
	}
}

func TestAnUnknownBuiltInCharacterIsNotFound(t *testing.T) {
	for _, name := range []string{"nobody", "", "../characters/eliza"} {
		if _, err := agents.Builtin(name); domain.AsError(err) == nil || domain.AsError(err).Code != domain.NotFound {
			t.Errorf("%q gives %v", name, err)
		}
	}
}

func TestCharactersAreDecodedStrictly(t *testing.T) {
	tests := []struct{ name, json, want string }{
		{"smallest", `{"name":"A","bio":""}`, ""},
		{"empty list as bio", `{"name":"A","bio":[]}`, ""},
		{"own id", `{"id":"9FB8DD35-266B-032C-B580-CC74F9A6CBD5","name":"A","bio":["x"]}`, ""},
		{"not an object", `[]`, "expected one JSON object"},
		{"null", `null`, "expected one JSON object"},
		{"two objects", `{"name":"A","bio":""}{}`, "expected one JSON object"},
		{"no name", `{"bio":""}`, "name: Name is required"},
		{"no bio", `{"name":"A"}`, "bio: Required"},
		{"null bio", `{"name":"A","bio":null}`, "bio: Required"},
		{"wrong bio", `{"name":"A","bio":7}`, "bio: Expected a string or a list of strings"},
		{"unknown field", `{"name":"A","bio":"","status":"active"}`, "Unrecognized key(s) in object: 'status'"},
		{"other case", `{"Name":"A","bio":""}`, "Unrecognized key(s) in object: 'Name'"},
		{"two faults", `{"foo":1,"bar":2}`, "Unrecognized key(s) in object: 'bar'; Unrecognized key(s) in object: 'foo'; bio: Required; name: Name is required"},
		{"wrong type", `{"name":"A","bio":"","topics":"x"}`, "topics: Expected"},
		{"wrong id", `{"id":"x","name":"A","bio":""}`, "not a UUID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := agents.DecodeCharacter([]byte(tt.json))
			if tt.want == "" {
				if err != nil || !domain.IsUUID(string(c.ID)) {
					t.Fatalf("got %+v, %v", c, err)
				}
				return
			}
			failure := domain.AsError(err)
			if failure == nil || failure.Code != domain.Invalid || !strings.Contains(failure.Message, tt.want) ||
				!strings.HasPrefix(failure.Message, "Character validation failed: ") {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestABioIsWrittenAsItWasRead(t *testing.T) {
	for _, form := range []string{`"one"`, `["one"]`, `["a","b"]`, `[]`} {
		var b agents.Bio
		if err := json.Unmarshal([]byte(form), &b); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(b); err != nil || string(got) != form {
			t.Errorf("%s became %s, %v", form, got, err)
		}
	}
}

func FuzzDecodeCharacter(f *testing.F) {
	f.Add([]byte(`{"name":"A","bio":["x"],"settings":{"secrets":{"K":"v"}},"style":{"all":[]}}`))
	f.Add([]byte(`{"id":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := agents.DecodeCharacter(data)
		if err != nil {
			return
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatalf("%q decodes to what cannot be written: %v", data, err)
		}
		if _, err := agents.DecodeCharacter(written); err != nil {
			t.Fatalf("%q decodes to %s, which is refused: %v", data, written, err)
		}
	})
}
