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
	told := slices.ContainsFunc([]string{"what did i tell", "what did i say", "what have i told", "what have i said", "what did i mention", "what was i telling", "did i tell", "did i mention", "have i told", "what was i saying", "what i told", "what i said", "anything i told", "anything i said"},
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
			if isCapitalised(w) {
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
