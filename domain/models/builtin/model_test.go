package builtin_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/domain/models"
	"parley/domain/models/builtin"
)

// eliza is a character to answer as.
var eliza = models.Character{
	Name:   "Eliza",
	Bio:    []string{"I am a small conversation program.", "I like mornings."},
	Topics: []string{"rest", "dreams"},
}

// ignore takes pieces of an answer and does nothing with them.
func ignore(string) {}

// newModel returns the model under test.
func newModel(t testing.TB) *builtin.Model {
	t.Helper()
	m, err := builtin.New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask returns the model's answer to a question after a conversation.
func ask(t testing.TB, m *builtin.Model, question string, conversation ...models.Turn) models.Completion {
	t.Helper()
	c, err := m.Reply(t.Context(), models.Prompt{
		Character: eliza, Conversation: conversation, Question: models.Turn{Name: "Zed", Text: question},
	}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnswersFitWhatWasSaid(t *testing.T) {
	m := newModel(t)
	tests := []struct {
		says string
		// wants are texts one of which every answer holds.
		wants []string
	}{
		{"Hello!", []string{"Hello", "Hi there", "Good to hear"}},
		{"Who are you?", []string{"Eliza"}},
		{"Tell me about yourself.", []string{"I am a small conversation program.", "I like mornings."}},
		{"Are you a human?", []string{"program", "conversationalist"}},
		{"What can you do?", []string{"I look nothing up", "modest"}},
		{"How are you today?", []string{"how are you", "What about you", "your day"}},
		{"my name is Anna Karenina", []string{"Anna Karenina"}},
		{"I feel lost without you", []string{"lost"}},
		{"I am afraid of the dark", []string{"the dark"}},
		{"I'm so tired of my job", []string{"your job"}},
		{"I can\u2019t sleep at night", []string{"sleep at night", "trying"}},
		{"why don't you help me", []string{"help you"}},
		{"You are a stupid machine", []string{"I am a stupid machine"}},
		{"Nobody understands me", []string{"nobody", "exception"}},
		{"EVERYBODY HATES ME", []string{"everybody", "exception"}},
		{"My mother came to see us", []string{"your mother"}},
		{"my cat died", []string{"your cat"}},
		{"I think you are lying to me", []string{"you that", "speaks against", "that view", "I am lying to you"}},
		{"I love you", []string{"love"}},
		{"What is the capital of France?", []string{"look", "Facts are beyond"}},
		{"How does an engine work", []string{"knowledge", "look nothing up"}},
		{"thanks, Eliza", []string{"welcome", "Gladly", "Any time"}},
		{"bye", []string{"Goodbye", "Take care", "next time"}},
		{"It rains, but I am happy", []string{"Good to hear", "keep it that way", "brought that about"}},
		{"\U0001F44D\U0001F44D", []string{"words"}},
		{"12345 !!", []string{"words"}},
		{"\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", []string{"English"}},
		{" \n\t ", []string{"nothing", "your time", "Whenever"}},
		{"", []string{"nothing", "your time", "Whenever"}},
		{"Eliza", []string{"?", "."}},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			for id := range 12 {
				got := ask(t, m, tt.says, make([]models.Turn, id)...)
				if got.Thought == "" || !holdsOne(got.Text, tt.wants) {
					t.Errorf("answer %d is %q (%s), want one of %q in it", id, got.Text, got.Thought, tt.wants)
				}
			}
		})
	}
}

// holdsOne reports whether one of the parts occurs in text.
func holdsOne(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func TestWordsAreSaidFromTheOtherSide(t *testing.T) {
	m := newModel(t)
	tests := []struct{ says, want string }{
		{"Do you like my old house", "your old house"},
		{"I cannot look at you", "look at me"},
		{"I cannot tell you what I want", "tell me what you want"},
		{"I enjoy what you are doing for me", "what I am doing for you"},
		{"I think I was right about your plan", "you were right about my plan"},
		{"I remember when you told me", "when I told you"},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			for id := range 20 {
				if strings.Contains(ask(t, m, tt.says, make([]models.Turn, id)...).Text, tt.want) {
					return
				}
			}
			t.Errorf("no answer holds %q", tt.want)
		})
	}
}

func TestNothingIsSaidTwiceInAConversationOfTwelveTurns(t *testing.T) {
	m := newModel(t)
	for _, says := range []string{"hello", "ok", "I feel sad", "What is that?", "Who are you?", "my dog is ill", "yes"} {
		t.Run(says, func(t *testing.T) {
			var conversation []models.Turn
			said := map[string]bool{}
			for turn := range 12 {
				got := ask(t, m, says, conversation...).Text
				if got == "" || said[got] {
					t.Fatalf("turn %d says %q again", turn, got)
				}
				said[got] = true
				conversation = append(conversation, models.Turn{Text: says}, models.Turn{Own: true, Text: got})
			}
		})
	}
}

func TestWhenEverythingWasSaidTheOldestComesBack(t *testing.T) {
	m := newModel(t)
	var conversation []models.Turn
	last := ""
	for turn := range 60 {
		got := ask(t, m, "", conversation...).Text
		if got == "" || got == last {
			t.Fatalf("turn %d says %q right after saying it", turn, got)
		}
		last = got
		conversation = append(conversation, models.Turn{Own: true, Text: got})
	}
}

func TestItComesBackToWhatWasSaidEarlier(t *testing.T) {
	m := newModel(t)
	before := []models.Turn{{Text: "My garden is too big for me"}, {Own: true, Text: "I see."}}
	for id := range 30 {
		if strings.Contains(ask(t, m, fmt.Sprint("Blue skies ", id), before...).Text, "your garden") {
			return
		}
	}
	t.Error("the garden never came up again")
}

func TestTheSameQuestionGetsTheSameAnswer(t *testing.T) {
	first := ask(t, newModel(t), "I want a quiet evening")
	for range 5 {
		if again := ask(t, newModel(t), "I want a quiet evening"); again != first {
			t.Fatalf("%q, then %q", first, again)
		}
	}
}

func TestACharacterWithNothingButANameCanAnswer(t *testing.T) {
	m := newModel(t)
	for _, says := range []string{"tell me about yourself", "ok", "who are you?"} {
		for id := range 20 {
			c, err := m.Reply(t.Context(), models.Prompt{
				Character: models.Character{Name: "X"}, Question: models.Turn{Text: says},
				Conversation: make([]models.Turn, id),
			}, ignore)
			if err != nil || c.Text == "" || strings.Contains(c.Text, "{") {
				t.Fatalf("%q is answered with %q, %v", says, c.Text, err)
			}
		}
	}
}

func TestLongTextsAreAnsweredFastAndBriefly(t *testing.T) {
	m := newModel(t)
	for name, says := range map[string]string{
		"one word":      strings.Repeat("a", 100_000),
		"one clause":    strings.Repeat("i feel ", 100_000/7),
		"many clauses":  strings.Repeat("i am my mother. ", 100_000/16),
		"almost a rule": strings.Repeat("i do not ", 100_000/9),
		"emoji":         strings.Repeat("\U0001F600", 100_000),
		"marks":         strings.Repeat("\u0301", 100_000),
		"apostrophes":   strings.Repeat("'", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got := ask(t, m, says)
			if got.Text == "" || len(got.Text) > 500 {
				t.Errorf("answer of %d bytes", len(got.Text))
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestAnEndedContextIsRespected(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newModel(t).Reply(ctx, models.Prompt{}, ignore); err == nil {
		t.Error("answered all the same")
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"", "hello", "I'm you're why don't you", "* @feel _ {1} {name}", "\xff\xfe i am", "my my my", "\u05e9 \U0001F600 ' - but but"} {
		f.Add(seed, "Eliza")
	}
	m := newModel(f)
	f.Fuzz(func(t *testing.T, says, name string) {
		p := models.Prompt{Character: models.Character{Name: name}, Question: models.Turn{Text: says},
			Conversation: []models.Turn{{Text: says}, {Own: true, Text: name}}}
		c, err := m.Reply(t.Context(), p, ignore)
		if err != nil || c.Text == "" {
			t.Fatalf("%q is answered with %q, %v", says, c.Text, err)
		}
		if len(c.Text) > 500+2*len(name) {
			t.Fatalf("%q is answered with %d bytes", says, len(c.Text))
		}
	})
}

func BenchmarkReply(b *testing.B) {
	m := newModel(b)
	p := models.Prompt{Character: eliza, Question: models.Turn{Text: "I think my brother is angry with me because I forgot his birthday."}}
	for b.Loop() {
		if _, err := m.Reply(b.Context(), p, ignore); err != nil {
			b.Fatal(err)
		}
	}
}
