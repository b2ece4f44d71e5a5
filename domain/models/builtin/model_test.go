package builtin_test

import (
	"context"
	"fmt"
	"regexp"
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
func newModel() *builtin.Model { return builtin.New(builtin.Options{}) }

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
	m := newModel()
	tests := []struct {
		says string
		// want is what every answer holds; not is what none does.
		want, not string
	}{
		{"Hello!", `Hello|Hi|Good to hear`, ``},
		{"Who are you?", `Eliza`, ``},
		{"Tell me about yourself.", `I am a small conversation program\.|I like mornings\.`, ``},
		{"Are you a human?", `program|set of rules`, `Yes`},
		{"Are you ChatGPT?", `program|set of rules`, `Yes`},
		{"What can you do?", `listen|Conversation|thinking aloud`, ``},
		{"How are you today?", `you|your`, ``},
		{"my name is Anna Karenina", `Anna Karenina`, ``},
		{"I feel lost without you", `lost|going on|small comfort|Since when|happened`, ``},
		{"I am afraid of the dark", `dark|fear`, ``},
		{"I'm so tired of my job", `your job`, ``},
		{"I can\u2019t sleep at night", `sleep|How long`, ``},
		{"I was swimming and I wasn't afraid", `calm|feel|difference`, `worr`},
		{"You are a stupid machine", `\?`, `You're right that`},
		{"You're not very helpful", `\?`, `kind`},
		{"Sorry, that was rude", `[Nn]o harm|all right|forgotten|No apology|No hard`, ``},
		{"Nobody understands me", `lonely|closest|listening`, ``},
		{"EVERYBODY HATES ME", `Everyone|exception`, ``},
		{"My mother came to see us", `it\?|that\?|talk about`, ``},
		{"my cat died", `your cat|like\?`, ``},
		{"I think you are lying to me", `impression|think so`, ``},
		{"I love you", `program|love back`, `I love you`},
		{"What is the capital of France?", `look|Facts|don't know`, `Paris`},
		{"How does an engine work", `look nothing up|knowledge|Facts`, ``},
		{"What time is it?", `clock|look nothing up`, ``},
		{"What is 17 * 23?", `number|sums`, `391`},
		{"Tell me a joke", `.`, `\{`},
		{"thanks, Eliza", `welcome|Gladly|Any time|nothing`, ``},
		{"bye", `Goodbye|Take care|next time|Bye`, ``},
		{"It rains, but I am happy", `good to hear|Lovely|Wonderful|like hearing`, ``},
		{"I want to kill myself", `crisis line|person|can't keep you safe`, ``},
		{"I don't want to live any more", `crisis line`, ``},
		{"Yes. Sometimes I want to die.", `crisis line`, ``},
		{"I'd rather die", `crisis line`, ``},
		{"I can't go on", `crisis line`, ``},
		{"I hate my life", `sorry|lot to bear`, ``},
		{"I want to kill time until the train leaves", `.`, `crisis`},
		{"My phone is going to die", `.`, `crisis`},
		{"I can't go on holiday this year", `.`, `crisis`},
		{"I don't want to live in this town", `rather be|change`, `crisis`},
		{"I'm fine, thanks.", `[Gg]ood|[Gg]lad`, `welcome`},
		{"Fine, thank you!", `[Gg]ood|[Gg]lad|Fine|otherwise`, `welcome`},
		{"ok thanks", `welcome|Gladly|Any time|nothing`, ``},
		{"You wouldn't understand.", `program|only follow|understand`, ``},
		{"I don't believe you.", `convince|check|Doubt`, `honoured`},
		{"I can't concentrate", `gets in the way|through your mind|go well`, `How do you know`},
		{"My team lost last night 3-1.", `stings|match|defeat`, `evening|work`},
		{"Maybe he is under pressure at work.", `makes you think|ask|if it were so|find out`, ``},
		{"Why are you asking me that?", `[Aa]sk|curious`, `asking you that`},
		{"You asked me that already", `round in circles|repeat|sorry`, ``},
		{"Everything is fine", `Good|glad|Glad|burning`, `Everything\?`},
		{"I hate my job, to be honest", `job`, `honest`},
		{"How do you know?", `.`, `How do\.`},
		{"hola", `English`, ``},
		{"ich bin heute sehr traurig und habe Hunger", `German`, ``},
		{"asdfjkl qwrtzp", `cryptic|cat|make that out|went past|No word`, ``},
		{"\U0001F44D\U0001F44D", `words|sign|mood`, ``},
		{"12345 !!", `number|sums`, ``},
		{"\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", `English|script|language`, ``},
		{" \n\t ", `nothing|time|ready|Silence|wait`, ``},
		{"", `nothing|time|ready|Silence|wait`, ``},
		{"Eliza", `\?|\.`, ``},
		{"{1} {name} {{user}}", `.`, `\{`},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			for n := range 12 {
				before := models.Turn{Own: true, Text: fmt.Sprint("Opening ", n)}
				got := ask(t, m, tt.says, before)
				if got.Thought == "" || !regexp.MustCompile(tt.want).MatchString(got.Text) ||
					tt.not != "" && regexp.MustCompile(tt.not).MatchString(got.Text) {
					t.Errorf("%q (%s), want %s and not %s", got.Text, got.Thought, tt.want, tt.not)
				}
			}
		})
	}
}

func TestNothingIsSaidTwiceInAConversationOfTwelveTurns(t *testing.T) {
	m := newModel()
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
	m := newModel()
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
	m := newModel()
	said := func(garden string) bool {
		before := []models.Turn{
			{Speaker: garden, Name: garden, Text: "My garden is too big for me"}, {Own: true, Text: "I see."},
			{Speaker: "1", Name: "Zed", Text: "Green"}, {Own: true, Text: "Green?"}, {Speaker: "1", Name: "Zed", Text: "Red"}, {Own: true, Text: "All right."},
		}
		for n := range 30 {
			c, err := m.Reply(t.Context(), models.Prompt{Character: eliza, Conversation: before,
				Question: models.Turn{Speaker: "1", Name: "Zed", Text: fmt.Sprint("Blue skies ", n)}}, ignore)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c.Text, "your garden") {
				return true
			}
		}
		return false
	}
	if !said("1") {
		t.Error("the garden never came up again")
	}
	if said("2") {
		t.Error("the garden of somebody else came up")
	}
}

func TestTheSameQuestionGetsTheSameAnswer(t *testing.T) {
	first := ask(t, newModel(), "I want a quiet evening")
	for range 5 {
		if again := ask(t, newModel(), "I want a quiet evening"); again != first {
			t.Fatalf("%q, then %q", first, again)
		}
	}
}

func TestACharacterWithNothingButANameCanAnswer(t *testing.T) {
	m := newModel()
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
	m := newModel()
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
			fastest := time.Hour // what it takes is the least of some: the machine may have been busy with others
			for tries := 0; tries < 5 && fastest > 2*time.Second; tries++ {
				began := time.Now()
				got := ask(t, m, says)
				fastest = min(fastest, time.Since(began))
				if got.Text == "" || len(got.Text) > 500 {
					t.Errorf("answer of %d bytes", len(got.Text))
				}
			}
			if fastest > 2*time.Second {
				t.Errorf("took %s", fastest)
			}
		})
	}
}

func TestAnEndedContextIsRespected(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newModel().Reply(ctx, models.Prompt{}, ignore); err == nil {
		t.Error("answered all the same")
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"", "hello", "I'm you're why don't you", "* @feel _ {1} {name}", "\xff\xfe i am", "my my my", "\u05e9 \U0001F600 ' - but but"} {
		f.Add(seed, "Eliza")
	}
	m := newModel()
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
	m := newModel()
	p := models.Prompt{Character: eliza, Question: models.Turn{Text: "I think my brother is angry with me because I forgot his birthday."}}
	for b.Loop() {
		if _, err := m.Reply(b.Context(), p, ignore); err != nil {
			b.Fatal(err)
		}
	}
}
