package blob

import (
	"context"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/domain"
)

// Area is one of the places that files are kept in.
type Area string

// The areas; their texts are the reference's folders.
const (
	// AgentUploads are files that were uploaded to an agent.
	AgentUploads Area = "uploads/agents"
	// ChannelUploads are files that were uploaded to a channel.
	ChannelUploads Area = "uploads/channels"
	// Generated are files that an agent has made.
	Generated Area = "generated"
)

// Areas returns all areas.
func Areas() []Area { return []Area{AgentUploads, ChannelUploads, Generated} }

// maxName is the longest name, in bytes: that of most file systems.
const maxName = 255

// Key names the contents of one file.
type Key struct {
	Area Area
	// Owner is the UUID of the agent or channel, in lower case.
	Owner string
	// Name is the file's name there: one segment.
	Name string
}

// String is the key as a path with slashes.
func (k Key) String() string { return string(k.Area) + "/" + k.Owner + "/" + k.Name }

// Validate reports a key that could be something else than a file in the owner's
// folder. Codes: invalid (reason INVALID_ID for the owner), forbidden (a name that leaves
// the folder), not_found (a name that no file can have).
func (k Key) Validate() error {
	switch {
	case k.Area != AgentUploads && k.Area != ChannelUploads && k.Area != Generated:
		return domain.Errorf(domain.NotFound, "There is no such folder")
	case !domain.IsUUID(k.Owner) || k.Owner != strings.ToLower(k.Owner):
		return &domain.Error{Code: domain.Invalid, Reason: "INVALID_ID", Message: "Invalid ID: not a UUID"}
	case k.Name == ".." || strings.ContainsAny(k.Name, `/\`):
		return domain.Errorf(domain.Forbidden, "Access denied")
	case !safeName(k.Name):
		return errAbsent()
	default:
		return nil
	}
}

// safeName reports whether a name can be that of a file: no hidden one, nothing that a
// file system or a header would read otherwise.
func safeName(name string) bool {
	if name == "" || len(name) > maxName || name[0] == '.' || !utf8.ValidString(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == ':' })
}

// errAbsent is the answer where a file is missing.
func errAbsent() error { return domain.Errorf(domain.NotFound, "File not found") }

// Info tells about stored contents.
type Info struct {
	Size     int64
	Modified time.Time
	// Tag changes with the contents; it is fit for an entity tag.
	Tag string
}

// Object is open contents. It is for one reader at a time; who opened it closes it.
type Object interface {
	io.ReadSeekCloser
	// Info tells about the contents as they were when they were opened.
	Info() Info
}

// Store keeps contents. It is safe for concurrent use. Every method checks its key
// (Key.Validate). Codes: not_found, unavailable (no space, no permission), and the
// context's own.
type Store interface {
	// Put stores everything that r gives. When it returns without an error the contents
	// survive a crash; until then nobody can open them, and an error or a crash leaves
	// nothing behind. What the key held before is replaced as a whole.
	Put(ctx context.Context, key Key, r io.Reader) (Info, error)
	// Open opens the contents of a key, NotFound if there are none. Reading from any place
	// costs no more than reading from the start.
	Open(ctx context.Context, key Key) (Object, error)
	// Stat tells about the contents of a key, NotFound if there are none.
	Stat(ctx context.Context, key Key) (Info, error)
	// Delete removes the contents of a key; a key without any is no error. Who has opened
	// them may read on.
	Delete(ctx context.Context, key Key) error
}
