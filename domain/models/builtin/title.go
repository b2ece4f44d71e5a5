package builtin

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/domain/models"
)

// The words of a title: so many at least and at most.
const (
	leastTitle = 3
	mostTitle  = 6
)

// maxTitleClauses bounds how many clauses of a conversation are looked at, and
// maxTitleWord how many characters a word may have that no space ends, as in scripts
// without any.
const (
	maxTitleClauses = 2000
	maxTitleWord    = 40
)

var _ models.Titler = (*Model)(nil)

// titled is a word that may be in a title.
type titled struct {
	shown, root string
	// content says that it tells what the talk is about.
	content bool
}

// Title names a conversation by the words of it that say most about it: those that people
// used in many turns. It takes a run of words out of a sentence where there is a good one,
// else it lists the words themselves. It fails as Reply does.
func (m *Model) Title(ctx context.Context, conversation []models.Turn) (string, error) {
	if err := m.prepare(); err != nil {
		return "", err
	}
	clauses, weights := m.titleClauses(conversation)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var best []titled
	most := 0.0
	for _, clause := range clauses {
		for from := range clause {
			for to := from + leastTitle; to <= min(from+mostTitle, len(clause)); to++ {
				if score := titleScore(clause[from:to], weights); score > most {
					best, most = clause[from:to], score
				}
			}
		}
	}
	if best == nil {
		return listTitle(clauses, weights), nil
	}
	words := make([]string, len(best))
	for i, w := range best {
		words[i] = w.shown
		if i == 0 || i == len(best)-1 || !lowInTitles[w.shown] {
			words[i] = titleCase(w.shown)
		}
	}
	return strings.Join(words, " "), nil
}

// lowInTitles are the words that a title does not capitalise in its middle.
var lowInTitles = newSet(strings.Fields("a an and as at but by for from in into of on or the to with"))

// titleClauses reads what people said, or all that was said if that is nothing, and
// counts for each word the turns in which it stands.
func (m *Model) titleClauses(conversation []models.Turn) (clauses [][]titled, weights map[string]float64) {
	weights = map[string]float64{}
	ofPeople := slices.DeleteFunc(slices.Clone(conversation), func(t models.Turn) bool { return t.Own })
	if len(ofPeople) == 0 {
		ofPeople = conversation
	}
	for _, turn := range ofPeople {
		seen := map[string]bool{}
		for _, clause := range splitSentences(turn.Text) {
			if len(clauses) == maxTitleClauses {
				return clauses, weights
			}
			words := m.titleWords(clause)
			for _, w := range words {
				if w.content && !seen[w.root] {
					seen[w.root] = true
					weights[w.root]++
				}
			}
			clauses = append(clauses, words)
		}
	}
	return clauses, weights
}

// splitSentences cuts a text where a title must not reach across.
func splitSentences(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".,;:!?()[]{}\"\n\r\u3002\uff0c\uff1f\uff01\u2014", r) })
}

// titleWords reads the words of a sentence.
func (m *Model) titleWords(sentence string) []titled {
	var words []titled
	for _, shown := range strings.Fields(sentence) {
		shown = strings.TrimFunc(shown, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if shown == "" || utf8.RuneCountInString(shown) > maxTitleWord {
			continue
		}
		plain := strings.ToLower(strings.ReplaceAll(shown, "\u2019", "'"))
		w := titled{shown: shown, root: m.language.root(plain)}
		_, contracted := m.language.Contractions[plain]
		w.content = !contracted && !m.language.function[plain] && !m.language.vague[plain] && !m.language.unspoken[plain] &&
			!m.language.fillers[plain] && !m.language.verbs[plain] && !isGreeting[plain] && hasLetter(shown)
		words = append(words, w)
	}
	return words
}

// isGreeting are words that open a talk without saying what it is about.
var isGreeting = newSet(strings.Fields("hello hi hey thanks thank please yes no ok okay sure bye goodbye welcome morning evening sorry"))

// hasLetter reports whether there is a letter in a word.
func hasLetter(w string) bool { return strings.IndexFunc(w, unicode.IsLetter) >= 0 }

// titleScore tells how much a run of words says; 0 is nothing. It must begin and end with
// words that say something, and hold two different ones.
func titleScore(words []titled, weights map[string]float64) float64 {
	if !words[0].content || !words[len(words)-1].content {
		return 0
	}
	score, different := 0.0, map[string]bool{}
	for _, w := range words {
		switch {
		case !w.content:
			score -= 0.7
		case !different[w.root]:
			different[w.root] = true
			score += weights[w.root]
		}
	}
	if len(different) < 2 {
		return 0
	}
	return score
}

// listTitle names the words that say most, in the order in which they were said.
func listTitle(clauses [][]titled, weights map[string]float64) string {
	var found []titled
	for _, clause := range clauses {
		for _, w := range clause {
			if w.content && !slices.ContainsFunc(found, func(f titled) bool { return f.root == w.root }) {
				found = append(found, w)
			}
		}
	}
	order := slices.Clone(found)
	slices.SortStableFunc(order, func(a, b titled) int {
		switch {
		case weights[a.root] > weights[b.root]:
			return -1
		case weights[a.root] < weights[b.root]:
			return 1
		default:
			return 0
		}
	})
	if len(order) > leastTitle {
		order = order[:leastTitle]
	}
	var words []string
	for _, f := range found {
		if slices.Contains(order, f) {
			words = append(words, titleCase(f.shown))
		}
	}
	switch len(words) {
	case 0:
		return "A Short Friendly Chat"
	case 1:
		return "Talking about " + words[0]
	case 2:
		return words[0] + " and " + words[1]
	default:
		return words[0] + ", " + words[1] + " and " + words[2]
	}
}

// titleCase is w with its first letter in upper case.
func titleCase(w string) string {
	r, size := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(r)) + w[size:]
}
