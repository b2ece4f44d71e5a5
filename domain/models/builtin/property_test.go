package builtin_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"parley/domain/models"
	"parley/domain/models/builtin"
)

// lines are things that people say.
var lines = []string{
	"hello", "hi there", "ok", "yes", "no", "maybe", "idk", "why?", "lol", "thanks", "I don't know", "what?", "cool", "whatever", "hmm",
	"I am sad", "I'm so tired of everything", "I feel lonely today", "I am angry with my boss", "I'm worried about my mother", "I can't sleep", "I am happy because my brother came",
	"my dog is called Rex", "no, my dog is called Max", "what is my dog's name?", "my sister lives in Porto", "where does my sister live?", "I live in Leeds", "where do I live?",
	"I work as a baker", "what's my job?", "what do you know about me?", "do you remember my sister?", "my favourite colour is green", "the meeting is on Friday at 3", "when is the meeting?",
	"you are stupid", "sorry about that", "are you a bot?", "who are you", "tell me a joke", "what can you do?", "do you like music?", "I think you are wrong about me", "you and I are alike",
	"why are you so slow", "were you there when I was ill", "I told you that you were right", "you told me you love me", "I hope you are well", "let me tell you about my garden", "my garden is too big for us",
	"you remind me of my mother", "I want you to help me", "can you help me with my homework", "if I were you I would leave", "I was thinking about you and me", "are you listening to yourself?",
	"what is the capital of France?", "what time is it", "2+2?", "I dreamed about you last night", "nobody likes me", "everybody says that you are mine", "I am not who you think I am", "was I rude to you?",
	"the house of my parents was sold", "it rains", "she never listens to me", "they are my friends", "we lost our keys", "I have two cats", "my back hurts", "I should go", "you never answer me", "I always forget my keys",
	"asdfjkl", "\U0001F600", "12345", "\u05e9\u05dc\u05d5\u05dd", "ich bin nicht da", "I said \"you are what you eat\"", "you me you me", "I I I", "my my my", "you you", "are are am I you", "{1} {name}", "yourself myself", "",
}

// broken finds what no answer may hold.
var broken = []*regexp.Regexp{
	regexp.MustCompile(`[{}]`),
	regexp.MustCompile(`(?i)\b(I are|you am|me am|you is|I is|my am|me are|I were|you was)\b`),
	regexp.MustCompile(`  |\.\.|\?\?|,,| ,| \.| \?`),
	regexp.MustCompile(`\bi\b`),
}

// odd lines are word salad, which may be said back as such.
var odd = map[string]bool{"you me you me": true, "I I I": true, "my my my": true, "you you": true, "are are am I you": true, "yourself myself": true}

// doubled returns a word that stands twice in a row.
func doubled(text string) string {
	words := strings.Fields(strings.ToLower(text))
	for i := 1; i < len(words); i++ {
		if words[i] == words[i-1] && words[i] != "that" {
			return words[i]
		}
	}
	return ""
}

func TestLongConversationsDoNotRepeatThemselvesOrBreak(t *testing.T) {
	m := newModel()
	styles := [][]string{nil, {"lowercase only"}, {"never ask questions"}, {"one sentence"}, {"uses emoji"}}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 7))
		character := eliza
		character.Style = styles[seed%uint64(len(styles))]
		var conversation []models.Turn
		var said []string
		salad := false
		for range 150 {
			line := lines[random.IntN(len(lines))]
			salad = salad && len(conversation)%40 != 0 || odd[line]
			speaker := []string{ann, bob}[random.IntN(2)*int(seed%2)]
			question := models.Turn{Speaker: speaker, Name: map[string]string{ann: "Ann", bob: "Bob"}[speaker], Text: line}
			p := models.Prompt{Character: character, Conversation: conversation[max(0, len(conversation)-50):], Question: question}
			c, err := m.Reply(t.Context(), p, ignore)
			if err != nil {
				t.Fatal(err)
			}
			for _, before := range said[max(0, len(said)-12):] {
				if before == c.Text {
					t.Errorf("%d: %q is answered with %q once more", seed, line, c.Text)
				}
			}
			for _, r := range broken {
				if character.Style == nil && !salad && r.MatchString(c.Text) {
					t.Errorf("%d: %q is answered with %q", seed, line, c.Text)
				}
			}
			if w := doubled(c.Text); w != "" && !salad {
				t.Errorf("%d: %q is answered with %q", seed, line, c.Text)
			}
			if c.Text == "" || strings.Contains(strings.Join(character.Style, ""), "never ask") && strings.HasSuffix(c.Text, "?") {
				t.Errorf("%d: %q is answered with %q", seed, line, c.Text)
			}
			said = append(said, c.Text)
			conversation = append(conversation, question, models.Turn{Own: true, Text: c.Text})
		}
	}
}

func TestTheSameTemplateRests(t *testing.T) {
	m := newModel()
	var conversation []models.Turn
	var said []string
	for n := range 6 {
		question := says(fmt.Sprintf("Ann: I love the number %d", n))
		c, err := m.Reply(t.Context(), models.Prompt{Character: eliza, Conversation: conversation, Question: question}, ignore)
		if err != nil {
			t.Fatal(err)
		}
		shape := regexp.MustCompile(`\d`).ReplaceAllString(c.Text, "#")
		for _, before := range said {
			if before == shape {
				t.Errorf("turn %d has the shape %q again", n, shape)
			}
		}
		said = append(said, shape)
		conversation = append(conversation, question, models.Turn{Own: true, Text: c.Text})
	}
}

func TestTheScriptIsAsLargeAsPromised(t *testing.T) {
	if n := builtin.Keywords(); n < 80 {
		t.Errorf("it has %d keywords", n)
	}
}
