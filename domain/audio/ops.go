package audio

import (
	"parley/domain"
	"parley/domain/op"
)

// exampleAgent is the agent of the examples.
const exampleAgent domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"

// paths are routes below /api/audio/:agentId.
func paths(method string, suffixes ...string) []string {
	var routes []string
	for _, suffix := range suffixes {
		routes = append(routes, method+" /api/audio/:agentId/"+suffix)
	}
	return routes
}

// Ops declares the operations of this package. Those that only take a recording are
// REST-only.
func Ops(r *op.Registry, s *Service) {
	withFile := []domain.Code{domain.NotFound, domain.TooLarge, domain.UnsupportedMedia}
	op.Define(r, op.Spec{
		Name: "recordings:send", Help: "Turns a spoken message to an agent into text.",
		Routes: paths("POST", "audio-messages", "process-audio"), RESTOnly: true, Limit: op.LimitUpload, Errors: withFile,
		Reason: "PROCESSING_ERROR", Example: TranscribeRequest{AgentID: exampleAgent},
	}, s.Message)
	op.Define(r, op.Spec{
		Name: "recordings:transcribe", Help: "Turns a recording into text.",
		Routes: paths("POST", "transcriptions"), RESTOnly: true, Limit: op.LimitUpload, Errors: withFile,
		Reason: "PROCESSING_ERROR", Example: TranscribeRequest{AgentID: exampleAgent},
	}, s.Transcribe)
	op.Define(r, op.Spec{
		Name: "recordings:answer", Help: "Lets an agent answer a recording, with text and voice.",
		Routes: paths("POST", "speech"), RESTOnly: true, Limit: op.LimitUpload, Errors: withFile,
		Reason: "PROCESSING_ERROR", Example: TranscribeRequest{AgentID: exampleAgent},
	}, s.Hear)
	op.Define(r, op.Spec{
		Name: "texts:speak", Help: "Turns a text into speech; over REST the bytes of the sound.",
		Routes: paths("POST", "synthesize", "audio-messages/synthesize", "speech/generate"), Slow: true, Limit: op.LimitUpload,
		Errors: []domain.Code{domain.NotFound}, Reason: "PROCESSING_ERROR", Example: SpeakRequest{AgentID: exampleAgent, Text: "hello"},
	}, s.Speak)
	op.Define(r, op.Spec{
		Name: "conversations:speak", Help: "Says something to an agent, as text or as a recording, and returns its spoken answer.",
		Routes: paths("POST", "conversation", "speech/conversation"), Slow: true, Limit: op.LimitUpload, Errors: withFile,
		Reason: "PROCESSING_ERROR", Example: ConverseRequest{AgentID: exampleAgent, Text: "hello"},
	}, s.Converse)
	op.Define(r, op.Spec{
		Name: "conversations:list", Help: "Returns the spoken conversations with an agent that are under way.",
		Routes: paths("GET", "conversation/status"), Limit: op.LimitUpload, Errors: []domain.Code{domain.NotFound},
		Example: StatusRequest{AgentID: exampleAgent},
	}, s.Status)
	op.Define(r, op.Spec{
		Name: "voices:list", Help: "Returns the voices that can speak for an agent.",
		Routes: paths("GET", "voices"), Limit: op.LimitUpload, Errors: []domain.Code{domain.NotFound},
		Example: VoicesRequest{AgentID: exampleAgent},
	}, s.Voices)
}
