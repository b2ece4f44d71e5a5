package audio

import (
	"context"
	"io"

	"parley/domain"
)

// Agents tells which agents run.
type Agents interface {
	// Runs reports whether an agent exists, and whether it runs.
	Runs(ctx context.Context, id domain.AgentID) (exists, runs bool, err error)
}

// Transcriber turns speech into text. Errors it does not classify are failures of the
// processing.
type Transcriber interface {
	Transcribe(ctx context.Context, r Recording) (Transcript, error)
}

// Recording is speech that was sent.
type Recording struct {
	AgentID domain.AgentID
	// MIME is the type that was accepted, without parameters.
	MIME string
	// Language is a hint such as "en", "" for none.
	Language string
	Size     int64
	Content  io.ReadSeeker
}

// Transcript is what was said in a recording.
type Transcript struct {
	Text string
	// Language and DurationMs are zero if they are not known.
	Language   string
	DurationMs int64
}

// Speaker turns text into speech.
type Speaker interface {
	Speak(ctx context.Context, u Utterance) (Sound, error)
	// Voices returns the voices of a provider and a language, all for "".
	Voices(ctx context.Context, provider, language string) ([]Voice, error)
}

// Utterance is a text that is to be spoken.
type Utterance struct {
	AgentID domain.AgentID
	Text    string
	// Voice, Format and Language are "" where the provider may choose, Speed 0.
	Voice, Format, Language string
	Speed                   float64
}

// Sound is spoken text. Data is at most as long as an upload.
type Sound struct {
	Data []byte
	// DurationMs is 0 if it is not known.
	DurationMs int64
}

// Responder lets an agent answer what was said to it.
type Responder interface {
	Respond(ctx context.Context, s Said) (Response, error)
}

// Said is what somebody said to an agent.
type Said struct {
	AgentID domain.AgentID
	Text    string
	// RoomID, EntityID and WorldID are as they came: any text.
	RoomID, EntityID, WorldID string
	UserName, Name            string
}

// Response is an agent's answer. Text is "" if it had nothing to say.
type Response struct {
	Text                  string
	MessageID, ResponseID domain.MessageID
	RoomID                domain.RoomID
}
