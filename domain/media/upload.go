package media

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/domain"
	"parley/domain/op"
)

// maxOriginal is the longest name that a file may bring, in characters.
const maxOriginal = 255

// maxMetadata is how much metadata a file may bring, in bytes.
const maxMetadata = 16 << 10

// checkUpload reports the first fault that an upload can have, in the words of the
// reference. It is no Validate: who may not enter the channel is to hear that first.
func checkUpload(file *op.File, contentType string, metadata domain.Metadata) error {
	size := 0
	for key, value := range metadata {
		size += len(key) + len(value)
	}
	switch {
	case file == nil:
		return fault("file", "No media file provided")
	case file.Size == 0:
		return fault("file", "The file is empty")
	case file.Size > MaxFile:
		return errTooLarge()
	case len(contentType) > maxOriginal:
		return fault("contentType", "The content type is too long")
	case size > maxMetadata:
		return fault("metadata", "The metadata is too long")
	}
	return checkName(cleanName(file.Name))
}

// errTooLarge refuses a file over the limit.
func errTooLarge() error {
	return &domain.Error{Code: domain.TooLarge, Reason: "FILE_TOO_LARGE", LegacyCode: "LIMIT_FILE_SIZE", Message: "File too large (max 50MB)"}
}

// fault is an Invalid error about one field, in words of its own.
func fault(path, message string) error {
	return &domain.Error{Code: domain.Invalid, Message: message, Issues: []domain.Issue{{Path: path, Message: message}}}
}

// cleanName is the name of a file as people know it: the last segment of what came, since
// some clients send whole paths. Bytes that are no UTF-8 are Latin-1, which old clients send.
func cleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		b.WriteRune(rune(name[i]))
	}
	return b.String()
}

// checkName refuses names that nobody has in earnest.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || utf8.RuneCountInString(name) > maxOriginal || strings.ContainsFunc(name, unicode.IsControl) {
		return fault("file", "Invalid filename detected")
	}
	return nil
}

// AgentUploadRequest uploads a file to an agent, which need not exist.
type AgentUploadRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	File    *op.File       `json:"-" op:"file"`
	// ContentType stands in for the type of the file where that has none.
	ContentType string          `json:"contentType"`
	Metadata    domain.Metadata `json:"metadata"`
}

// ChannelUploadRequest uploads a file to a channel, which need not exist.
type ChannelUploadRequest struct {
	ChannelID domain.ChannelID `json:"channelId" access:"channel"`
	File      *op.File         `json:"-" op:"file"`
	// ContentType stands in for the type of the file where that has none.
	ContentType string          `json:"contentType"`
	Metadata    domain.Metadata `json:"metadata"`
}

// Uploaded answers an upload.
type Uploaded struct {
	URL string `json:"url"`
	// Type is the class of a file of an agent, but the media type of a file of a channel: the
	// reference has it so.
	Type         string        `json:"type"`
	Filename     string        `json:"filename"`
	OriginalName string        `json:"originalName"`
	Size         int64         `json:"size"`
	ID           domain.FileID `json:"id"`
	MIMEType     string        `json:"mimeType"`
	SHA256       string        `json:"sha256"`
	Width        int           `json:"width,omitempty"`
	Height       int           `json:"height,omitempty"`
}

// newUploaded is the answer for f.
func newUploaded(f File, kind string) Uploaded {
	return Uploaded{URL: f.URL(), Type: kind, Filename: f.Filename, OriginalName: f.OriginalName, Size: f.Size, ID: f.ID,
		MIMEType: f.MIME, SHA256: f.SHA256, Width: f.Width, Height: f.Height}
}

// UploadToAgent takes in a file of an agent. Codes: invalid, too_large, unsupported_media,
// unavailable.
func (s *Service) UploadToAgent(ctx context.Context, a domain.Actor, r AgentUploadRequest) (Uploaded, error) {
	if err := checkUpload(r.File, r.ContentType, r.Metadata); err != nil {
		return Uploaded{}, err
	}
	f, err := s.store(ctx, a, upload{owner: Owner{Kind: OfAgent, ID: string(r.AgentID)}, file: r.File,
		name: cleanName(r.File.Name), declared: declaredType(r.File, r.ContentType), metadata: r.Metadata})
	if err != nil {
		return Uploaded{}, err
	}
	return newUploaded(f, string(f.Class)), nil
}

// UploadToChannel takes in a file of a channel. Codes: as UploadToAgent.
func (s *Service) UploadToChannel(ctx context.Context, a domain.Actor, r ChannelUploadRequest) (Uploaded, error) {
	if err := checkUpload(r.File, r.ContentType, r.Metadata); err != nil {
		return Uploaded{}, err
	}
	f, err := s.store(ctx, a, upload{owner: Owner{Kind: OfChannel, ID: string(r.ChannelID)}, file: r.File,
		name: cleanName(r.File.Name), declared: declaredType(r.File, r.ContentType), metadata: r.Metadata})
	if err != nil {
		return Uploaded{}, err
	}
	return newUploaded(f, f.MIME), nil
}

// UploadByMessaging is UploadToChannel under messaging's routes, where names that lead
// elsewhere are refused and not cut short.
func (s *Service) UploadByMessaging(ctx context.Context, a domain.Actor, r ChannelUploadRequest) (Uploaded, error) {
	if r.File != nil && (strings.Contains(r.File.Name, "..") || strings.ContainsAny(r.File.Name, `/\`)) {
		return Uploaded{}, fault("file", "Invalid filename detected")
	}
	return s.UploadToChannel(ctx, a, r)
}

// declaredType is the type that the uploader gave: that of the file, else the field's.
func declaredType(f *op.File, contentType string) string {
	if kind := bare(f.Type); contentType != "" && (kind == "" || kind == "application/octet-stream") {
		return contentType
	}
	return f.Type
}
