package messaging

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"parley/domain"
)

// Transport is how whoever sends a message hears of the answer.
type Transport string

// The transports.
const (
	// TransportSocket: over Socket.IO, in the channel's room.
	TransportSocket Transport = "websocket"
	// TransportHTTP: in the reply, which waits for it.
	TransportHTTP Transport = "http"
	// TransportSSE: as a stream of events over REST; a socket hears it in the room anyway.
	TransportSSE Transport = "sse"
)

// readTransport reads transport, or the older mode if there is none; ok is false if the
// value is neither.
func readTransport(transport, mode string) (t Transport, ok bool) {
	text := transport
	if text == "" {
		text = mode
	}
	switch text {
	case "", "websocket":
		return TransportSocket, true
	case "http", "sync":
		return TransportHTTP, true
	case "sse", "stream":
		return TransportSSE, true
	default:
		return "", false
	}
}

// AgentResponse is an agent's answer in the reply to its question.
type AgentResponse struct {
	MessageID   domain.MessageID `json:"messageId,omitempty"`
	AgentID     domain.AgentID   `json:"agentId"`
	Text        string           `json:"text"`
	Thought     string           `json:"thought,omitempty"`
	Actions     json.RawMessage  `json:"actions,omitempty"`
	Attachments json.RawMessage  `json:"attachments,omitempty"`
}

// newAgentResponse is the answer m.
func newAgentResponse(m Message) *AgentResponse {
	extras := m.Extras()
	return &AgentResponse{MessageID: m.ID, AgentID: domain.AgentID(m.AuthorID), Text: m.Content,
		Thought: extras.String("thought"), Actions: extras["actions"], Attachments: extras["attachments"]}
}

// silent is the answer of an agent that has nothing to say.
func silent(agent domain.AgentID) *AgentResponse {
	return &AgentResponse{AgentID: agent, Actions: json.RawMessage(`["IGNORE"]`)}
}

// respondent chooses the agent whose answer is waited for: the first one that takes part
// and is not the author, else the one that the metadata names, which joins then. Codes:
// invalid (there is none), not_found (it does not run).
func (s *Service) respondent(channel Channel, r *SendRequest) (id domain.AgentID, joins bool, err error) {
	for _, p := range channel.Participants {
		if _, _, known := s.agents.AgentState(domain.AgentID(p)); known && p != r.AuthorID {
			return domain.AgentID(p), false, s.requireRunning(channel, domain.AgentID(p))
		}
	}
	id, err = domain.ParseID[domain.AgentID](r.Metadata.String("targetAgentId"))
	if err != nil || domain.EntityID(id) == r.AuthorID {
		return "", false, &domain.Error{Code: domain.Invalid, Message: "No agent takes part in this channel to answer",
			Issues: []domain.Issue{{Path: "metadata.targetAgentId", Message: "is required where no agent takes part"}}}
	}
	return id, true, s.requireRunning(channel, id)
}

// requireRunning returns NotFound unless an agent runs and listens to the channel's server.
func (s *Service) requireRunning(channel Channel, id domain.AgentID) error {
	_, running, known := s.agents.AgentState(id)
	switch {
	case !known:
		return domain.Errorf(domain.NotFound, "Agent not found")
	case !running:
		return &domain.Error{Code: domain.NotFound, Message: "Agent not found", Details: "Agent is not running"}
	case !s.roster.Belongs(channel.ServerID, id):
		return &domain.Error{Code: domain.NotFound, Message: "Agent not found", Details: "Agent does not belong to this server"}
	default:
		return nil
	}
}

// answerPage is how many messages after a question are searched for its answer.
const answerPage = 100

// answered returns the answer that an agent gave to a message earlier, nil if it did not.
func (s *Service) answered(ctx context.Context, agent domain.AgentID, question Message) (*Message, error) {
	page, err := s.store.Page(ctx, PageQuery{Channel: question.ChannelID, AfterSeq: question.Seq, Oldest: true, Limit: answerPage,
		Author: domain.EntityID(agent)})
	if err != nil {
		return nil, err
	}
	for _, m := range slices.Backward(page) {
		if m.InReplyTo == question.ID {
			return &m, nil
		}
	}
	return nil, nil //nolint:nilnil // no answer is no error
}

// errNoAnswer is what a caller hears whose patience ends.
func errNoAnswer() error {
	return domain.Errorf(domain.Timeout, "The agent has not answered in time; its answer will follow in the channel")
}

// failureOf is what a turn that failed comes to for who waits for it.
func failureOf(message string) error {
	return &domain.Error{Code: domain.Internal, Reason: "MODEL_ERROR", Message: message}
}

// streamWait bounds how long a stream waits for the next thing to happen.
const streamWait = 5 * time.Minute
