package agents

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/domain"
	"parley/domain/messaging"
)

// RespondOptions add to the rules of when an agent answers.
type RespondOptions struct {
	// Types are channel types in which agents always answer, beside DM, VOICE_DM,
	// SELF and API; in any case.
	Types []string
	// Sources are texts that, contained in a message's source, make agents answer,
	// beside client_chat; in any case.
	Sources []string
	// ChainLimit is how many agent messages may stand in a row, without a human one,
	// for an agent to answer an agent, at least 1. More costs model calls nobody asked for.
	ChainLimit int
}

// crowded is why an agent does not answer the last of many agents.
const crowded = "too many agent messages in a row"

// quietWindow is how many messages back another human counts as taking part.
const quietWindow = 20

// situation is what the decision to answer is made of.
type situation struct {
	agent    Agent
	channel  messaging.Channel
	question messaging.Message
	// before are the messages before the question, newest first.
	before []messaging.Message
	// others are the other active agents that take part, in the channel's order; the
	// first ahead of them stand before the agent itself.
	others []Agent
	ahead  int
	// run is the number of agent messages at the end of the channel, up to the present.
	run int
	// setting returns a setting of the agent's, "" if it is not set.
	setting func(name string) string
	// wrote tells whether an agent wrote a message.
	wrote func(messaging.Message) bool
}

// shouldRespond decides whether the agent answers, and says why in a few words.
// In private channels and from the reference's chat page it always does. In groups
// it does when it is spoken to (by name, or by a reply to a message of its own), also
// after it was told to be quiet there. What is said to somebody else it leaves alone.
// What is said to nobody it answers when no human but the author took part lately; of
// several agents only one does: the one that spoke last, else the channel's first.
// Agents answer one another only while few agent messages stand in a row.
func (o RespondOptions) shouldRespond(s situation) (bool, string) {
	switch {
	case s.wrote(s.question) && s.run >= o.ChainLimit:
		return false, crowded
	case o.bypasses(s):
		return true, "always answers here"
	case s.agent.named(s.question):
		return true, "its name was mentioned"
	case s.muted(s.agent):
		return false, "it was told to be quiet"
	case s.answersAgent():
		return true, "its message was replied to"
	case s.addressesOther():
		return false, "somebody else is addressed"
	case !s.aloneWithAuthor():
		return false, "others are talking"
	case !s.speaksForAll():
		return false, "another agent has the word"
	default:
		return true, "nobody else takes part"
	}
}

// named reports whether a message mentions the agent.
func (a Agent) named(m messaging.Message) bool {
	return mentions(m.Content, a.Character.Name) || mentions(m.Content, a.Character.Username)
}

// quieting and waking are what tells an agent, called by its name, to be quiet in a
// group, and to take part again.
var (
	quieting = []string{"be quiet", "stay quiet", "be silent", "stop talking", "stop answering", "shut up", "hush"}
	waking   = []string{"talk again", "speak again", "you can talk", "you may talk", "you can speak", "you may speak", "come back"}
)

// muted reports whether a person told an agent to be quiet, and nobody since then to
// take part again. It holds for as long as that is among the messages before.
func (s situation) muted(a Agent) bool {
	for _, m := range s.before {
		if s.wrote(m) || !a.named(m) {
			continue
		}
		says := func(words string) bool { return mentions(m.Content, words) }
		switch {
		case slices.ContainsFunc(waking, says):
			return false
		case slices.ContainsFunc(quieting, says):
			return true
		}
	}
	return false
}

// addressesOther reports whether the question mentions another agent, or replies to a
// message that is not the agent's.
func (s situation) addressesOther() bool {
	if slices.ContainsFunc(s.others, func(a Agent) bool { return a.named(s.question) }) {
		return true
	}
	return s.question.InReplyTo != "" && slices.ContainsFunc(s.before, func(m messaging.Message) bool {
		return m.ID == s.question.InReplyTo && m.AuthorID != domain.EntityID(s.agent.ID)
	})
}

// speaksForAll reports whether it is this agent that answers what is said to nobody.
// Others that were told to be quiet do not count.
func (s situation) speaksForAll() bool {
	for _, m := range s.before[:min(len(s.before), quietWindow)] {
		if m.AuthorID == domain.EntityID(s.agent.ID) {
			return true
		}
		if slices.ContainsFunc(s.others, func(a Agent) bool { return domain.EntityID(a.ID) == m.AuthorID && !s.muted(a) }) {
			return false
		}
	}
	return !slices.ContainsFunc(s.others[:s.ahead], func(a Agent) bool { return !s.muted(a) })
}

// bypasses reports whether channel type or source make agents answer always.
func (o RespondOptions) bypasses(s situation) bool {
	types := append([]string{string(messaging.TypeDM), string(messaging.TypeVoiceDM), string(messaging.TypeSelf), string(messaging.TypeAPI)},
		o.Types...)
	types = append(types, entries(s.setting("SHOULD_RESPOND_BYPASS_TYPES"))...)
	if slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, string(s.channel.Type)) }) {
		return true
	}
	sources := append([]string{"client_chat"}, o.Sources...)
	sources = append(sources, entries(s.setting("SHOULD_RESPOND_BYPASS_SOURCES"))...)
	source := strings.ToLower(s.question.SourceType)
	return slices.ContainsFunc(sources, func(part string) bool {
		return part != "" && strings.Contains(source, strings.ToLower(part))
	})
}

// answersAgent reports whether the question is a reply to a message of the agent.
func (s situation) answersAgent() bool {
	return s.question.InReplyTo != "" && slices.ContainsFunc(s.before, func(m messaging.Message) bool {
		return m.ID == s.question.InReplyTo && m.AuthorID == domain.EntityID(s.agent.ID)
	})
}

// aloneWithAuthor reports whether no human but the question's author has spoken lately.
func (s situation) aloneWithAuthor() bool {
	recent := s.before[:min(len(s.before), quietWindow)]
	return !slices.ContainsFunc(recent, func(m messaging.Message) bool {
		return m.AuthorID != s.question.AuthorID && !s.wrote(m)
	})
}

// agentRun counts the agent messages at the head of a list, newest first.
func agentRun(newest []messaging.Message, wrote func(messaging.Message) bool) int {
	for i, m := range newest {
		if !wrote(m) {
			return i
		}
	}
	return len(newest)
}

// mentions reports whether name occurs in text as a word of its own, in any case.
// Its cost is linear in the text for the short names that characters have.
func mentions(text, name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		return false
	}
	text = strings.ToLower(text)
	for from := 0; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return false
		}
		start, end := from+at, from+at+len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !wordRune(before) && !wordRune(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
}

// wordRune reports whether r can be part of a word.
func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_')
}

// entries are the entries of a comma list.
func entries(list string) []string {
	var all []string
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}
