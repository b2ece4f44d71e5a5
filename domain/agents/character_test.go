package agents_test

import (
	"encoding/json"
	"reflect"
	"strconv"
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
		{"no name", `{"bio":""}`, "name: Required"},
		{"no bio", `{"name":"A"}`, "bio: Invalid input: Expected string or array, received undefined"},
		{"null bio", `{"name":"A","bio":null}`, "bio: Invalid input: Expected string or array, received null"},
		{"empty name", `{"name":" ","bio":""}`, "name: Character name is required"},
		{"wrong bio", `{"name":"A","bio":7}`, "bio: Invalid input: Expected string or array, received number"},
		{"wrong entry of bio", `{"name":"A","bio":[7]}`, "bio.0: Expected string, received number"},
		{"unknown field", `{"name":"A","bio":"","status":"active"}`, "Unrecognized key(s) in object: 'status'"},
		{"other case", `{"Name":"A","bio":""}`, "Unrecognized key(s) in object: 'Name'"},
		{"two faults", `{"foo":1,"bar":2}`, "Unrecognized key(s) in object: 'bar', 'foo'; bio: Invalid input: Expected string or array, received undefined; name: Required"},
		{"misspelt field", `{"name":"A","bio":"","topic":["x"]}`, "Unrecognized key(s) in object: 'topic' (did you mean 'topics'?)"},
		{"key twice", `{"name":"A","bio":"","settings":{"a":1,"a":2}}`, "settings.a: Duplicate key"},
		{"nested too deep", `{"name":"A","bio":"","settings":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`, "nested too deep"},
		{"broken", "{\"name\":\"A\",\n  \"bio\" \"\"}", "line 2, column 9"},
		{"NUL", `{"name":"A","bio":"a\u0000b"}`, "bio: must not contain NUL"},
		{"long name", `{"name":"` + strings.Repeat("a", 300) + `","bio":""}`, "name: String must contain at most 256 character(s)"},
		{"wrong style", `{"name":"A","bio":"","style":{"all":["x"],"chat":[1]}}`, "style.chat.0: Expected string, received number"},
		{"wrong example", `{"name":"A","bio":"","messageExamples":[[{"name":"x","content":{"text":1,"inReplyTo":"n"}}]]}`,
			"messageExamples.0.0.content.inReplyTo: Invalid UUID format; messageExamples.0.0.content.text: Expected string, received number"},
		{"example without content", `{"name":"A","bio":"","messageExamples":[[{"name":"x"}]]}`, "messageExamples.0.0.content: Required"},
		{"wrong knowledge", `{"name":"A","bio":"","knowledge":["k",{"path":"p","shared":true},{"directory":"d"},{"file":"x"},7]}`,
			"knowledge.3.path: Required; knowledge.4: Invalid input: Expected string or object, received number"},
		{"wrong secret", `{"name":"A","bio":"","secrets":{"K":{}}}`, "secrets.K: Invalid input"},
		{"wrong settings", `{"name":"A","bio":"","settings":[]}`, "settings: Expected object, received array"},
		{"wrong secrets in settings", `{"name":"A","bio":"","settings":{"secrets":"x"}}`, "settings.secrets: Invalid input: Expected object or null"},
		{"many faults", `{"name":"A","bio":"","topics":[` + strings.Repeat("1,", 99) + `1]}`, "and more"},
		{"wrong type", `{"name":"A","bio":"","topics":"x"}`, "topics: Expected array, received string"},
		{"wrong id", `{"id":"x","name":"A","bio":""}`, "id: Invalid UUID format"},
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

func TestGarbageIsRefusedInFewWords(t *testing.T) {
	var keys strings.Builder
	for i := range 50_000 {
		keys.WriteString(`"` + strings.Repeat("k", i%400) + strconv.Itoa(i) + `":1,`)
	}
	for name, data := range map[string]string{
		"keys":     `{` + keys.String() + `"name":1}`,
		"values":   `{"name":"A","bio":[` + strings.Repeat("{},", 200_000) + `1]}`,
		"long key": `{"settings":{"` + strings.Repeat("x", 1<<20) + `":"\u0000"}}`,
		"deep":     strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000),
		"deepest":  strings.Repeat("[", 1<<20),
		"large":    `{"name":"` + strings.Repeat("x", 5<<20) + `"}`,
	} {
		if _, err := agents.DecodeCharacter([]byte(data)); !domain.IsCode(err, domain.Invalid) || len(err.Error()) > 8<<10 {
			t.Errorf("%s: %d bytes of %.200s", name, len(err.Error()), err)
		}
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

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"name":"B","settings":{"a":{"b":null},"secrets":{"K":"v","L":null}},"bio":null,"enabled":false}`))
	f.Add([]byte(`{"secrets":{"K":"v"},"style":{"all":["x"]},"knowledge":[{"path":"p"}],"id":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		before, err := agents.DecodeCharacter([]byte(`{"name":"A","bio":["x"],"system":"s","settings":{"a":{"b":1},"secrets":{"K":"k"}},"secrets":{"M":"m"}}`))
		if err != nil {
			t.Fatal(err)
		}
		after, err := agents.NewVault("salt").Patch(data, before)
		if err != nil {
			return
		}
		written, err := json.Marshal(after)
		if err != nil {
			t.Fatalf("%q makes what cannot be written: %v", data, err)
		}
		if _, err := agents.DecodeCharacter(written); err != nil {
			t.Fatalf("%q makes %s, which is refused: %v", data, written, err)
		}
	})
}
