package builtin

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// languageFile is what the model knows of English.
//
//go:embed language.json
var languageFile []byte

// language is what the model knows of English; see language.json. It does not change.
type language struct {
	// Contractions and the abbreviations of chats are written out before anything else.
	Contractions map[string]string `json:"contractions"`
	// HasAfter are words before which 's is "has" and not "is".
	HasAfter []string `json:"has_after"`
	// Fillers are left out; Openers may come before what a clause says.
	Fillers []string `json:"fillers"`
	Openers []string `json:"openers"`
	// Asides say nothing by themselves before or after a statement; Thanks may end one.
	Asides []string `json:"asides"`
	Thanks []string `json:"thanks"`
	// Predicates are words before which "your" is a slip for "you are".
	Predicates []string `json:"predicates"`
	// Amounts stand before what somebody has.
	Amounts []string `json:"amounts"`
	// Reflections turn words, and Phrases up to three words in a row, to the other side.
	Reflections map[string]string `json:"reflections"`
	Phrases     map[string]string `json:"phrases"`
	// ObjectsAfter are words after which "you" is the object, if no verb follows.
	ObjectsAfter []string `json:"objects_after"`
	// Verbs are words that make a clause; Adverbs may stand between "I" and its verb.
	Verbs   []string `json:"verbs"`
	Adverbs []string `json:"adverbs"`
	// Function are words that carry no topic, Vague nouns that make none.
	Function []string `json:"function"`
	Vague    []string `json:"vague"`
	// Unspoken are words that are never said back.
	Unspoken []string `json:"unspoken"`
	// Synonyms are words of one meaning, Kinds the words below a general one.
	Synonyms [][]string          `json:"synonyms"`
	Kinds    map[string][]string `json:"kinds"`
	// Foreign are frequent words of other languages.
	Foreign map[string][]string `json:"foreign"`

	hasAfter, fillers, openers, objectsAfter, verbs, adverbs, function, vague, unspoken, predicates, amounts set
	// asides and thanks are split into words, the longest first.
	asides, thanks [][]string
	// kinds are Kinds, of roots.
	kinds map[string]set
	// synonym maps a word to the first one of its list.
	synonym map[string]string
	// foreign maps a word to the languages that have it, languages lists them in order.
	foreign   map[string][]string
	languages []string
}

// set is a set of words.
type set map[string]bool

// newSet returns the set of some words.
func newSet(words []string) set {
	s := make(set, len(words))
	for _, w := range words {
		s[w] = true
	}
	return s
}

// newLeads splits phrases into words and puts the longest first.
func newLeads(phrases []string) [][]string {
	leads := make([][]string, len(phrases))
	for i, p := range phrases {
		leads[i] = strings.Fields(p)
	}
	slices.SortStableFunc(leads, func(a, b []string) int { return len(b) - len(a) })
	return leads
}

// decodeLanguage reads the language strictly.
func decodeLanguage(data []byte) (*language, error) {
	var l language
	if err := decodeStrictly(data, &l); err != nil {
		return nil, fmt.Errorf("decode the language: %w", err)
	}
	l.hasAfter, l.fillers, l.openers = newSet(l.HasAfter), newSet(l.Fillers), newSet(l.Openers)
	l.objectsAfter, l.verbs, l.adverbs = newSet(l.ObjectsAfter), newSet(l.Verbs), newSet(l.Adverbs)
	l.function, l.vague, l.unspoken = newSet(l.Function), newSet(l.Vague), newSet(l.Unspoken)
	l.predicates, l.amounts = newSet(l.Predicates), newSet(l.Amounts)
	l.asides, l.thanks = newLeads(l.Asides), newLeads(l.Thanks)
	l.synonym, l.foreign = map[string]string{}, map[string][]string{}
	for _, list := range l.Synonyms {
		for _, w := range list {
			l.synonym[w] = list[0]
		}
	}
	for name, list := range l.Foreign {
		l.languages = append(l.languages, name)
		for _, w := range list {
			l.foreign[w] = append(l.foreign[w], name)
		}
	}
	slices.Sort(l.languages)
	l.kinds = make(map[string]set, len(l.Kinds))
	for kind, list := range l.Kinds {
		l.kinds[kind] = make(set, len(list))
		for _, w := range list {
			l.kinds[kind][l.root(w)] = true
		}
	}
	return &l, nil
}

// decodeStrictly reads one JSON value that has no field unknown to v.
func decodeStrictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is more than one value")
	}
	return nil
}

// same reports whether two words mean the same: equal, synonyms, or forms of one word.
func (l *language) same(a, b string) bool {
	return a == b || l.root(a) == l.root(b)
}

// root brings the forms of a word, and its synonyms, together.
func (l *language) root(w string) string {
	w = strings.TrimSuffix(w, "'s")
	if s, ok := l.synonym[w]; ok {
		return s
	}
	switch {
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		w = w[:len(w)-3] + "y"
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss"):
		w = w[:len(w)-1]
	}
	if s, ok := l.synonym[w]; ok {
		return s
	}
	for _, ending := range []string{"ing", "ed"} {
		if long := strings.TrimSuffix(w, ending); len(long) > 2 && long != w {
			return strings.TrimSuffix(long, "e")
		}
	}
	if len(w) > 3 && strings.HasSuffix(w, "e") && l.verbs[w] {
		return w[:len(w)-1]
	}
	return w
}

// isVerb reports whether w is a form of a known verb.
func (l *language) isVerb(w string) bool {
	return l.verbs[w] || l.verbs[w+"s"] || l.verbs[w+"ed"] || l.verbs[w+"d"]
}

// isKind reports whether general is a general word for special.
func (l *language) isKind(general, special string) bool {
	return l.kinds[l.root(general)][l.root(special)]
}

// apart reports whether two words are different things of one kind, as cat and dog.
func (l *language) apart(a, b string) bool {
	if l.same(a, b) {
		return false
	}
	a, b = l.root(a), l.root(b)
	for _, kind := range l.kinds {
		if kind[a] && kind[b] {
			return true
		}
	}
	return false
}

// guess returns the language that most of the words seem to be in, "" for English.
func (l *language) guess(clauses []clause) string {
	hits, total := map[string]int{}, 0
	for _, c := range clauses {
		for _, w := range c.words {
			total++
			if !l.function[w.plain] {
				for _, name := range l.foreign[w.plain] {
					hits[name]++
				}
			}
		}
	}
	best := ""
	for _, name := range l.languages {
		if n := hits[name]; n >= 2 && n*5 >= total*2 && n > hits[best] {
			best = name
		}
	}
	return best
}
