package audio

import (
	"bytes"
	"encoding/base64"

	"parley/domain"
)

// Transcribed answers a transcription.
type Transcribed struct {
	Text       string `json:"text"`
	Language   string `json:"language,omitempty"`
	DurationMs int64  `json:"durationMs,omitempty"`
}

// AudioMessage answers a message that was spoken.
type AudioMessage struct {
	Transcription string `json:"transcription"`
	Message       string `json:"message"`
}

// Spoken is speech: the bytes alone, or within JSON.
type Spoken struct {
	Audio      string `json:"audio"`
	MIMEType   string `json:"mimeType"`
	Format     string `json:"format"`
	DurationMs int64  `json:"durationMs,omitempty"`
	Text       string `json:"text,omitempty"`
	// What follows is set where an agent answered.
	Transcription string           `json:"transcription,omitempty"`
	MessageID     domain.MessageID `json:"messageId,omitempty"`
	ResponseID    domain.MessageID `json:"responseId,omitempty"`
	RoomID        domain.RoomID    `json:"roomId,omitempty"`

	data []byte
	json bool
}

// Raw returns the bytes of the sound unless JSON was asked for.
func (s Spoken) Raw() (contentType string, body []byte, ok bool) { return s.MIMEType, s.data, !s.json }

// newSpoken is the answer with a sound.
func newSpoken(s Sound, text, response string) Spoken {
	kind, format := soundType(s.Data)
	return Spoken{Audio: base64.StdEncoding.EncodeToString(s.Data), MIMEType: kind, Format: format, DurationMs: s.DurationMs,
		Text: text, data: s.Data, json: response == "json"}
}

// soundType recognises a sound by its first bytes; the reference calls everything that is
// no WAV an MP3.
func soundType(data []byte) (kind, format string) {
	switch {
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WAVE":
		return "audio/wav", "wav"
	case bytes.HasPrefix(data, []byte("OggS")):
		return "audio/ogg", "ogg"
	case bytes.HasPrefix(data, []byte("\x1aE\xdf\xa3")):
		return "audio/webm", "webm"
	case bytes.HasPrefix(data, []byte("fLaC")):
		return "audio/flac", "flac"
	case len(data) >= 8 && string(data[4:8]) == "ftyp":
		return "audio/mp4", "m4a"
	default:
		return "audio/mpeg", "mp3"
	}
}

// Heard answers speech that was sent: what was said and what the agent says to it.
type Heard struct {
	Text     string          `json:"text"`
	Response string          `json:"response"`
	Audio    string          `json:"audio,omitempty"`
	MIMEType string          `json:"mimeType,omitempty"`
	Metadata domain.Metadata `json:"metadata,omitempty"`
}

// Voice is a voice that can speak.
type Voice struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Provider is whose voice it is.
	Provider   string `json:"provider"`
	Language   string `json:"language"`
	Gender     string `json:"gender,omitempty"`
	PreviewURL string `json:"previewUrl,omitempty"`
	// Default says whether it is used if none is named.
	Default bool `json:"default"`
}

// Voices are the voices that can speak. Default is the id of the one that speaks unless
// another is named, null if there is none.
type Voices struct {
	Voices []Voice `json:"voices"`
	// Default is the id of the voice that is used if none is named.
	Default *string `json:"default"`
}

// Conversations are the spoken conversations under way.
type Conversations struct {
	// Active says whether there are any.
	Active        bool           `json:"active"`
	Conversations []Conversation `json:"conversations"`
}

// Conversation is a spoken conversation under way.
type Conversation struct {
	ID       string `json:"id"`
	RoomID   string `json:"roomId"`
	EntityID string `json:"entityId"`
	// State is what is done in it now.
	State          string `json:"state"`
	StartedAt      string `json:"startedAt"`
	LastActivityAt string `json:"lastActivityAt"`
	Turns          int    `json:"turns"`
}
