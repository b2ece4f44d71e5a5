package media

import (
	"strings"
	"time"

	"parley/domain"
	"parley/domain/blob"
)

// OwnerKind is what a file belongs to.
type OwnerKind string

// The kinds of owners.
const (
	// OfAgent is an agent.
	OfAgent OwnerKind = "agent"
	// OfChannel is a channel.
	OfChannel OwnerKind = "channel"
)

// Owner is the agent or channel that a file belongs to. It need not exist.
type Owner struct {
	Kind OwnerKind `json:"kind"`
	ID   string    `json:"id"`
}

// key names the contents of a file of the owner.
func (o Owner) key(filename string) blob.Key {
	area := blob.AgentUploads
	if o.Kind == OfChannel {
		area = blob.ChannelUploads
	}
	return blob.Key{Area: area, Owner: o.ID, Name: filename}
}

// State is how far a file has come.
type State string

// The states; see the package comment.
const (
	// Arriving: the row is there, the contents may be.
	Arriving State = "arriving"
	// Stored: both are there.
	Stored State = "stored"
	// Leaving: the contents may be gone already.
	Leaving State = "leaving"
)

// File is the row of a file.
type File struct {
	ID    domain.FileID
	Owner Owner
	// Filename is the name under which the contents are kept, unique at its owner.
	Filename string
	// OriginalName is the one that the uploader gave.
	OriginalName string
	// MIME is the accepted type, without parameters, Class what the reference calls its kind.
	MIME  string
	Class Class
	Size  int64
	// SHA256 is the hash of the contents in hex.
	SHA256 string
	// Width and Height are those of a picture, 0 if they are not known.
	Width, Height int
	// Uploader is who uploaded it, "" if the caller did not say who it is.
	Uploader  domain.EntityID
	Metadata  domain.Metadata
	CreatedAt time.Time
	State     State
	// Refs are the messages that refer to it.
	Refs []Ref
	// Pinned says that more messages have referred to it than are remembered, so that it
	// does not go with the last one.
	Pinned bool
}

// Ref is a message that refers to a file.
type Ref struct {
	MessageID domain.MessageID
	ChannelID domain.ChannelID
	// Since is when the entry was made, shortly before the message was stored.
	Since time.Time
}

// MaxRefs is how many messages are remembered per file.
const MaxRefs = 100

// URL is where the contents are served.
func (f File) URL() string { return "/media/" + f.Owner.key(f.Filename).String() }

// channelPrefix begins the URLs of files of channels.
const channelPrefix = "/media/" + string(blob.ChannelUploads) + "/"

// channelFile reads the path of a URL that names a file of a channel.
func channelFile(path string) (owner Owner, filename string, ok bool) {
	rest, ok := strings.CutPrefix(path, channelPrefix)
	id, filename, found := strings.Cut(rest, "/")
	owner = Owner{Kind: OfChannel, ID: strings.ToLower(id)}
	return owner, filename, ok && found && owner.key(filename).Validate() == nil
}

// Row is a file on the wire.
type Row struct {
	ID           domain.FileID   `json:"id"`
	Owner        Owner           `json:"owner"`
	URL          string          `json:"url"`
	Filename     string          `json:"filename"`
	OriginalName string          `json:"originalName"`
	MIMEType     string          `json:"mimeType"`
	Type         Class           `json:"type"`
	Size         int64           `json:"size"`
	SHA256       string          `json:"sha256"`
	Width        int             `json:"width,omitempty"`
	Height       int             `json:"height,omitempty"`
	CreatedAt    string          `json:"createdAt"`
	Metadata     domain.Metadata `json:"metadata"`
}

// newRow is the wire form of f.
func newRow(f File) Row {
	return Row{ID: f.ID, Owner: f.Owner, URL: f.URL(), Filename: f.Filename, OriginalName: f.OriginalName,
		MIMEType: f.MIME, Type: f.Class, Size: f.Size, SHA256: f.SHA256, Width: f.Width, Height: f.Height,
		CreatedAt: domain.ISO(f.CreatedAt), Metadata: f.Metadata}
}
