package media

import (
	"context"
	"time"

	"parley/domain"
)

// Store is what the service needs to keep of files. Every method is safe for concurrent
// use. Errors are domain errors: NotFound for what is absent, Unavailable when the store
// cannot answer now. Times have millisecond precision and are in UTC. A file is one
// document, its Refs a list in it; every method changes one document in one step, or says
// what it leaves when a crash comes in between. File, Files, AttachFile, FilesOf and
// FilesIn see stored files only.
type Store interface {
	// AddFile stores f as it is. Conflict if its id, or its filename at its owner, is taken.
	AddFile(ctx context.Context, f File) error
	// KeepFile makes an arriving file a stored one; NotFound if it is not arriving.
	KeepFile(ctx context.Context, id domain.FileID) error
	// LeaveFile makes a file a leaving one, whatever it was, and returns it; NotFound if it
	// is absent. One that is leaving already is returned as it is.
	LeaveFile(ctx context.Context, id domain.FileID) (File, error)
	// ForgetFile removes the row of a file that is not stored; anything else is no error.
	ForgetFile(ctx context.Context, id domain.FileID) error
	// File returns one file, or NotFound.
	File(ctx context.Context, id domain.FileID) (File, error)
	// Files returns the files of a query, the newest (the greatest id) first, without their
	// Refs, and how many there are in all.
	Files(ctx context.Context, q Query) (list []File, total int, err error)

	// AttachFile notes that a message refers to the file of a name at an owner, and reports
	// whether there is one. A message that is noted already changes nothing; the one after
	// MaxRefs is not noted but makes the file Pinned.
	AttachFile(ctx context.Context, owner Owner, filename string, ref Ref) (found bool, err error)
	// FilesOf returns the files that a message refers to.
	FilesOf(ctx context.Context, message domain.MessageID) ([]File, error)
	// FilesIn returns the files with an id greater than after that messages of a channel refer
	// to, by rising id, at most limit.
	FilesIn(ctx context.Context, channel domain.ChannelID, after domain.FileID, limit int) ([]File, error)
	// DetachFile takes messages off the Refs of a stored file. If that leaves none, and the
	// file is not Pinned and some were taken off, it becomes leaving, which left reports. A
	// crash between the two leaves what UnfinishedFiles finds.
	DetachFile(ctx context.Context, id domain.FileID, messages []domain.MessageID) (left bool, err error)

	// UnfinishedFiles returns files created before a moment that are arriving, those that are
	// leaving, and those that a DetachFile has left half done, oldest id first, at most limit. Its
	// cost must not depend on the number of stored files.
	UnfinishedFiles(ctx context.Context, before time.Time, limit int) ([]File, error)
}

// Query selects files. Zero fields do not restrict.
type Query struct {
	Owner Owner
	Class Class
	// Limit is at most how many are returned; must be positive.
	Limit int
	// Offset skips that many.
	Offset int
}
