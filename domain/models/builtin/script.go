package builtin

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// rules is the script that the model plays.
//
//go:embed rules.json
var rules []byte

// script is what the model says to what; see rules.json.
type script struct {
	// Contractions are written out before anything else.
	Contractions map[string]string `json:"contractions"`
	// Reflections and Pairs turn words, and two words in a row, to the other side.
	Reflections map[string]string `json:"reflections"`
	Pairs       map[string]string `json:"pairs"`
	// ObjectsAfter are words after which "you" becomes "me" instead of "I".
	ObjectsAfter []string            `json:"objects_after"`
	Groups       map[string][]string `json:"groups"`
	Keywords     []keyword           `json:"keywords"`
	// Memory is said about something of the person's that came up earlier; the lists
	// after it when no keyword fits: to a question, to anything else, to other scripts
	// than Latin, to signs without words, and to nothing.
	Memory   []string `json:"memory"`
	Question []string `json:"question"`
	Fallback []string `json:"fallback"`
	Foreign  []string `json:"foreign"`
	Wordless []string `json:"wordless"`
	Empty    []string `json:"empty"`

	objectAfter map[string]bool
}

// keyword is a bundle of rules that one of its words brings into play.
type keyword struct {
	Words []string `json:"words"`
	// Rank decides among keywords; a higher one goes first.
	Rank  int    `json:"rank"`
	Rules []rule `json:"rules"`
}

// rule says sentences to clauses that match its pattern.
type rule struct {
	// Match is a pattern: words, `*` for any words or none, `_` for one word, `@group`
	// for a word of a group. All but the plain words are numbered from 1, in order.
	Match string `json:"match"`
	// Say are sentences, with {1}, {2} ... for the numbered parts, {name}, {bio} and
	// {topic} for the character. One whose parts are missing or too long is left out.
	Say []string `json:"say"`

	pattern pattern
}

// decodeScript reads a script strictly and prepares its patterns.
func decodeScript(data []byte) (*script, error) {
	var s script
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("decode the script: %w", err)
	}
	s.objectAfter = make(map[string]bool, len(s.ObjectsAfter))
	for _, w := range s.ObjectsAfter {
		s.objectAfter[w] = true
	}
	for i := range s.Keywords {
		k := &s.Keywords[i]
		if len(k.Words) == 0 || len(k.Rules) == 0 {
			return nil, fmt.Errorf("keyword %d has no words or no rules", i+1)
		}
		for j := range k.Rules {
			r := &k.Rules[j]
			p, err := s.compile(r.Match)
			if err != nil {
				return nil, fmt.Errorf("keyword %s: %w", k.Words[0], err)
			}
			if err := checkSentences(r.Say, p.parts); err != nil {
				return nil, fmt.Errorf("keyword %s: %w", k.Words[0], err)
			}
			r.pattern = p
		}
	}
	for name, list := range map[string][]string{"question": s.Question, "fallback": s.Fallback, "foreign": s.Foreign,
		"wordless": s.Wordless, "empty": s.Empty, "memory": s.Memory} {
		parts := 0
		if name == "memory" {
			parts = 1
		}
		if err := checkSentences(list, parts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &s, nil
}

// checkSentences reports sentences that use what there is not.
func checkSentences(list []string, parts int) error {
	if len(list) == 0 {
		return fmt.Errorf("there is nothing to say")
	}
	for _, sentence := range list {
		for _, slot := range slots(sentence) {
			n, isPart := partNumber(slot)
			known := slices.Contains([]string{"name", "bio", "topic"}, slot)
			if isPart && (n < 1 || n > parts) || !isPart && !known {
				return fmt.Errorf("%q uses {%s}, which it has not got", sentence, slot)
			}
		}
	}
	return nil
}

// slots returns the names in braces of a sentence.
func slots(sentence string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(sentence, "{")
		if !ok {
			return names
		}
		name, rest, ok := strings.Cut(rest, "}")
		if !ok {
			return names
		}
		names = append(names, name)
		sentence = rest
	}
}

// partNumber reads a slot that stands for a part of the clause.
func partNumber(slot string) (int, bool) {
	if len(slot) != 1 || slot[0] < '0' || slot[0] > '9' {
		return 0, false
	}
	return int(slot[0] - '0'), true
}
