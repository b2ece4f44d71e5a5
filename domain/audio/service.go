package audio

import (
	"context"
	"errors"
	"strings"

	"parley/domain"
	"parley/domain/media"
	"parley/domain/op"
)

// Options of a Service.
type Options struct {
	Agents Agents
	// Transcriber, Speaker and Responder do the work; nil where none is configured.
	Transcriber Transcriber
	Speaker     Speaker
	Responder   Responder
}

// Service holds the rules of audio. It is safe for concurrent use.
type Service struct{ o Options }

// New returns a service.
func New(o Options) *Service { return &Service{o} }

// errNone says that nothing here can do the work.
func errNone() error {
	return &domain.Error{Code: domain.Unavailable, Reason: "MODEL_UNAVAILABLE", Message: "No speech provider is configured"}
}

// running reports an agent that does not exist or does not run. Codes: not_found.
func (s *Service) running(ctx context.Context, id domain.AgentID) error {
	exists, runs, err := s.o.Agents.Runs(ctx, id)
	switch {
	case err != nil || runs:
		return err
	case exists:
		return &domain.Error{Code: domain.NotFound, Message: "Agent not found", Details: "Agent is not running"}
	default:
		return domain.Errorf(domain.NotFound, "Agent not found")
	}
}

// accept checks agent and type of a recording. Codes: not_found, unsupported_media (reason
// INVALID_FILE_TYPE).
func (s *Service) accept(ctx context.Context, id domain.AgentID, f *op.File, language string) (Recording, error) {
	if err := s.running(ctx, id); err != nil {
		return Recording{}, err
	}
	kind, ok, err := media.AudioKinds().Check(f, f.Type)
	if err != nil {
		return Recording{}, err
	}
	if !ok {
		return Recording{}, &domain.Error{Code: domain.UnsupportedMedia, Reason: "INVALID_FILE_TYPE", Message: "Invalid audio file type"}
	}
	return Recording{AgentID: id, MIME: kind, Language: language, Size: f.Size, Content: f.Content}, nil
}

// transcribe turns a recording into text, which is never empty.
func (s *Service) transcribe(ctx context.Context, r Recording) (Transcript, error) {
	if s.o.Transcriber == nil {
		return Transcript{}, errNone()
	}
	t, err := s.o.Transcriber.Transcribe(ctx, r)
	if err == nil && strings.TrimSpace(t.Text) == "" {
		err = &domain.Error{Code: domain.Internal, Reason: "PROCESSING_ERROR", Message: "Failed to transcribe audio"}
	}
	return t, err
}

// Transcribe turns a recording into text. Codes: not_found, unsupported_media, unavailable
// (no provider).
func (s *Service) Transcribe(ctx context.Context, _ domain.Actor, r TranscribeRequest) (Transcribed, error) {
	recording, err := s.accept(ctx, r.AgentID, r.File, r.Language)
	if err != nil {
		return Transcribed{}, err
	}
	t, err := s.transcribe(ctx, recording)
	return Transcribed(t), err
}

// Message turns a spoken message into text. Codes: as Transcribe.
func (s *Service) Message(ctx context.Context, a domain.Actor, r TranscribeRequest) (AudioMessage, error) {
	t, err := s.Transcribe(ctx, a, r)
	return AudioMessage{Transcription: t.Text, Message: "Audio transcribed"}, err
}

// Speak turns a text into speech. Codes: not_found, unavailable (no provider).
func (s *Service) Speak(ctx context.Context, _ domain.Actor, r SpeakRequest) (Spoken, error) {
	if err := s.running(ctx, r.AgentID); err != nil {
		return Spoken{}, err
	}
	sound, err := s.speak(ctx, Utterance{AgentID: r.AgentID, Text: r.Text, Voice: r.Voice, Format: r.Format,
		Language: r.Language, Speed: r.Speed})
	if err != nil {
		return Spoken{}, err
	}
	return newSpoken(sound, r.Text, r.Response), nil
}

// speak lets the provider speak.
func (s *Service) speak(ctx context.Context, u Utterance) (Sound, error) {
	if s.o.Speaker == nil {
		return Sound{}, errNone()
	}
	sound, err := s.o.Speaker.Speak(ctx, u)
	if err == nil && len(sound.Data) == 0 {
		err = errors.New("the provider spoke nothing")
	}
	return sound, err
}

// Converse lets the agent answer, and speaks the answer; or speaks the lines of a
// conversation. Codes: not_found, unsupported_media, unavailable (no provider), internal
// (reason MODEL_ERROR for an answer without text).
func (s *Service) Converse(ctx context.Context, _ domain.Actor, r ConverseRequest) (Spoken, error) {
	if len(r.Messages) > 0 {
		return s.recite(ctx, r)
	}
	transcription, err := s.listen(ctx, &r)
	if err != nil {
		return Spoken{}, err
	}
	answer, err := s.respond(ctx, Said{AgentID: r.AgentID, Text: r.Text, RoomID: r.RoomID, EntityID: r.EntityID, WorldID: r.WorldID,
		UserName: r.UserName, Name: r.Name})
	if err != nil {
		return Spoken{}, err
	}
	sound, err := s.speak(ctx, Utterance{AgentID: r.AgentID, Text: answer.Text})
	if err != nil {
		return Spoken{}, err
	}
	out := newSpoken(sound, answer.Text, r.Response)
	out.Transcription, out.MessageID, out.ResponseID, out.RoomID = transcription, answer.MessageID, answer.ResponseID, answer.RoomID
	return out, nil
}

// recite speaks the lines of a conversation as one text.
func (s *Service) recite(ctx context.Context, r ConverseRequest) (Spoken, error) {
	lines := make([]string, len(r.Messages))
	for i, line := range r.Messages {
		lines[i] = line.Text
	}
	if err := s.running(ctx, r.AgentID); err != nil {
		return Spoken{}, err
	}
	text := strings.Join(lines, "\n")
	sound, err := s.speak(ctx, Utterance{AgentID: r.AgentID, Text: text})
	if err != nil {
		return Spoken{}, err
	}
	return newSpoken(sound, text, r.Response), nil
}

// listen sets the request's text to what its recording says, if it has one.
func (s *Service) listen(ctx context.Context, r *ConverseRequest) (transcription string, err error) {
	if r.File == nil {
		return "", s.running(ctx, r.AgentID)
	}
	recording, err := s.accept(ctx, r.AgentID, r.File, "")
	if err != nil {
		return "", err
	}
	t, err := s.transcribe(ctx, recording)
	r.Text = t.Text
	return t.Text, err
}

// respond lets the agent answer.
func (s *Service) respond(ctx context.Context, said Said) (Response, error) {
	if s.o.Responder == nil || s.o.Speaker == nil {
		return Response{}, errNone()
	}
	answer, err := s.o.Responder.Respond(ctx, said)
	if err == nil && answer.Text == "" {
		err = &domain.Error{Code: domain.Internal, Reason: "MODEL_ERROR", Message: "No response from model"}
	}
	return answer, err
}

// Hear lets the agent answer a recording, spoken if there is a voice. Codes: as Converse.
func (s *Service) Hear(ctx context.Context, _ domain.Actor, r TranscribeRequest) (Heard, error) {
	recording, err := s.accept(ctx, r.AgentID, r.File, r.Language)
	if err != nil {
		return Heard{}, err
	}
	t, err := s.transcribe(ctx, recording)
	if err != nil {
		return Heard{}, err
	}
	answer, err := s.respond(ctx, Said{AgentID: r.AgentID, Text: t.Text})
	if err != nil {
		return Heard{}, err
	}
	sound, err := s.speak(ctx, Utterance{AgentID: r.AgentID, Text: answer.Text})
	if err != nil {
		return Heard{}, err
	}
	spoken := newSpoken(sound, answer.Text, "json")
	return Heard{Text: t.Text, Response: answer.Text, Audio: spoken.Audio, MIMEType: spoken.MIMEType, Metadata: r.Metadata}, nil
}

// Voices returns the voices that can speak, none without a provider. Codes: not_found.
func (s *Service) Voices(ctx context.Context, _ domain.Actor, r VoicesRequest) (Voices, error) {
	out := Voices{Voices: []Voice{}}
	if err := s.running(ctx, r.AgentID); err != nil || s.o.Speaker == nil {
		return out, err
	}
	voices, err := s.o.Speaker.Voices(ctx, r.Provider, r.Language)
	if err != nil {
		return out, err
	}
	out.Voices = append(out.Voices, voices...)
	for _, v := range voices {
		if v.Default {
			out.Default = &v.ID
			break
		}
	}
	return out, nil
}

// Status returns the spoken conversations under way. Each of Converse ends with its answer,
// so there are none that last. Codes: not_found.
func (s *Service) Status(ctx context.Context, _ domain.Actor, r StatusRequest) (Conversations, error) {
	return Conversations{Conversations: []Conversation{}}, s.running(ctx, r.AgentID)
}
