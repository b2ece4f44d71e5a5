package builtin

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// rules is the script that the model plays.
//
//go:embed rules.json
var rules []byte

// script is what the model says to what; see rules.json. It does not change.
type script struct {
	Groups map[string][]string `json:"groups"`
	// Answers are sentences that several rules say.
	Answers  map[string][]string `json:"answers"`
	Keywords []keyword           `json:"keywords"`
	// Lists are what it says where no keyword decides; see listParts.
	Lists map[string][]string `json:"lists"`
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
	// Match is a pattern: words, `a|b` for one of some words, `*` for any words or none,
	// `_` for one word, `_ing` for one that ends so, `@group` for a word of a group. Gaps, single words and groups
	// are numbered from 1, in order.
	Match string `json:"match"`
	// Say are sentences, with {1}, {2} ... for the numbered parts, {name}, {bio},
	// {topic} and {adjective} for the character, {user} for who asks. One whose slots
	// have nothing to say is left out. A single "@crisis" stands for the answers of that
	// name.
	Say []string `json:"say"`

	pattern pattern
}

// listParts names the lists that a script must have, and how many parts each is given.
var listParts = map[string]int{
	// Nothing fits: an earlier topic (1), a topic of this text (1), a short answer to a
	// question of the character's, a question, anything else.
	"memory": 1, "echo": 1, "answer": 0, "question": 0, "fallback": 0,
	// No text to go by: signs only, numbers only, nothing, letters without sense, another
	// script, another language (1), too much.
	"wordless": 0, "numbers": 0, "empty": 0, "gibberish": 0, "foreign": 0, "language": 1, "long": 0,
	// What was told (1): just now, the name of the asker, asked for, told otherwise, told again; a list of it; what
	// another one (1) said (2); not told about something (1), or at all.
	"noted": 1, "met": 1, "recall": 1, "corrected": 1, "again": 1, "about": 1, "quoted": 2, "untold": 1, "unknown": 0,
	// The name (1) that the asker goes by.
	"goes_by": 1,
}

// slotNames are the slots that are no parts.
var slotNames = []string{"name", "bio", "topic", "adjective", "user"}

// decodeScript reads a script strictly and prepares its patterns.
func decodeScript(data []byte) (*script, error) {
	var s script
	if err := decodeStrictly(data, &s); err != nil {
		return nil, fmt.Errorf("decode the script: %w", err)
	}
	for i := range s.Keywords {
		k := &s.Keywords[i]
		if len(k.Words) == 0 || len(k.Rules) == 0 {
			return nil, fmt.Errorf("keyword %d has no words or no rules", i+1)
		}
		for j := range k.Rules {
			if err := s.prepare(&k.Rules[j]); err != nil {
				return nil, fmt.Errorf("keyword %s: %w", k.Words[0], err)
			}
		}
	}
	for name, parts := range listParts {
		if err := checkSentences(s.Lists[name], parts); err != nil {
			return nil, fmt.Errorf("list %s: %w", name, err)
		}
	}
	for name := range s.Lists {
		if _, ok := listParts[name]; !ok {
			return nil, fmt.Errorf("list %s is used by nobody", name)
		}
	}
	return &s, nil
}

// prepare compiles a rule's pattern and checks its sentences.
func (s *script) prepare(r *rule) (err error) {
	if r.pattern, err = s.compile(r.Match); err != nil {
		return err
	}
	if name, ok := strings.CutPrefix(strings.Join(r.Say, " "), "@"); ok {
		r.Say = s.Answers[name]
	}
	return checkSentences(r.Say, r.pattern.parts)
}

// checkSentences reports sentences that use what there is not.
func checkSentences(list []string, parts int) error {
	if len(list) == 0 {
		return fmt.Errorf("there is nothing to say")
	}
	for _, sentence := range list {
		for _, slot := range slots(sentence) {
			n, isPart := partNumber(slot)
			if isPart && (n < 1 || n > parts) || !isPart && !slices.Contains(slotNames, slot) {
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
