package audio

import (
	"encoding/json"
	"unicode/utf8"

	"parley/domain"
	"parley/domain/op"
)

// The bounds of texts in requests, in characters.
const (
	maxText = 20_000
	maxWord = 256
)

// fault is an Invalid error about one field, in words of its own.
func fault(path, message string) error {
	return &domain.Error{Code: domain.Invalid, Message: message, Issues: []domain.Issue{{Path: path, Message: message}}}
}

// checkWords reports the first of some short texts that is too long.
func checkWords(words map[string]string) error {
	var f domain.Faults
	for path, word := range words {
		if utf8.RuneCountInString(word) > maxWord {
			f.Add(path, "is too long")
		}
	}
	return f.Err()
}

// TranscribeRequest brings a recording.
type TranscribeRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	File    *op.File       `json:"-" op:"file"`
	// Format is taken for the reference's sake; the answer is always the same.
	Format   string `json:"format"`
	Language string `json:"language"`
	// Metadata comes back with the answer of speech.
	Metadata domain.Metadata `json:"metadata"`
}

// Validate returns the first fault of the request, in the words of the reference.
func (r *TranscribeRequest) Validate() error {
	if err := checkFile(r.File); err != nil {
		return err
	}
	return checkWords(map[string]string{"format": r.Format, "language": r.Language})
}

// checkFile reports a recording that is missing, empty or too large.
func checkFile(f *op.File) error {
	switch {
	case f == nil:
		return fault("file", "No audio file provided")
	case f.Size == 0:
		return fault("file", "The file is empty")
	default:
		return nil
	}
}

// SpeakRequest brings a text.
type SpeakRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	Text    string         `json:"text"`
	Voice   string         `json:"voice"`
	// Format is mp3, wav or ogg; "" leaves it to the provider.
	Format string `json:"format"`
	// Speed is 1 for the usual one, from 0.25 to 4.
	Speed    float64 `json:"speed"`
	Language string  `json:"language"`
	// Response "json" asks for the sound within JSON.
	Response string `json:"response"`
}

// The slowest and the fastest speech.
const (
	slowest = 0.25
	fastest = 4
)

// Validate returns every fault of the request; that of a missing text in the words of the
// reference.
func (r *SpeakRequest) Validate() error {
	if r.Text == "" {
		return fault("text", "Text is required for speech synthesis")
	}
	var f domain.Faults
	if utf8.RuneCountInString(r.Text) > maxText {
		f.Add("text", "is too long")
	}
	switch r.Format {
	case "", "mp3", "wav", "ogg":
	default:
		f.Add("format", "must be mp3, wav or ogg")
	}
	if r.Speed != 0 && (r.Speed < slowest || r.Speed > fastest) {
		f.Add("speed", "must be between %v and %v", slowest, fastest)
	}
	for path, word := range map[string]string{"voice": r.Voice, "language": r.Language, "response": r.Response} {
		if utf8.RuneCountInString(word) > maxWord {
			f.Add(path, "is too long")
		}
	}
	return f.Err()
}

// ConverseRequest says something to an agent: a text, or a recording.
type ConverseRequest struct {
	AgentID  domain.AgentID `json:"agentId"`
	File     *op.File       `json:"-" op:"file"`
	Text     string         `json:"text"`
	RoomID   string         `json:"roomId"`
	EntityID string         `json:"entityId"`
	WorldID  string         `json:"worldId"`
	UserName string         `json:"userName"`
	// Name is the name of who speaks, as others see it.
	Name string `json:"name"`
	// Messages, of which each has a text, are spoken one after the other, instead of an answer.
	Messages []Line `json:"messages"`
	// Response "json" asks for the sound within JSON.
	Response string `json:"response"`
}

// Line is one text of a conversation that is to be spoken.
type Line struct {
	Text    string `json:"text"`
	Speaker string `json:"speaker"`
	// Timestamp is when it was said; it is not used.
	Timestamp json.RawMessage `json:"timestamp,omitempty"`
}

// maxLines is how many texts a conversation that is to be spoken may have.
const maxLines = 100

// Validate returns every fault of the request; that of a missing text in the words of the
// reference.
func (r *ConverseRequest) Validate() error {
	if r.Text == "" && r.File == nil && len(r.Messages) == 0 {
		return fault("text", "Text is required for conversation")
	}
	if r.File != nil {
		if err := checkFile(r.File); err != nil {
			return err
		}
	}
	var f domain.Faults
	size := utf8.RuneCountInString(r.Text)
	for _, line := range r.Messages {
		if line.Text == "" {
			f.Add("messages", "must all have a text")
			break
		}
		size += utf8.RuneCountInString(line.Text)
	}
	if size > maxText {
		f.Add("text", "is too long")
	}
	if len(r.Messages) > maxLines {
		f.Add("messages", "has more than %d entries", maxLines)
	}
	for path, word := range map[string]string{"roomId": r.RoomID, "entityId": r.EntityID, "worldId": r.WorldID,
		"userName": r.UserName, "name": r.Name, "response": r.Response} {
		if utf8.RuneCountInString(word) > maxWord {
			f.Add(path, "is too long")
		}
	}
	return f.Err()
}

// VoicesRequest selects voices. Empty fields do not restrict.
type VoicesRequest struct {
	AgentID  domain.AgentID `json:"agentId"`
	Provider string         `json:"provider"`
	Language string         `json:"language"`
}

// Validate returns every fault of the request.
func (r *VoicesRequest) Validate() error {
	return checkWords(map[string]string{"provider": r.Provider, "language": r.Language})
}

// StatusRequest selects conversations. Empty fields do not restrict.
type StatusRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	RoomID  string         `json:"roomId"`
	// ConversationID selects one of them.
	ConversationID string `json:"conversationId"`
}
