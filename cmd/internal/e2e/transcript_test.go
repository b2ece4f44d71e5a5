package e2e_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestATalkWithEliza drives a talk of 40 turns on the embedded defaults and compares it
// with the transcript, whose lines of Ann are what is asked. To change the talk, change
// those and run the test with -update.
func TestATalkWithEliza(t *testing.T) {
	path := filepath.Join("testdata", "transcript.txt")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	scenario(t, inFull, func(t *testing.T, on topology) { talk(t, on, path, data) })
}

// talk drives the talk of a transcript; see the test.
func talk(t *testing.T, on topology, path string, data []byte) {
	t.Helper()
	p := on.start(t)
	channel, ann := uuid.NewString(), uuid.NewString()
	var transcript strings.Builder
	turns, said := 0, map[string]bool{}
	for line := range strings.Lines(string(data)) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "Ann: ")
		if !ok {
			continue
		}
		answer := p.ask(channel, ann, text)
		transcript.WriteString("Ann: " + text + "\nEliza: " + answer + "\n")
		if said[answer] {
			t.Errorf("%q is said twice", answer)
		}
		said[answer] = true
		turns++
	}
	if turns != 40 {
		t.Errorf("the talk has %d turns", turns)
	}
	if *update && on == one {
		if err := os.WriteFile(path, []byte(transcript.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := transcript.String(); got != string(data) {
		t.Errorf("the talk went differently; if it went better, run the test with -update. It went\n%s", got)
	}
}

// ask sends a direct message to Eliza as Ann, waits for the answer and returns it.
func (c *cluster) ask(channel, ann, text string) string {
	c.t.Helper()
	var sent acked
	messages := "/api/messaging/central-channels/" + channel + "/messages"
	err := c.call(c.t.Context(), http.MethodPost, messages, map[string]any{
		"author_id": ann, "author_display_name": "Ann", "server_id": defaultServer, "content": text, "source_type": "client_chat",
		"metadata": map[string]any{"isDm": true, "channelType": "DM", "targetUserId": eliza, "user_display_name": "Ann"},
	}, &sent)
	if err != nil {
		c.t.Fatal(err)
	}
	answer := ""
	eventually(c.t, "Eliza answers "+text, func() error {
		var page struct {
			Messages []struct {
				AuthorID  string  `json:"authorId"`
				Content   string  `json:"content"`
				InReplyTo *string `json:"inReplyToRootMessageId"`
			}
		}
		if err := c.call(c.t.Context(), http.MethodGet, messages+"?limit=2", nil, &page); err != nil {
			return err
		}
		for _, m := range page.Messages {
			if m.AuthorID == eliza && m.InReplyTo != nil && *m.InReplyTo == sent.ID {
				answer = m.Content
				return nil
			}
		}
		return errors.New("there is no answer yet")
	})
	return answer
}
