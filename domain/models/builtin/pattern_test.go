package builtin

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPatternsCutClausesIntoParts(t *testing.T) {
	s := &script{Groups: map[string][]string{"pet": {"cat", "dog"}}}
	tests := []struct {
		pattern, text string
		// want are the parts joined by |, "no" if nothing matches.
		want string
	}{
		{"*", "a b", "a b"},
		{"* my @pet *", "so my dog barks loudly", "so|dog|barks loudly"},
		{"* my @pet *", "my cat", "|cat|"},
		{"* my @pet *", "my cow", "no"},
		{"my _", "my cow", "cow"},
		{"my _", "my brown cow", "no"},
		{"i am _ing *", "i am reading a book", "reading|a book"},
		{"i am _ing", "i am ill", "no"},
		{"* my _", "this is my cow", "this is|cow"},
		{"a b", "a b", ""},
		{"a b", "a b c", "no"},
		{"a * c", "a c", ""},
		{"a * c", "a b c c", "b c"},
		{"a * c", "a", "no"},
		{"a *", "b a", "no"},
		{"* a b *", "a a b", "a|"},
		{"* a", "", "no"},
		{"* is|are b *", "they are b too", "they|too"},
		{"is|are *", "was b", "no"},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" on "+tt.text, func(t *testing.T) {
			p, err := s.compile(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			var clause []word
			for _, w := range strings.Fields(tt.text) {
				clause = append(clause, word{plain: w, shown: w})
			}
			got := "no"
			if parts, ok := p.match(clause); ok {
				if len(parts) != p.parts {
					t.Fatalf("%d parts, declared are %d", len(parts), p.parts)
				}
				got = join(parts)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// join writes parts as text.
func join(parts [][]word) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		words := make([]string, len(part))
		for j, w := range part {
			words[j] = w.shown
		}
		texts[i] = strings.Join(words, " ")
	}
	return strings.Join(texts, "|")
}

func TestABrokenScriptIsRefused(t *testing.T) {
	lists := make(map[string][]string)
	for name := range listParts {
		lists[name] = []string{"a"}
	}
	data, err := json.Marshal(lists)
	if err != nil {
		t.Fatal(err)
	}
	whole := `"lists":` + string(data)
	tests := []struct{ name, script, want string }{
		{"unknown field", `{"keyword":[]}`, "unknown field"},
		{"two values", `{` + whole + `}{}`, "more than one"},
		{"no sentences", `{}`, "nothing to say"},
		{"unused list", `{"lists":{"x":["a"],` + string(data[1:]) + `}`, "used by nobody"},
		{"no rules", `{"keywords":[{"words":["a"]}],` + whole + `}`, "no rules"},
		{"empty pattern", `{"keywords":[{"words":["a"],"rules":[{"match":"","say":["b"]}]}],` + whole + `}`, "empty pattern"},
		{"double gap", `{"keywords":[{"words":["a"],"rules":[{"match":"* *","say":["b"]}]}],` + whole + `}`, "two gaps"},
		{"unknown group", `{"keywords":[{"words":["a"],"rules":[{"match":"@x","say":["b"]}]}],` + whole + `}`, "unknown group"},
		{"part that is not there", `{"keywords":[{"words":["a"],"rules":[{"match":"* a","say":["{2}"]}]}],` + whole + `}`, "has not got"},
		{"unknown answers", `{"keywords":[{"words":["a"],"rules":[{"match":"a","say":["@x"]}]}],` + whole + `}`, "nothing to say"},
		{"unknown slot", `{"keywords":[{"words":["a"],"rules":[{"match":"*","say":["{nme}"]}]}],` + whole + `}`, "has not got"},
		{"whole", `{` + whole + `}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeScript([]byte(tt.script))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("* my @pet *", "so my dog barks")
	f.Add("_ * _", "a")
	f.Add("a * a * a", "a a a a")
	f.Fuzz(func(t *testing.T, text, clause string) {
		s := &script{Groups: map[string][]string{"pet": {"cat", "dog"}}}
		p, err := s.compile(text)
		if err != nil {
			return
		}
		var words []word
		for _, w := range strings.Fields(clause) {
			words = append(words, word{plain: w, shown: w})
		}
		if parts, ok := p.match(words); ok && len(parts) != p.parts {
			t.Fatalf("%q cuts %q into %d parts instead of %d", text, clause, len(parts), p.parts)
		}
	})
}
