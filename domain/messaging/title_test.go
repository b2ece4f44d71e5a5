package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/models"
)

// titler plays a model.
type titler struct {
	title string
	err   error
	// heard is the conversation it was shown last.
	heard []models.Turn
}

func (t *titler) Title(_ context.Context, conversation []models.Turn) (string, error) {
	t.heard = conversation
	return t.title, t.err
}

func TestATitleIsFoundForAConversation(t *testing.T) {
	secret := errors.New("secret key of the provider")
	for _, tt := range []struct {
		name     string
		model    *titler
		messages int
		want     any
		code     string
	}{
		{"four messages", &titler{title: " \"Ships in the\nHarbour\" "}, 4, "Ships in the Harbour", ""},
		{"quotes of other kinds", &titler{title: "“ 'Ships' ”"}, 4, "Ships", ""},
		{"three messages", &titler{title: "not asked"}, 3, nil, ""},
		{"an empty answer", &titler{title: " \"\" "}, 4, nil, ""},
		{"a model that fails", &titler{err: secret}, 4, nil, "MODEL_ERROR"},
		{"a model that is away", &titler{err: &domain.Error{Code: domain.Unavailable, Reason: "MODEL_UNAVAILABLE", Message: "away"}}, 4, nil, "MODEL_UNAVAILABLE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := openTown(t, func(o *messaging.Options) { o.Titles = tt.model })
			c := h.channel(ann)
			for n := range tt.messages {
				h.say(c, fmt.Sprint("line ", n))
			}
			out, failure := h.try("channels:title", "channelId", c, "agentId", eliza)
			if tt.code != "" {
				h.wantFailure(failure, tt.code, "")
				if failure.Message == secret.Error() {
					t.Error("the cause is told")
				}
				return
			}
			if failure != nil || out["title"] != tt.want || out["channelId"] != c || (tt.want == nil) != (out["reason"] != nil) {
				t.Errorf("got %v, %v", out, failure)
			}
			if _, there := out["title"]; !there {
				t.Error("there is no title, not even null")
			}
			if tt.want != nil && (len(tt.model.heard) != 4 || tt.model.heard[0].Text != "line 0" || tt.model.heard[0].Own) {
				t.Errorf("it was shown %v", tt.model.heard)
			}
		})
	}
	h := openTown(t, nil)
	c := h.channel(ann)
	for range 4 {
		h.say(c, "hello")
	}
	_, failure := h.try("channels:title", "channelId", c, "agentId", eliza)
	h.wantFailure(failure, "MODEL_UNAVAILABLE", "")
	if out := h.do("channels:title", "channelId", c, "agentId", eliza, "limit", 3); out["title"] != nil {
		t.Errorf("of three messages: %v", out)
	}
}
