package builtin

import (
	"slices"
	"strings"
)

// question is a question for one thing while it is being understood.
type question struct {
	query
	// asking is the word that asks, rest what follows, plain and text the same for
	// comparing.
	asking string
	rest   []word
	plain  []string
	text   string
	// prompted says that it began politely: "can you tell me".
	prompted bool
}

// unanswerable are words in questions for what nobody can have told.
var unanswerable = newSet([]string{"should", "could", "would", "can", "cannot", "must", "might", "will", "you", "your", "wrong", "mean", "means", "or", "than"})

// queryOne understands a question for one thing, in either order of its words: "what
// is my dog called", "what my dog is called".
func (m *Model) queryOne(words []word, prompted bool) (query, bool) {
	rest := words[1:]
	if len(rest) == 0 || slices.ContainsFunc(rest, func(w word) bool { return unanswerable[w.plain] }) {
		return query{}, false
	}
	q := question{query: m.target(rest), asking: words[0].plain, rest: rest, plain: plainWords(rest), prompted: prompted}
	q.text = strings.Join(q.plain, " ")
	q.negative = negates(rest)
	m.takeVerb(&q)
	switch q.asking {
	case "who":
		q.who()
	case "where":
		q.where()
	case "when":
		q.when()
	case "how":
		if ok, done := q.how(); !ok || done {
			return q.query, ok && q.own
		}
	default:
		q.what()
	}
	if q.forName() {
		q.kind = isName
	}
	if slices.ContainsFunc(q.plain, isLiking) {
		q.kind |= isTaste
	}
	return q.finish()
}

// has reports whether a word is in the question.
func (q *question) has(w string) bool { return slices.Contains(q.plain, w) }

// forName reports whether the question asks what something is called.
func (q *question) forName() bool {
	return q.has("called") || q.has("named") || q.has("of") && (q.has("name") || q.has("names"))
}

// takeVerb takes a verb for the content that was read as part of the thing, or as none:
// "what is my son studying", "what does my wife say".
func (m *Model) takeVerb(q *question) {
	n, last := len(q.about), q.plain[len(q.plain)-1]
	switch {
	case n > 1 && strings.HasSuffix(q.about[n-1].plain, "ing") && isBe(q.plain[0]) && (q.asking == "what" || m.isLiving(q.about[n-2].plain)):
		q.content, q.about = append(q.content, q.about[n-1].plain), q.about[:n-1]
	case q.asking == "what" && n > 0 && len(q.content) == 0 && (q.plain[0] == "does" || q.plain[0] == "did") && slices.Contains([]string{"say", "think", "know", "want", "need"}, last):
		q.content = []string{last}
	}
}

// who understands what follows the word.
func (q *question) who() {
	q.kind |= isName | isBeing | isHaving
	switch {
	case q.text == "am i" || q.text == "i am":
		q.kind, q.sure = isName, true
	case q.own && len(q.about) == 0 && (len(q.names) > 0 || slices.Contains([]string{"with", "to", "for", "from"}, q.plain[len(q.plain)-1])): // who do I go to Spain with
		q.kind = 0
	}
}

// where tells what kind of place is asked for.
func (q *question) where() {
	switch {
	case q.has("born"):
		q.kind = isBirth
	case q.has("live") || q.has("lives"):
		q.kind = isHome
	case q.has("work") || q.has("works"):
		q.kind = isJob
	case q.has("from") && len(q.about) == 0:
		q.kind = isPlace
	default:
		q.kind = isPlace | isHome | isTime
	}
	if len(q.about) > 0 || q.own && q.kind&isTime == 0 {
		q.content, q.names = nil, nil
	}
}

// when understands what follows the word.
func (q *question) when() {
	q.kind = isTime | isBirth
	if q.own && !q.has("my") && !q.has("our") { // when do I see the dentist
		q.content, q.about = append(q.content, plainWords(q.about)...), nil
	}
}

// how understands what follows the word. It reports false for what nobody can have
// told, and done if no more is to be understood.
func (q *question) how() (ok, done bool) {
	switch first := q.plain[0]; {
	case first == "old":
		q.kind = isAge | isBirth
		if q.own || len(q.about) > 0 {
			q.content, q.names = nil, nil
		}
		return true, false
	case first == "many" || first == "much" || first == "tall" || first == "long" && (q.prompted || q.has("have") || q.has("has")):
		if first == "many" && q.has("have") {
			q.kind = isHaving
		}
		return true, true
	default:
		return q.forName(), false
	}
}

// what understands what follows the word, or "which" or "whose".
func (q *question) what() {
	n := len(q.plain)
	switch {
	case q.own && strings.Contains(q.text, "for a living") || strings.HasSuffix(q.text, "i do for work") || q.text == "do i do" && q.prompted:
		q.query = query{own: true, kind: isJob, sure: true}
	case n > 1 && q.plain[n-1] == "in" && q.plain[n-2] == "live": // which town do I live in
		q.kind, q.content = isHome, nil
	case len(q.about) == 1 && q.about[0].plain == "favourite" && len(q.content) == 1: // which colour is my favourite
		q.about, q.content = append(q.about[:1:1], word{q.content[0], q.content[0]}), nil
	}
}

// finish decides whether the question has a name in it, and whether not knowing is an
// answer. It reports false if nobody can have told.
func (q *question) finish() (query, bool) {
	if content := len(q.content); !q.own && len(q.about) == 0 && content > 0 {
		switch {
		case q.asking == "who" && content < 3:
			q.kind, q.names = isName, q.content
			return q.query, true
		case content < 5:
			q.named = true
			if q.asking == "what" && q.plain[len(q.plain)-1] == "do" {
				q.kind |= isJob
			}
			return q.query, true
		}
	}
	thing := len(q.about) > 0
	q.sure = q.own && (q.sure || q.asking == "when" || thing && len(q.plain) > 1 && isBe(q.plain[1]) || len(q.content) == 0 && (thing || q.kind != 0))
	return q.query, q.own || thing && q.kind&(isTime|isPlace|isName) != 0 && q.asking != "who"
}

// isLiking reports whether a verb asks for what somebody likes.
func isLiking(w string) bool {
	return slices.Contains([]string{"like", "love", "enjoy", "hate", "prefer"}, w)
}

// negates reports whether words say that something is not so.
func negates(words []word) bool {
	return holds(words, "not") || holds(words, "never") || holds(words, "hate") || holds(words, "hates")
}
