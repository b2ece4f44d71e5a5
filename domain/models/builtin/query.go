package builtin

import (
	"slices"
	"strings"
)

// query is a question for something that was told.
type query struct {
	// about is the thing, nil for the asker; own says that it is the asker's own.
	about []word
	own   bool
	kind  kind
	// content are further words that the fact should have to do with.
	content []string
	// named says that the content may hold a name, and who is that name once it is known;
	// a fact must hold it, and the names of the content.
	named bool
	who   string
	names []string
	// of is whose facts are asked for, "" for the asker's or anybody's.
	of string
	// negative says that it asks for what is not so.
	negative bool
	// sure says that nothing else can be meant, so that not knowing is an answer too.
	sure bool
	// whether asks for yes or no, so that its about may hold the answer, too.
	whether bool
	// all asks for everything about it, last for what was said last.
	all, last bool
}

// query understands a clause as a question for something told. It reports false if it
// is none.
func (m *Model) query(c clause) (query, bool) {
	words := m.language.opened(c.words)
	rest, prompted := unprompted(words)
	if len(rest) == 0 || len(rest) > 20 {
		return query{}, false
	}
	if q, ok := m.queryAll(rest, prompted); ok {
		return q, true
	}
	switch rest[0].plain {
	case "what", "which", "who", "where", "when", "how", "whose":
		if c.mark != '?' && !prompted && len(rest) > 1 && subordinate(rest[1].plain) {
			return query{}, false
		}
		return m.queryOne(rest, prompted)
	case "is", "are", "was", "do", "did", "am", "have":
		if c.mark != '?' || prompted || len(rest) < 3 || rest[1].plain != "my" && rest[1].plain != "i" {
			return query{}, false
		}
		q := m.target(rest[1:])
		q.whether = true
		q.sure = rest[0].plain == "do" && rest[1].plain == "i" && (isTasting(rest[2].plain) || rest[2].plain == "have")
		return q, len(q.about) > 0 || len(q.content) > 0
	default:
		return query{}, false
	}
}

// subordinate reports whether w after "when" and the like makes no question of it, but
// a part of a statement: "when I was young".
func subordinate(w string) bool {
	return slices.Contains([]string{"i", "we", "you", "he", "she", "it", "they", "my", "our", "the"}, w)
}

// prompts are polite ways to begin a question.
var prompts = [][]string{
	{"do", "you", "still", "remember"}, {"do", "you", "remember"}, {"do", "you", "recall"}, {"do", "you", "still", "know"}, {"do", "you", "know"}, {"you", "remember"}, {"remember"},
	{"can", "you", "tell", "me"}, {"could", "you", "tell", "me"}, {"can", "you", "remind", "me"}, {"can", "you", "remember"}, {"would", "you", "remember"}, {"tell", "me", "again"}, {"tell", "me"},
	{"remind", "me"}, {"did", "you", "forget"}, {"have", "you", "forgotten"}, {"i", "forgot"}, {"can", "you", "say"}, {"guess"},
}

// unprompted takes such a beginning off and reports whether there was one.
func unprompted(words []word) ([]word, bool) {
	for _, p := range prompts {
		if len(words) > len(p) && startsWith(words, p) {
			return words[len(p):], true
		}
	}
	return words, false
}

// queryAll understands questions for all that was told about something.
func (m *Model) queryAll(words []word, prompted bool) (query, bool) {
	text := strings.Join(plainWords(words), " ")
	told := slices.ContainsFunc([]string{"what did i tell", "what did i say", "what have i told", "what have i said", "what did i mention", "what was i telling", "what was i saying", "what i told", "what i said", "anything i told", "anything i said"},
		func(lead string) bool { return strings.HasPrefix(text, lead) })
	known := slices.ContainsFunc([]string{"what do you know", "what do you remember", "what else do you know", "what else do you remember", "what you know", "what you remember", "what can you remember", "what have you learned", "everything you know", "how much do you know"},
		func(lead string) bool { return strings.HasPrefix(text, lead) })
	at := slices.IndexFunc(words, func(w word) bool { return w.plain == "about" })
	switch {
	case (told || known) && at >= 0:
		return m.allAbout(words[at+1:])
	case told:
		return query{last: true, own: true, sure: true}, true
	case prompted && at == 0 && len(words) > 1 && words[1].plain == "my":
		return m.allAbout(words[1:])
	case prompted && (text == "me" || text == "who i am"):
		return query{all: true, own: true, sure: true}, true
	case prompted && words[0].plain == "my":
		q := m.target(words)
		q.all = q.kind == 0
		q.sure = len(q.content) == 0
		return q, len(q.about) > 0 || q.kind != 0
	default:
		return query{}, false
	}
}

// allAbout asks for everything about what words name.
func (m *Model) allAbout(words []word) (query, bool) {
	if len(words) == 0 || words[0].plain == "you" || words[0].plain == "yourself" || words[0].plain == "your" {
		return query{}, false
	}
	if words[0].plain == "me" || words[0].plain == "myself" {
		return query{all: true, own: true, sure: true}, true
	}
	q := m.target(words)
	q.kind = 0
	if len(q.about) == 0 {
		for _, w := range words {
			if !m.language.function[w.plain] {
				q.about = append(q.about, w)
			}
		}
	}
	q.all, q.own = true, words[0].plain == "my" || words[0].plain == "our"
	q.sure = q.own
	return q, len(q.about) > 0
}

// queryOne understands a question for one thing, in either order of its words: "what
// is my dog called", "what my dog is called".
func (m *Model) queryOne(words []word, prompted bool) (query, bool) {
	asking, rest := words[0].plain, words[1:]
	if len(rest) == 0 || slices.ContainsFunc(rest, func(w word) bool {
		return slices.Contains([]string{"should", "could", "would", "can", "cannot", "must", "might", "will", "you", "your", "wrong", "mean", "means"}, w.plain)
	}) {
		return query{}, false
	}
	plain := plainWords(rest)
	if slices.Contains(plain, "or") || slices.Contains(plain, "than") { // asks to choose or to compare
		return query{}, false
	}
	q := m.target(rest)
	q.negative = negates(rest)
	if n := len(q.about); n > 1 && strings.HasSuffix(q.about[n-1].plain, "ing") && isBe(plain[0]) && (asking == "what" || m.isLiving(q.about[n-2].plain)) { // what is my son studying
		q.content, q.about = append(q.content, q.about[n-1].plain), q.about[:n-1]
	}
	if last := plain[len(plain)-1]; asking == "what" && len(q.about) > 0 && len(q.content) == 0 && (plain[0] == "does" || plain[0] == "did") && slices.Contains([]string{"say", "think", "know", "want", "need"}, last) {
		q.content = []string{last}
	}
	named := slices.Contains(plain, "called") || slices.Contains(plain, "named") || slices.Contains(plain, "of") && (slices.Contains(plain, "name") || slices.Contains(plain, "names"))
	text := strings.Join(plain, " ")
	switch asking {
	case "who":
		q.kind |= isName | isBeing | isHaving
		if text == "am i" || text == "i am" {
			q.kind, q.sure = isName, true
		}
		if q.own && len(q.about) == 0 && len(q.names) > 0 { // who do I go to Spain with
			q.kind = 0
		}
	case "where":
		m.whereabouts(&q, plain)
	case "when":
		q.kind = isTime | isBirth
		if q.own && !holds(rest, "my") && !holds(rest, "our") { // when do I see the dentist
			q.content, q.about = append(q.content, plainWords(q.about)...), nil
		}
	case "how":
		switch {
		case plain[0] == "old":
			q.kind = isAge | isBirth
		case slices.Contains([]string{"many", "much", "tall"}, plain[0]) || plain[0] == "long" && (prompted || len(plain) > 1 && (plain[1] == "have" || plain[1] == "has")):
			q.sure = false
			if plain[0] == "many" && slices.Contains(plain, "have") {
				q.kind = isHaving
			}
			return q, q.own
		case !named:
			return query{}, false
		}
	case "what", "which", "whose":
		if q.own && strings.Contains(text, "for a living") || strings.HasSuffix(text, "i do for work") || text == "do i do" && prompted {
			q = query{own: true, kind: isJob, sure: true}
		}
		if n := len(plain); n > 1 && plain[n-1] == "in" && plain[n-2] == "live" { // which town do I live in
			q.kind, q.content = isHome, nil
		}
	}
	if named {
		q.kind = isName
	}
	if slices.ContainsFunc(plain, func(w string) bool { return w == "like" || w == "love" || w == "enjoy" || w == "hate" || w == "prefer" }) {
		q.kind |= isTaste
	}
	if len(q.about) == 1 && q.about[0].plain == "favourite" && len(q.content) == 1 { // which colour is my favourite
		q.about, q.content = append(q.about[:1:1], word{q.content[0], q.content[0]}), nil
	}
	if asking == "who" && !q.own && len(q.about) == 0 && len(q.content) > 0 && len(q.content) < 3 {
		q.kind, q.names = isName, q.content
		return q, true
	}
	if (asking == "how" && plain[0] == "old" || asking == "where" && q.kind&isTime == 0) && (q.own || len(q.about) > 0) || asking == "where" && len(q.about) > 0 {
		q.content, q.names = nil, nil
	}
	if !q.own && len(q.about) == 0 && len(q.content) > 0 && len(q.content) < 5 {
		q.named = true
		if asking == "what" && slices.Equal(plain[max(0, len(plain)-1):], []string{"do"}) {
			q.kind |= isJob
		}
		return q, true
	}
	q.sure = q.own && (q.sure || asking == "when" || len(q.about) > 0 && len(plain) > 1 && isBe(plain[1]) || len(q.content) == 0 && (len(q.about) > 0 || q.kind != 0))
	return q, q.own || len(q.about) > 0 && q.kind&(isTime|isPlace|isName) != 0 && asking != "who"
}

// negates reports whether words say that something is not so.
func negates(words []word) bool {
	return holds(words, "not") || holds(words, "never") || holds(words, "hate") || holds(words, "hates")
}

// whereabouts tells what kind of place is asked for.
func (m *Model) whereabouts(q *query, plain []string) {
	has := func(w string) bool { return slices.Contains(plain, w) }
	switch {
	case has("born"):
		q.kind = isBirth
	case has("live") || has("lives"):
		q.kind = isHome
	case has("work") || has("works"):
		q.kind = isJob
	case has("from") && len(q.about) == 0:
		q.kind = isPlace
	default:
		q.kind = isPlace | isHome | isTime
	}
}

// kindWords ask for a kind of fact by themselves.
var kindWords = map[string]kind{"name": isName, "names": isName, "job": isJob, "age": isAge, "birthday": isBirth, "address": isHome, "home": isHome, "hometown": isHome,
	"hobby": isTaste, "called": 0, "named": 0, "live": 0, "lives": 0, "work": 0, "works": 0, "born": isBirth, "old": 0, "again": 0, "called?": 0}

// target finds what a question is about: "my dog's name", "the meeting", "I".
func (m *Model) target(words []word) query {
	var q query
	start, end := -1, -1
	for i, w := range words {
		switch w.plain {
		case "my", "our":
			q.own = true
			start = i + 1
		case "i", "me", "we", "am":
			q.own = true
		case "the", "this":
			if start < 0 && i+1 < len(words) && words[i+1].plain != "name" {
				start = i + 1
			}
		}
	}
	if start >= 0 {
		end = start
		for end < len(words) && (!m.language.function[words[end].plain] && (end == start || !m.language.isVerb(words[end].plain)) || words[end].plain == "name" || words[end].plain == "names") {
			end++
		}
		m.aim(&q, words[start:end])
	}
	for i, w := range words {
		if known, ok := kindWords[w.plain]; ok && (i < start || i >= end) {
			if w.plain == "born" {
				q.kind |= known
			}
			continue
		}
		if (i < start || i >= end) && !m.language.function[w.plain] {
			q.content = append(q.content, w.plain)
			if w.plain != w.shown {
				q.names = append(q.names, w.plain)
			}
		}
	}
	return q
}

// aim reads the noun of a question: the thing, and what of it is asked for.
func (m *Model) aim(q *query, noun []word) {
	n := len(noun)
	if n == 0 {
		return
	}
	last := noun[n-1].plain
	root := m.language.root(last)
	asked, ok := kindWords[root]
	switch {
	case ok && asked != 0 && (n == 1 || root == "name" || root == "age" || root == "birthday" || root == "job"):
		q.kind |= asked
		q.about = unowned(noun[:n-1])
		if root == "birthday" {
			q.about = noun
		}
	default:
		q.about = unowned(noun)
	}
}
