package agents

import (
	"cmp"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
)

// Who writes in the tests of this file.
const (
	us    domain.AgentID  = "b850bc30-45f8-0041-a00a-83df46d8555d"
	other domain.AgentID  = "9fb8dd35-266b-032c-b580-cc74f9a6cbd5"
	ann   domain.EntityID = "22222222-2222-4222-8222-222222222222"
	bob   domain.EntityID = "33333333-3333-4333-8333-333333333333"
)

// said is a message of an author.
func said(author domain.EntityID) messaging.Message {
	return messaging.Message{ID: domain.NewID[domain.MessageID](), AuthorID: author}
}

// says is a message of an author with a text.
func says(author domain.EntityID, text string) messaging.Message {
	m := said(author)
	m.Content = text
	return m
}

// repeat is the message n times.
func repeat(n int, m messaging.Message) []messaging.Message {
	list := make([]messaging.Message, n)
	for i := range list {
		list[i] = m
	}
	return list
}

func TestWhenAnAgentAnswers(t *testing.T) {
	ours, theirs, anns := said(domain.EntityID(us)), said(domain.EntityID(other)), said(ann)
	smith := []Agent{{ID: other, Character: Character{Name: "Smith"}}}
	tests := []struct {
		name     string
		kind     messaging.ChannelType
		question messaging.Message
		before   []messaging.Message
		run      int
		options  RespondOptions
		settings string
		// others are other agents that take part, the first ahead of them listed before us.
		others []Agent
		ahead  int
		want   bool
	}{
		{name: "always in a DM", kind: messaging.TypeDM, question: said(ann), before: repeat(3, said(bob)), want: true},
		{name: "always in a voice DM", kind: messaging.TypeVoiceDM, question: said(ann), before: repeat(3, said(bob)), want: true},
		{name: "always in its own room", kind: messaging.TypeSelf, question: said(ann), before: repeat(3, said(bob)), want: true},
		{name: "always over the API", kind: messaging.TypeAPI, question: said(ann), before: repeat(3, said(bob)), want: true},
		{name: "not in a busy group", question: said(ann), before: repeat(3, said(bob)), want: false},
		{name: "from the chat page", question: messaging.Message{AuthorID: ann, SourceType: "client_chat"}, before: repeat(3, said(bob)), want: true},
		{name: "not from the group chat page", question: messaging.Message{AuthorID: ann, SourceType: "client_group_chat"},
			before: repeat(3, said(bob)), want: false},
		{name: "in a type that an option names", kind: messaging.TypeForum, question: said(ann), before: repeat(3, said(bob)),
			options: RespondOptions{Types: []string{"forum"}}, want: true},
		{name: "from a source that an option names", question: messaging.Message{AuthorID: ann, SourceType: "Telegram-bot"},
			before: repeat(3, said(bob)), options: RespondOptions{Sources: []string{"telegram"}}, want: true},
		{name: "in a type that its settings name", kind: messaging.TypeThread, question: said(ann), before: repeat(3, said(bob)),
			settings: "FEED, THREAD", want: true},
		{name: "an empty option changes nothing", question: said(ann), before: repeat(3, said(bob)),
			options: RespondOptions{Sources: []string{""}}, want: false},
		{name: "when its name is called", question: messaging.Message{AuthorID: ann, Content: "What does @ELIZA say?"},
			before: repeat(3, said(bob)), want: true},
		{name: "when its username is called", question: messaging.Message{AuthorID: ann, Content: "ask liz99"},
			before: repeat(3, said(bob)), want: true},
		{name: "not for a part of a word", question: messaging.Message{AuthorID: ann, Content: "Elizabeth, come"},
			before: repeat(3, said(bob)), want: false},
		{name: "when its message is replied to", question: messaging.Message{AuthorID: ann, InReplyTo: ours.ID},
			before: []messaging.Message{said(bob), ours}, want: true},
		{name: "not when another's message is replied to", question: messaging.Message{AuthorID: ann, InReplyTo: ours.ID},
			before: []messaging.Message{said(bob)}, want: false},
		{name: "when alone with the author", question: said(ann), before: append(repeat(3, said(ann)), ours), want: true},
		{name: "when the others have long been silent", question: said(ann), before: append(repeat(20, said(ann)), said(bob)), want: true},
		{name: "not when another spoke within twenty messages", question: said(ann), before: append(repeat(19, said(ann)), said(bob)), want: false},
		{name: "to another agent", kind: messaging.TypeAPI, question: said(domain.EntityID(other)), run: 5, want: true},
		{name: "not after six agent messages in a row", kind: messaging.TypeAPI, question: said(domain.EntityID(other)), run: 6, want: false},
		{name: "not after a configured number", kind: messaging.TypeAPI, question: said(domain.EntityID(other)), run: 2,
			options: RespondOptions{ChainLimit: 2}, want: false},
		{name: "to a human however many agents spoke", kind: messaging.TypeDM, question: said(ann), run: 9, want: true},
		{name: "not when another agent is called", question: messaging.Message{AuthorID: ann, Content: "Smith, are you there?"}, others: smith, want: false},
		{name: "when both are called", question: messaging.Message{AuthorID: ann, Content: "Smith and Eliza!"}, others: smith, want: true},
		{name: "not when another agent's message is replied to", question: messaging.Message{AuthorID: ann, InReplyTo: theirs.ID},
			before: []messaging.Message{ours, theirs}, others: smith, want: false},
		{name: "not when the author replies to a person", question: messaging.Message{AuthorID: ann, InReplyTo: anns.ID},
			before: []messaging.Message{anns}, want: false},
		{name: "first of several when nobody is addressed", question: said(ann), others: smith, want: true},
		{name: "not when another agent is listed first", question: said(ann), others: smith, ahead: 1, want: false},
		{name: "when it spoke last among the agents", question: said(ann), before: []messaging.Message{said(ann), ours, theirs}, others: smith, want: true},
		{name: "not when another agent spoke last", question: said(ann), before: []messaging.Message{said(ann), theirs, ours}, others: smith, want: false},
		{name: "not after it was told to be quiet", question: said(ann), before: []messaging.Message{says(ann, "Eliza, be quiet please")}, want: false},
		{name: "when called although it was told to be quiet", question: says(ann, "Eliza?"), before: []messaging.Message{says(ann, "Eliza, be quiet please")}, want: true},
		{name: "not when replied to after it was told to be quiet", question: messaging.Message{AuthorID: ann, InReplyTo: ours.ID},
			before: []messaging.Message{ours, says(ann, "hush, eliza")}, want: false},
		{name: "after it was told to talk again", question: said(ann),
			before: []messaging.Message{says(ann, "you may talk again, Eliza"), says(ann, "Eliza, be quiet")}, want: true},
		{name: "although somebody else was told to be quiet", question: said(ann), before: []messaging.Message{says(ann, "be quiet, dog")}, want: true},
		{name: "although an agent told it to be quiet", question: said(ann), before: []messaging.Message{says(domain.EntityID(us), "Eliza, be quiet")}, want: true},
		{name: "instead of another that was told to be quiet", question: said(ann),
			before: []messaging.Message{theirs, says(ann, "Smith, be quiet")}, others: smith, ahead: 1, want: true},
		{name: "in a DM although it was told to be quiet", kind: messaging.TypeDM, question: said(ann), before: []messaging.Message{says(ann, "Eliza, be quiet")}, want: true},
		{name: "not to an agent that nobody asked", question: said(domain.EntityID(other)), before: repeat(2, said(ann)), run: 1, want: false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			agent := Agent{ID: us, Character: Character{Name: "Eliza", Username: "liz99"}}
			if tt.kind == "" {
				tt.kind = messaging.TypeGroup
			}
			tt.options.ChainLimit = cmp.Or(tt.options.ChainLimit, 6)
			got, why := tt.options.shouldRespond(situation{
				agent: agent, channel: messaging.Channel{Type: tt.kind}, question: tt.question, before: tt.before, run: tt.run,
				others: tt.others, ahead: tt.ahead,
				setting: func(name string) string { return map[string]string{"SHOULD_RESPOND_BYPASS_TYPES": tt.settings}[name] },
				wrote: func(m messaging.Message) bool {
					return m.AuthorID == domain.EntityID(us) || m.AuthorID == domain.EntityID(other)
				},
			})
			if got != tt.want {
				t.Errorf("answers: %t (%s)", got, why)
			}
		})
	}
}

func TestMentionsAreWholeWords(t *testing.T) {
	tests := []struct {
		text, name string
		want       bool
	}{
		{"eliza", "Eliza", true},
		{"@Eliza!", "Eliza", true},
		{"Elizas and Eliza", "Eliza", true},
		{"re-eliza", "Eliza", true},
		{"my_eliza", "Eliza", false},
		{"\u00e9liza", "liza", false},
		{"ask agent smith now", "Agent Smith", true},
		{"\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd", true},
		{"anything", "", false},
		{"anything", "  ", false},
		{strings.Repeat("eliz", 25_000), "Eliza", false},
	}
	for _, tt := range tests {
		if got := mentions(tt.text, tt.name); got != tt.want {
			t.Errorf("mentions(%.30q, %q) = %t", tt.text, tt.name, got)
		}
	}
}

func FuzzMentions(f *testing.F) {
	f.Add("hello Eliza", "eliza")
	f.Add("\xffa", "a")
	f.Add("\u0130", "i")
	f.Fuzz(func(_ *testing.T, text, name string) { mentions(text, name) })
}
