package audio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/audio"
	"parley/domain/op"
)

// The agents of the tests: one that runs, one that does not, one that does not exist.
const (
	running domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"
	stopped domain.AgentID = "11111111-1111-4111-8111-111111111111"
	unknown domain.AgentID = "22222222-2222-4222-8222-222222222222"
)

// agents knows them.
type agents struct{}

func (agents) Runs(_ context.Context, id domain.AgentID) (exists, runs bool, err error) {
	return id != unknown, id == running, nil
}

// provider is a speech provider that hears the bytes it is sent and speaks text as bytes.
type provider struct{ err error }

func (p provider) Transcribe(_ context.Context, r audio.Recording) (audio.Transcript, error) {
	data, err := io.ReadAll(r.Content)
	return audio.Transcript{Text: strings.TrimPrefix(string(data), webm), Language: r.Language, DurationMs: 7}, errors.Join(err, p.err)
}

func (p provider) Speak(_ context.Context, u audio.Utterance) (audio.Sound, error) {
	return audio.Sound{Data: []byte("ID3" + u.Voice + u.Text)}, p.err
}

func (p provider) Voices(context.Context, string, string) ([]audio.Voice, error) {
	return []audio.Voice{{ID: "a"}, {ID: "b", Default: true}}, p.err
}

func (p provider) Respond(_ context.Context, s audio.Said) (audio.Response, error) {
	if s.Text == "silence" {
		return audio.Response{}, nil
	}
	return audio.Response{Text: "re: " + s.Text, MessageID: "m", ResponseID: "r", RoomID: "o"}, p.err
}

// webm is how a browser's recordings begin.
const webm = "\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"

// recording is an uploaded file.
func recording(kind, content string) *op.File {
	return &op.File{Name: "blob", Type: kind, Size: int64(len(content)), Content: bytes.NewReader([]byte(content))}
}

// registry has the operations over a provider, nil for none.
func registry(p *provider) *op.Registry {
	r, o := op.NewRegistry(op.Options{}), audio.Options{Agents: agents{}}
	if p != nil {
		o.Transcriber, o.Speaker, o.Responder = p, p, p
	}
	audio.Ops(r, audio.New(o))
	return r
}

// call runs an operation and returns its result as JSON, or its failure in short.
func call(t *testing.T, r *op.Registry, name, fields string, file *op.File) string {
	t.Helper()
	res, failure := r.Lookup(name).Call(t.Context(), domain.Actor{Role: domain.Admin}, op.Input{Body: []byte(fields), File: file})
	if failure != nil {
		return strings.TrimSpace(fmt.Sprintf("%d %s %s %s", failure.Code.Info().HTTP, failure.WireCode(), failure.Message, failure.Details))
	}
	data, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRequestsAreCheckedWithoutAProvider(t *testing.T) {
	r := registry(nil)
	const none = "503 MODEL_UNAVAILABLE No speech provider is configured"
	agent := func(id domain.AgentID, more string) string { return `{"agentId":"` + string(id) + `"` + more + `}` }
	for _, name := range []string{"recordings:send", "recordings:transcribe", "recordings:answer"} {
		for _, tt := range []struct {
			fields string
			file   *op.File
			want   string
		}{
			{`{"agentId":"x"}`, recording("audio/wav", webm), "400 INVALID_ID agentId must be a UUID"},
			{agent(running, ""), nil, "400 INVALID_REQUEST No audio file provided"},
			{agent(running, ""), recording("audio/wav", ""), "400 INVALID_REQUEST The file is empty"},
			{agent(running, `,"language":"`+strings.Repeat("a", 300)+`"`), recording("audio/wav", webm), "400 INVALID_REQUEST language is too long"},
			{agent(unknown, ""), recording("audio/wav", webm), "404 NOT_FOUND Agent not found"},
			{agent(stopped, ""), recording("audio/wav", webm), "404 NOT_FOUND Agent not found Agent is not running"},
			{agent(running, ""), recording("text/plain", "hello"), "415 INVALID_FILE_TYPE Invalid audio file type"},
			{agent(running, ""), recording("audio/wav", "<html>"), "415 INVALID_FILE_TYPE Invalid audio file type"},
			{agent(running, ""), recording("audio/wav", webm), none},
		} {
			if got := call(t, r, name, tt.fields, tt.file); got != tt.want {
				t.Errorf("%s %s: %s, want %s", name, tt.fields, got, tt.want)
			}
		}
	}
	for _, tt := range []struct{ name, fields, want string }{
		{"texts:speak", agent(running, ""), "400 INVALID_REQUEST Text is required for speech synthesis"},
		{"texts:speak", agent(running, `,"text":7`), "400 INVALID_REQUEST text must be a string"},
		{"texts:speak", agent(running, `,"text":"x","format":"aiff","speed":9`), "400 INVALID_REQUEST format must be mp3, wav or ogg; speed must be between 0.25 and 4"},
		{"texts:speak", agent(running, `,"text":"`+strings.Repeat("a", 20_001)+`"`), "400 INVALID_REQUEST text is too long"},
		{"texts:speak", agent(unknown, `,"text":"x"`), "404 NOT_FOUND Agent not found"},
		{"texts:speak", agent(stopped, `,"text":"x"`), "404 NOT_FOUND Agent not found Agent is not running"},
		{"texts:speak", agent(running, `,"text":"x"`), none},
		{"conversations:speak", agent(running, ""), "400 INVALID_REQUEST Text is required for conversation"},
		{"conversations:speak", agent(running, `,"messages":[{"text":""}]`), "400 INVALID_REQUEST messages must all have a text"},
		{"conversations:speak", agent(running, `,"messages":[{"text":"x"}]`), none},
		{"conversations:speak", agent(stopped, `,"text":"x"`), "404 NOT_FOUND Agent not found Agent is not running"},
		{"conversations:speak", agent(running, `,"text":"x"`), none},
		{"voices:list", agent(running, ""), `{"voices":[],"default":null}`},
		{"voices:list", agent(unknown, ""), "404 NOT_FOUND Agent not found"},
		{"conversations:list", agent(running, ""), `{"active":false,"conversations":[]}`},
		{"conversations:list", agent(stopped, ""), "404 NOT_FOUND Agent not found Agent is not running"},
	} {
		if got := call(t, r, tt.name, tt.fields, nil); got != tt.want {
			t.Errorf("%s %.100s: %s, want %s", tt.name, tt.fields, got, tt.want)
		}
	}
	if got := call(t, r, "conversations:speak", agent(running, ""), recording("text/plain", "hello")); got != "415 INVALID_FILE_TYPE Invalid audio file type" {
		t.Error(got)
	}
	if got := call(t, r, "conversations:speak", agent(running, ""), recording("audio/wav", webm)); got != none {
		t.Error(got)
	}
}

func TestProvidersDoTheWork(t *testing.T) {
	r := registry(&provider{})
	agent := `{"agentId":"` + string(running) + `"`
	for _, tt := range []struct{ name, fields, want string }{
		{"recordings:transcribe", agent + `,"language":"en"}`, `{"text":"hi","language":"en","durationMs":7}`},
		{"recordings:send", agent + `}`, `{"transcription":"hi","message":"Audio transcribed"}`},
		{"recordings:answer", agent + `,"metadata":{"a":1}}`, `{"text":"hi","response":"re: hi","audio":"SUQzcmU6IGhp","mimeType":"audio/mpeg","metadata":{"a":1}}`},
		{"conversations:speak", agent + `,"response":"json"}`, `{"audio":"SUQzcmU6IGhp","mimeType":"audio/mpeg","format":"mp3","text":"re: hi","transcription":"hi","messageId":"m","responseId":"r","roomId":"o"}`},
	} {
		if got := call(t, r, tt.name, tt.fields, recording("audio/wav", webm+"hi")); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct{ name, fields, want string }{
		{"texts:speak", agent + `,"text":"hi","voice":"v"}`, `{"audio":"SUQzdmhp","mimeType":"audio/mpeg","format":"mp3","text":"hi"}`},
		{"conversations:speak", agent + `,"messages":[{"text":"a","speaker":"x","timestamp":1},{"text":"b"}]}`, `{"audio":"SUQzYQpi","mimeType":"audio/mpeg","format":"mp3","text":"a\nb"}`},
		{"conversations:speak", agent + `,"text":"silence"}`, "500 MODEL_ERROR No response from model"},
		{"voices:list", agent + `}`, `{"voices":[{"id":"a","name":"","provider":"","language":"","default":false},{"id":"b","name":"","provider":"","language":"","default":true}],"default":"b"}`},
	} {
		if got := call(t, r, tt.name, tt.fields, nil); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := call(t, r, "recordings:transcribe", agent+`}`, recording("audio/wav", webm)); got != "500 PROCESSING_ERROR Failed to transcribe audio" {
		t.Error(got)
	}
	broken := registry(&provider{err: errors.New("out of voice")})
	if got := call(t, broken, "texts:speak", agent+`,"text":"hi"}`, nil); got != "500 PROCESSING_ERROR Internal error" {
		t.Error(got)
	}
}

func TestSoundIsSentAsItsBytes(t *testing.T) {
	r := registry(&provider{})
	res, failure := r.Lookup("texts:speak").Call(t.Context(), domain.Actor{Role: domain.Admin},
		op.Input{Body: []byte(`{"agentId":"` + string(running) + `","text":"hi"}`)})
	if failure != nil {
		t.Fatal(failure)
	}
	if kind, body, raw := res.(op.Raw).Raw(); !raw || kind != "audio/mpeg" || string(body) != "ID3hi" {
		t.Errorf("%s %q %v", kind, body, raw)
	}
}
