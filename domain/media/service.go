package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/messaging"
	"parley/domain/op"
)

// Messages is what the service asks the channel log; messaging.Store is one.
type Messages interface {
	// Lookup returns the message or tombstone of an id in whatever channel, or NotFound.
	Lookup(ctx context.Context, id domain.MessageID) (messaging.Message, error)
}

// Members tells who takes part in a channel; messaging.Service is one.
type Members interface {
	ListParticipants(ctx context.Context, a domain.Actor, r messaging.ChannelRequest) ([]domain.EntityID, error)
}

// Options of a Service.
type Options struct {
	Store    Store
	Blobs    blob.Store
	Messages Messages
	// Kinds are the types that are taken.
	Kinds Kinds
	Now   domain.Clock
	// Logger hears what the sweep could not finish.
	Logger zerolog.Logger
	// Alone says that no other process uses the store, so that whatever is unfinished at the
	// start is nobody's any more.
	Alone bool
	// OnStep is asked before each step of an upload or a deletion, for tests of faults; an
	// error ends the step like one of the stores. nil asks nobody.
	OnStep func(step string) error
}

// Service holds the rules of files. It is safe for concurrent use.
type Service struct {
	o     Options
	log   zerolog.Logger
	began time.Time
	// members is set once, before the first call.
	members Members
}

// New returns a service.
func New(o Options) *Service {
	if o.OnStep == nil {
		o.OnStep = func(string) error { return nil }
	}
	s := &Service{o: o, log: o.Logger.With().Str("component", "media").Logger()}
	s.began = s.stamp()
	return s
}

// SetMembers tells who knows the members of channels; it must be called before any
// operation. Messaging is built on what this service notes, so it comes later.
func (s *Service) SetMembers(m Members) { s.members = m }

// stamp is the present in the precision of the stores.
func (s *Service) stamp() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }

// upload is what all uploads have in common.
type upload struct {
	owner    Owner
	file     *op.File
	name     string
	declared string
	metadata domain.Metadata
}

// store takes a file in; see the package comment for the order. Codes: unsupported media
// types, internal (reason UPLOAD_ERROR, by the operation), unavailable.
func (s *Service) store(ctx context.Context, a domain.Actor, u upload) (File, error) {
	kind, ok, err := s.o.Kinds.Check(u.file, u.declared)
	if err != nil {
		return File{}, err
	}
	if !ok {
		return File{}, s.o.Kinds.Refusal(u.declared)
	}
	sum, err := hash(ctx, u.file.Content)
	if err != nil {
		return File{}, err
	}
	now := s.stamp()
	f := File{
		ID: domain.NewID[domain.FileID](), Owner: u.owner, Filename: storedName(now, extension(kind, u.name)), OriginalName: u.name,
		MIME: kind, Class: classOf(kind), Size: u.file.Size, SHA256: sum, Uploader: a.Entity, Metadata: u.metadata,
		CreatedAt: now, State: Arriving,
	}
	f.Width, f.Height = pictureSize(kind, u.file.Content)
	if err := s.arrive(ctx, f, u.file.Content); err != nil {
		return File{}, err
	}
	f.State = Stored
	return f, nil
}

// storedName is a name as the reference makes them.
func storedName(now time.Time, ext string) string {
	//nolint:gosec // the number keeps names apart; it protects nothing
	return strconv.FormatInt(domain.Millis(now), 10) + "-" + strconv.Itoa(rand.IntN(1e9)) + ext
}

// hash is the SHA-256 of all of the content, in hex.
func hash(ctx context.Context, content io.ReadSeeker) (string, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if _, err := io.CopyN(sum, content, 1<<20); errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}

// arrive stores row and contents. What it could not finish it takes back, or the sweep does.
func (s *Service) arrive(ctx context.Context, f File, content io.ReadSeeker) error {
	steps := []struct {
		name string
		run  func() error
	}{
		{"row", func() error { return s.o.Store.AddFile(ctx, f) }},
		{"contents", func() error { return s.put(ctx, f, content) }},
		{"keep", func() error { return s.o.Store.KeepFile(ctx, f.ID) }},
		{"answer", func() error { return nil }},
	}
	for i, step := range steps {
		err := s.o.OnStep(step.name)
		if err == nil {
			err = step.run()
		}
		if err != nil {
			if i > 0 {
				s.takeBack(ctx, f)
			}
			return err
		}
	}
	return nil
}

// put stores the contents, all of them.
func (s *Service) put(ctx context.Context, f File, content io.ReadSeeker) error {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	info, err := s.o.Blobs.Put(ctx, f.Owner.key(f.Filename), content)
	if err == nil && info.Size != f.Size {
		err = errors.New("the contents changed while they were stored")
	}
	return err
}

// takeBackTime bounds the undoing of an upload, whose caller may have gone.
const takeBackTime = 5 * time.Second

// takeBack undoes an upload that failed; what it does not get to is left to the sweep.
func (s *Service) takeBack(ctx context.Context, f File) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	if err := s.remove(ctx, f.ID); err != nil && !domain.IsCode(err, domain.NotFound) {
		s.log.Warn().Err(err).Str("fileId", string(f.ID)).Msg("an upload that failed is left to the sweep")
	}
}

// remove takes a file away, row and contents; NotFound if there is none.
func (s *Service) remove(ctx context.Context, id domain.FileID) error {
	if err := s.o.OnStep("leave"); err != nil {
		return err
	}
	f, err := s.o.Store.LeaveFile(ctx, id)
	if err != nil {
		return err
	}
	return s.finish(ctx, f)
}

// finish takes away what is left of a file that is leaving.
func (s *Service) finish(ctx context.Context, f File) error {
	if err := s.o.OnStep("delete"); err != nil {
		return err
	}
	if err := s.o.Blobs.Delete(ctx, f.Owner.key(f.Filename)); err != nil {
		return err
	}
	if err := s.o.OnStep("forget"); err != nil {
		return err
	}
	return s.o.Store.ForgetFile(ctx, f.ID)
}
