package messaging

import (
	"context"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/models"
)

// minTitled is how many messages a conversation must have to get a title.
const minTitled = 4

// maxTitled bounds how many of its last messages a title is made of.
const maxTitled = 200

// TitleRequest asks for a title of a channel's conversation.
type TitleRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// AgentID is the agent that is to find it; it must run.
	AgentID domain.AgentID `json:"agentId" alias:"agent_id"`
	// Limit is how many of the last messages are read, 50 unless given.
	Limit int `json:"limit"`
	// Before bounds their time, exclusive.
	Before domain.Instant `json:"before"`
}

// Validate returns every fault of the request.
func (r *TitleRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// Titled answers channels:title.
type Titled struct {
	// Title is nil if there is none, for the Reason given.
	Title     *string          `json:"title"`
	ChannelID domain.ChannelID `json:"channelId"`
	Reason    string           `json:"reason,omitempty"`
}

// Title finds a title of three to six words for a channel's conversation; it does not
// rename the channel. Codes: invalid, not_found (the agent does not run), internal with
// reason MODEL_ERROR, unavailable, timeout.
func (s *Service) Title(ctx context.Context, _ domain.Actor, r TitleRequest) (Titled, error) {
	out := Titled{ChannelID: r.ChannelID}
	if _, running, _ := s.agents.AgentState(r.AgentID); !running {
		return out, &domain.Error{Code: domain.NotFound, Message: "Agent not found", Details: "Agent is not running"}
	}
	page, err := s.store.Page(ctx, PageQuery{Channel: r.ChannelID, Limit: clamp(r.Limit, 50, maxTitled), Before: r.Before.Time})
	if err != nil {
		return out, err
	}
	if len(page) < minTitled {
		out.Reason = "Not enough messages to generate a title"
		return out, nil
	}
	if s.titles == nil {
		return out, &domain.Error{Code: domain.Unavailable, Reason: "MODEL_UNAVAILABLE", Message: "No model writes titles here"}
	}
	conversation := make([]models.Turn, 0, len(page))
	for _, m := range slices.Backward(page) {
		_, _, agent := s.agents.AgentState(domain.AgentID(m.AuthorID))
		conversation = append(conversation, models.Turn{Own: agent, Speaker: string(m.AuthorID), Name: m.AuthorName, Text: m.Content})
	}
	title, err := s.titles.Title(ctx, conversation)
	if err != nil {
		return out, titleFailure(err)
	}
	if title = tidyTitle(title); title == "" {
		out.Reason = "The model found no title"
		return out, nil
	}
	out.Title = &title
	return out, nil
}

// titleFailure is the failure of a model; how it failed is for the log, unless it says
// itself that it is away or out of time.
func titleFailure(err error) error {
	if domain.IsCode(err, domain.Unavailable, domain.Timeout, domain.Canceled, domain.RateLimited) {
		return err
	}
	failure := domain.Wrap(domain.Internal, err, "The model could not write a title")
	failure.Reason = "MODEL_ERROR"
	return failure
}

// tidyTitle is what a model wrote as the name of a channel: without the quotes and spaces
// around it, in one line, not too long.
func tidyTitle(title string) string {
	title = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(title, ""), "\x00", "")), " ")
	for {
		bare := strings.TrimSpace(strings.Trim(title, "\"'`“”‘’«»"))
		if bare == title {
			break
		}
		title = bare
	}
	if runes := []rune(title); len(runes) > maxName {
		return string(runes[:maxName])
	}
	return title
}
