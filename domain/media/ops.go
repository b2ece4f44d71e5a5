package media

import (
	"time"

	"parley/domain"
	"parley/domain/op"
)

// The examples' agent, channel and file.
const (
	exampleAgent   domain.AgentID   = "b850bc30-45f8-0041-a00a-83df46d8555d"
	exampleChannel domain.ChannelID = "11111111-1111-4111-8111-111111111111"
	exampleFile    domain.FileID    = "44444444-4444-4444-8444-444444444444"
)

// uploadTimeout is how long an upload may take once it has arrived: on a busy disk many
// wait for one another.
const uploadTimeout = 2 * time.Minute

// uploadErrors are the codes of every upload.
func uploadErrors() []domain.Code { return []domain.Code{domain.TooLarge, domain.UnsupportedMedia} }

// Ops declares the operations of this package. Uploads to channels are three operations
// because their routes are limited differently.
func Ops(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "agents:upload", Help: "Uploads a file to an agent: a form with one file named file, at most 50 MiB.",
		Routes: []string{"POST /api/media/agents/:agentId/upload", "POST /api/media/agents/:agentId/upload-media",
			"POST /api/media/:agentId/upload-media"},
		RESTOnly: true, Timeout: uploadTimeout, Errors: uploadErrors(), Reason: "UPLOAD_ERROR", Example: AgentUploadRequest{AgentID: exampleAgent},
	}, s.UploadToAgent)
	op.Define(r, op.Spec{
		Name: "files:upload", Help: "Uploads a file to a channel: a form with one file named file, at most 50 MiB.",
		Routes: []string{"POST /api/media/channels/:channelId/upload", "POST /api/media/channels/:channelId/upload-media"}, Limit: op.LimitChannelMedia,
		RESTOnly: true, Timeout: uploadTimeout, Errors: uploadErrors(), Reason: "UPLOAD_ERROR", Example: ChannelUploadRequest{ChannelID: exampleChannel},
	}, s.UploadToChannel)
	op.Define(r, op.Spec{
		Name: "channels:upload", Help: "Uploads a file to a channel, as files:upload, under the routes of messaging.",
		Routes: op.ChannelRoutes("POST", "/upload-media"), Limit: op.LimitUpload,
		RESTOnly: true, Timeout: uploadTimeout, Errors: uploadErrors(), Reason: "UPLOAD_ERROR", Example: ChannelUploadRequest{ChannelID: exampleChannel},
	}, s.UploadByMessaging)
	op.Define(r, op.Spec{
		Name: "files:list", Help: "Returns uploaded files, the newest first.",
		Routes: []string{"GET /api/media/files"}, Example: ListRequest{ChannelID: exampleChannel, Type: Image, Limit: 20},
	}, s.List)
	op.Define(r, op.Spec{
		Name: "files:get", Help: "Returns one uploaded file, or its bytes with content=true.",
		Routes: []string{"GET /api/media/files/:id"}, Errors: []domain.Code{domain.NotFound}, Example: GetRequest{ID: exampleFile},
	}, s.Get)
	op.Define(r, op.Spec{
		Name: "files:delete", Help: "Deletes an uploaded file; what refers to it refers to nothing then.",
		Routes: []string{"DELETE /api/media/files/:id"}, Status: 204, Errors: []domain.Code{domain.NotFound}, Reason: "DELETE_ERROR",
		Example: DeleteRequest{ID: exampleFile},
	}, s.Delete)
}
