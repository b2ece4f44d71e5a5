package builtin_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/domain/models"
	"parley/domain/models/builtin"
)

// shared is a model for the tests that ask many questions.
var shared = builtin.New(builtin.Options{})

// reply answers a text as a character, after an own line that varies the choice.
func reply(t testing.TB, c models.Character, text string, n int) string {
	t.Helper()
	answer, err := shared.Reply(t.Context(), models.Prompt{
		Character: c, Question: says("Ann: " + text), Conversation: []models.Turn{{Own: true, Text: fmt.Sprint("Opening ", n)}},
	}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Text
}

func TestACharacterSpeaksForItself(t *testing.T) {
	ada := models.Character{
		Name: "Ada", Bio: []string{"Ada loves roses", "Ada has a garden.", "Ada is shy, and her cat is not.", "I whistle."}, Topics: []string{"weeds"}, Adjectives: []string{"patient"},
	}
	about := regexp.MustCompile(`I love roses\.|I have a garden\.|My description says: "Ada is shy, and her cat is not\."|I whistle\.`)
	for n := range 30 {
		if got := reply(t, ada, "Tell me about yourself", n); !about.MatchString(got) {
			t.Errorf("of itself it says %q", got)
		}
		for _, question := range []string{"Who are you?", "What's your name?", "Are you a bot?", "Are you Eliza?", "Tell me about yourself", "hello", "who made you?", "bored"} {
			if got := reply(t, ada, question, n); regexp.MustCompile(`Eliza\b`).MatchString(got) {
				t.Errorf("%q is answered with %q", question, got)
			}
		}
		if got := reply(t, ada, "What are you like?", n); !strings.Contains(got, "patient") {
			t.Errorf("it is like %q", got)
		}
	}
}

func TestExamplesAreAnswersToLinesLikeTheirs(t *testing.T) {
	c := models.Character{Name: "Ada", Examples: [][]models.Turn{
		{{Name: "{{user1}}", Text: "My tomatoes look sad."}, {Own: true, Name: "Ada", Text: "Tomatoes like company, {{user1}}. So does {{char}}."}},
		{{Name: "{{user1}}", Text: "I have been restless lately"}, {Own: true, Name: "Ada", Text: "Restless in which way?"}},
	}}
	tests := []struct{ says, want, not string }{
		{"My tomatoes look sad", "Tomatoes like company, Ann. So does Ada.", ""},
		{"my tomatoes look so sad!", "Tomatoes like company, Ann. So does Ada.", ""},
		{"My roses look sad.", "", "Tomatoes"},
		{"I have been sleepless lately", "", "Restless"},
	}
	for _, tt := range tests {
		if got := reply(t, c, tt.says, 0); tt.want != "" && got != tt.want || tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("%q is answered with %q", tt.says, got)
		}
	}
}

func TestStyleIsKept(t *testing.T) {
	questions := []string{"hello", "I am sad", "tell me about yourself", "I like rain", "what is that?", "my dog is ill", "ok", "a line without any keyword at all"}
	tests := []struct {
		style string
		bad   string // what no answer may match
	}{
		{"all lowercase", `\p{Lu}`},
		{"Write in lower case.", `\p{Lu}`},
		{"no questions", `\?`},
		{"never ask questions", `\?`},
		{"exactly one sentence", `[.?!] .`},
		{"short and brief", `([.?!] .+){2}`},
		{"uses emoji", `[a-z.?!]$`},
		{"no emoji", `[^\x00-\x7F]`},
		{"ask one question at a time", `\?.*\?`},
	}
	for _, tt := range tests {
		t.Run(tt.style, func(t *testing.T) {
			c := models.Character{Name: "Ada", Bio: []string{"I like mornings."}, Topics: []string{"rest"}, Style: []string{tt.style}}
			for _, question := range questions {
				for n := range 8 {
					if got := reply(t, c, question, n); got == "" || regexp.MustCompile(tt.bad).MatchString(got) {
						t.Errorf("%q is answered with %q", question, got)
					}
				}
			}
		})
	}
}

func TestInAGroupPeopleAreNowAndThenAddressed(t *testing.T) {
	m := builtin.New(builtin.Options{})
	named := func(before ...models.Turn) int {
		n := 0
		for i := range 40 {
			c, err := m.Reply(t.Context(), models.Prompt{Character: eliza, Conversation: before, Question: says(fmt.Sprint("Ann: I hope for rain ", i))}, ignore)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(c.Text, "Ann, ") {
				n++
			}
		}
		return n
	}
	if n := named(says("Bob: hello"), says("Ann: hello")); n == 0 || n > 25 {
		t.Errorf("Ann is addressed %d times of 40 in a group", n)
	}
	if n := named(says("Ann: hello")); n != 0 {
		t.Errorf("Ann is addressed %d times of 40 in private", n)
	}
}

func TestAnAnswerIsTypedWordByWordWithinItsBound(t *testing.T) {
	tests := []struct {
		name    string
		options builtin.Options
		hurry   bool
		atLeast time.Duration
		atMost  time.Duration
	}{
		{"at once", builtin.Options{}, false, 0, 0},
		{"slowly", builtin.Options{Pace: 10 * time.Millisecond}, false, 10 * time.Millisecond, time.Second},
		{"bounded by default", builtin.Options{Pace: time.Hour}, false, time.Second, 1500 * time.Millisecond},
		{"bounded", builtin.Options{Pace: time.Hour, Max: 40 * time.Millisecond}, false, 20 * time.Millisecond, 40 * time.Millisecond},
		{"in a hurry", builtin.Options{Pace: time.Hour}, true, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := builtin.New(tt.options)
				var pieces []string
				began := time.Now()
				c, err := m.Reply(t.Context(), models.Prompt{Character: eliza, Question: says("Ann: Who are you?"), Hurry: tt.hurry},
					func(piece string) { pieces = append(pieces, piece) })
				if err != nil || strings.Join(pieces, "") != c.Text || len(pieces) < 3 || slices.Contains(pieces, "") {
					t.Errorf("%q came as %q, %v", c.Text, pieces, err)
				}
				if took := time.Since(began); took < tt.atLeast || took > tt.atMost {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestTypingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := builtin.New(builtin.Options{Pace: time.Hour, Max: 24 * time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		pieces := 0
		if _, err := m.Reply(ctx, models.Prompt{Character: eliza, Question: says("Ann: Who are you?")}, func(string) { pieces++ }); err == nil || pieces != 2 {
			t.Errorf("%d pieces, %v", pieces, err)
		}
	})
}
