package builtin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/domain/models"
	"parley/domain/models/builtin"
)

// chatter makes a conversation in which a person and an agent take turns.
func chatter(lines ...string) []models.Turn {
	var turns []models.Turn
	for i, line := range lines {
		turns = append(turns, models.Turn{Own: i%2 == 1, Text: line})
	}
	return turns
}

func TestTitlesSayWhatTheTalkIsAbout(t *testing.T) {
	m := builtin.New(builtin.Options{})
	for _, e := range []struct {
		name  string
		talk  []models.Turn
		holds []string
	}{
		{"a trip", chatter("Hi!", "Hello. How are you?", "I am planning a trip to Lisbon in May", "Tell me more.",
			"Which museums in Lisbon should we see?", "Why museums?", "The trip is with my parents", "I see."), []string{"Lisbon"}},
		{"a program", chatter("my Go program leaks goroutines when the HTTP server stops", "Does it?",
			"the goroutines wait for a channel", "Go on.", "so how do I stop the server?", "Hm."), []string{"goroutines"}},
		{"single words", chatter("ferrets", "Ferrets?", "cheese", "Cheese?", "ferrets", "Again?"), []string{"Ferrets", "Cheese"}},
		{"one thing", chatter("ferrets", "Yes?", "yes", "Go on.", "ferrets!", "?"), []string{"Ferrets"}},
		{"nothing at all", chatter("hi", "Hello.", "ok", "Yes."), nil},
		{"only an agent", []models.Turn{{Own: true, Text: "The garden needs water today"}}, []string{"Garden"}},
		{"another script", chatter("привет, как дела у собаки", "?", "собака спит на диване", "?"), nil},
		{"no spaces", chatter("你好吗，我很好", "?", strings.Repeat("字", 500), "?"), nil},
	} {
		t.Run(e.name, func(t *testing.T) {
			title, err := m.Title(t.Context(), e.talk)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(strings.Fields(title)); n < 3 || n > 6 || !utf8.ValidString(title) || utf8.RuneCountInString(title) > 200 {
				t.Errorf("title %q has %d words", title, n)
			}
			for _, word := range e.holds {
				if !strings.Contains(strings.ToLower(title), strings.ToLower(word)) {
					t.Errorf("title %q lacks %q", title, word)
				}
			}
			if again, _ := m.Title(t.Context(), e.talk); again != title {
				t.Errorf("first %q, then %q", title, again)
			}
			t.Log(title)
		})
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Title(canceled, chatter("a b c")); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
