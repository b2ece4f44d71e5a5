package agents

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley/domain"
	"parley/domain/models"
)

// modelText is the reference's name of the model that writes answers.
const modelText = "TEXT_LARGE"

// loggedText is how many bytes of a text an entry holds; a prompt may be far longer.
const loggedText = 16 << 10

// modelUse is a call of the model.
type modelUse struct {
	prompt models.Prompt
	began  time.Time
	took   time.Duration
	// response is what the model said, also if it failed after that.
	response string
	err      error
}

// modelParams are what the model was given.
type modelParams struct {
	Prompt string `json:"prompt"`
	System string `json:"system,omitempty"`
	Stream bool   `json:"stream"`
}

// actionContext names the action for which a model was asked.
type actionContext struct {
	ActionName string `json:"actionName"`
	ActionID   string `json:"actionId"`
}

// modelBody is the body of an entry about a model's call.
type modelBody struct {
	ModelType     string        `json:"modelType"`
	ModelKey      string        `json:"modelKey"`
	Params        modelParams   `json:"params"`
	Prompt        string        `json:"prompt"`
	RunID         TurnID        `json:"runId"`
	Timestamp     int64         `json:"timestamp"`
	ExecutionTime float64       `json:"executionTime"`
	Provider      string        `json:"provider"`
	ActionContext actionContext `json:"actionContext"`
	Response      string        `json:"response"`
	Error         string        `json:"error,omitempty"`
}

// actionPrompt is a prompt of an action.
type actionPrompt struct {
	ModelType string `json:"modelType"`
	Prompt    string `json:"prompt"`
	Timestamp int64  `json:"timestamp"`
}

// actionResponse is what an action has said.
type actionResponse struct {
	ID        domain.MessageID `json:"id"`
	Text      string           `json:"text"`
	Thought   string           `json:"thought,omitempty"`
	Actions   []string         `json:"actions"`
	InReplyTo domain.MemoryID  `json:"inReplyTo"`
}

// actionState is in what an action was carried out.
type actionState struct {
	Values map[string]string `json:"values"`
	Data   map[string]string `json:"data"`
	Text   string            `json:"text"`
}

// actionResult is what came of an action.
type actionResult struct {
	Success bool   `json:"success"`
	Error   string `json:"error,omitempty"`
}

// actionBody is the body of an entry about an action.
type actionBody struct {
	Action      string           `json:"action"`
	ActionID    string           `json:"actionId"`
	Message     string           `json:"message"`
	MessageID   domain.MemoryID  `json:"messageId"`
	State       actionState      `json:"state"`
	Responses   []actionResponse `json:"responses"`
	Prompts     []actionPrompt   `json:"prompts"`
	PromptCount int              `json:"promptCount"`
	RunID       TurnID           `json:"runId"`
	Result      actionResult     `json:"result"`
}

// record hands what the turn came to over to the agent's log. It is done when the channel
// has heard the answer, so that nobody waits for it, and only by who has asked the model:
// after a crash nothing is known of its call.
func (t *turn) record(o Outcome) {
	if t.Journal == nil || t.used == nil {
		return
	}
	run := NewTurnID(t.key.Agent, t.question.ID)
	prompt := clipped(promptText(t.used.prompt))
	began := domain.Millis(t.used.began)
	body := modelBody{
		ModelType: modelText, ModelKey: modelText, Prompt: prompt, RunID: run, Timestamp: began,
		Params:        modelParams{Prompt: prompt, System: clipped(t.used.prompt.Character.System), Stream: true},
		ExecutionTime: float64(t.used.took) / float64(time.Millisecond), Provider: t.Provider,
		ActionContext: actionContext{ActionName: actionReply, ActionID: actionID(run, 0)}, Response: clipped(t.used.response),
	}
	if t.used.err != nil {
		body.Error = domain.AsError(t.used.err).Message
	}
	own := t.entry("useModel:"+modelText, body)
	own.EntityID, own.RoomID = domain.EntityID(t.key.Agent), domain.RoomID(t.key.Agent)
	own.Model, own.Failed = modelText, t.used.err != nil && !domain.IsCode(t.used.err, domain.Canceled)
	t.Journal.Record(own)
	for i, reply := range o.Replies {
		t.Journal.Record(t.entry("action", t.action(run, i, reply, actionPrompt{ModelType: modelText, Prompt: prompt, Timestamp: began})))
	}
}

// action is the body of the entry about a reply.
func (t *turn) action(run TurnID, n int, reply Reply, prompt actionPrompt) actionBody {
	message := domain.UniqueUUID[domain.MemoryID](t.key.Agent, string(t.question.ID))
	return actionBody{
		Action: actionReply, ActionID: actionID(run, n), Message: clipped(t.question.Content), MessageID: message, RunID: run,
		State: actionState{
			Values: map[string]string{"agentName": t.agent.Character.Name, "senderName": t.question.AuthorName},
			Data:   map[string]string{"channelId": string(t.key.Channel), "messageId": string(t.question.ID)},
		},
		Responses: []actionResponse{{ID: reply.ID, Text: clipped(reply.Text), Thought: clipped(reply.Thought),
			Actions: list(reply.Actions), InReplyTo: message}},
		Prompts: []actionPrompt{prompt}, PromptCount: 1, Result: actionResult{Success: true},
	}
}

// entry is an entry about the question, in the room and by the author as the agent sees them.
func (t *turn) entry(kind string, body any) LogEntry {
	data, err := domain.PlainJSON(body)
	if err != nil { // texts and numbers always have a JSON form
		data = json.RawMessage("{}")
	}
	author := domain.UniqueUUID[domain.EntityID](t.key.Agent, string(t.question.AuthorID))
	return LogEntry{
		Origin:  LogOrigin{Message: t.question.ID, Channel: t.key.Channel, At: t.question.CreatedAt},
		AgentID: t.key.Agent, Type: kind, Body: data, EntityID: author, AuthorID: author,
		RoomID: domain.UniqueUUID[domain.RoomID](t.key.Agent, string(t.key.Channel)),
	}
}

// actionID names the n-th action of a run.
func actionID(run TurnID, n int) string {
	return domain.DerivedID[string](run, "action", strconv.Itoa(n))
}

// promptText is what the model was told, as one text.
func promptText(p models.Prompt) string {
	var b strings.Builder
	for _, turn := range slices.Concat(p.Conversation, []models.Turn{p.Question}) {
		name := turn.Name
		switch {
		case turn.Own:
			name = p.Character.Name
		case name == "":
			name = "User"
		}
		b.WriteString(name + ": " + turn.Text + "\n")
	}
	b.WriteString(p.Character.Name + ":")
	return b.String()
}

// clipped is the end of a text that is too long for an entry: of a prompt, the question
// is what matters.
func clipped(text string) string {
	if len(text) <= loggedText {
		return text
	}
	from := len(text) - loggedText
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	return "..." + text[from:]
}
