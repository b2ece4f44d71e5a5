package media

import (
	"context"
	"slices"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/messaging"
	"parley/domain/op"
)

// The bounds of a list.
const (
	listDefault = 50
	listMost    = 200
	// offsetMost bounds how far a list is skipped through.
	offsetMost = 1_000_000
)

// ListRequest selects files. Zero fields do not restrict.
type ListRequest struct {
	AgentID   domain.AgentID   `json:"agentId"`
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// Type is the class of the files.
	Type Class `json:"type"`
	// Limit is at most how many are returned; 0 means 50, more than 200 means 200.
	Limit int `json:"limit"`
	// Offset skips that many.
	Offset int `json:"offset"`
}

// Validate returns every fault of the request.
func (r *ListRequest) Validate() error {
	var f domain.Faults
	if r.AgentID != "" && r.ChannelID != "" {
		f.Add("channelId", "must not be given together with agentId")
	}
	if r.Type != "" && !slices.Contains([]Class{Image, Video, Audio, Document}, r.Type) {
		f.Add("type", "must be image, video, audio or document")
	}
	return f.Err()
}

// query is the request to the store.
func (r *ListRequest) query() Query {
	q := Query{Class: r.Type, Limit: min(r.Limit, listMost), Offset: min(max(r.Offset, 0), offsetMost)}
	if q.Limit <= 0 {
		q.Limit = listDefault
	}
	switch {
	case r.AgentID != "":
		q.Owner = Owner{Kind: OfAgent, ID: string(r.AgentID)}
	case r.ChannelID != "":
		q.Owner = Owner{Kind: OfChannel, ID: string(r.ChannelID)}
	}
	return q
}

// List is a page of files.
type List struct {
	Files      []Row             `json:"files"`
	Pagination domain.Pagination `json:"pagination"`
}

// TotalCount tells how many files there are in all.
func (l List) TotalCount() (total int, ok bool) { return l.Pagination.Total, true }

// List returns a page of files, the newest first. Who may see only its own channels has to
// name one. Codes: invalid, forbidden, unavailable.
func (s *Service) List(ctx context.Context, a domain.Actor, r ListRequest) (List, error) {
	if a.Bound && r.ChannelID == "" {
		return List{}, domain.Errorf(domain.Forbidden, "Name a channel in which you take part")
	}
	if a.Bound && !s.takesPart(ctx, a, r.ChannelID) {
		return List{}, domain.Errorf(domain.Forbidden, "You do not take part in this channel")
	}
	q := r.query()
	files, total, err := s.o.Store.Files(ctx, q)
	if err != nil {
		return List{}, err
	}
	out := List{Files: make([]Row, len(files)), Pagination: domain.NewPagination(q.Limit, q.Offset, len(files), total)}
	for i, f := range files {
		out.Files[i] = newRow(f)
	}
	return out, nil
}

// takesPart reports whether the caller is in a channel; also false if that cannot be known.
func (s *Service) takesPart(ctx context.Context, a domain.Actor, channel domain.ChannelID) bool {
	people, err := s.members.ListParticipants(ctx, a, messaging.ChannelRequest{ChannelID: channel})
	return err == nil && slices.Contains(people, a.Entity)
}

// GetRequest names a file.
type GetRequest struct {
	// ID is that of the file, as its upload answered.
	ID domain.FileID `json:"id" alias:"fileId"`
	// Content asks for the bytes; a socket gets the row all the same.
	Content bool `json:"content"`
}

// Validate returns every fault of the request.
func (r *GetRequest) Validate() error {
	var f domain.Faults
	f.Require("id", string(r.ID))
	return f.Err()
}

// Got is a file, or what it contains.
type Got struct {
	File Row `json:"file"`

	open func(context.Context) (*op.Download, error)
}

// OpenFile opens the contents if they were asked for.
func (g Got) OpenFile(ctx context.Context) (*op.Download, error) {
	if g.open == nil {
		return nil, nil
	}
	return g.open(ctx)
}

// Get returns one file. Codes: not_found (absent, or not for the caller), unavailable.
func (s *Service) Get(ctx context.Context, a domain.Actor, r GetRequest) (Got, error) {
	f, err := s.visible(ctx, a, r.ID)
	if err != nil {
		return Got{}, err
	}
	got := Got{File: newRow(f)}
	if r.Content {
		got.open = func(ctx context.Context) (*op.Download, error) { return s.download(ctx, f) }
	}
	return got, nil
}

// download opens a file under its original name.
func (s *Service) download(ctx context.Context, f File) (*op.Download, error) {
	d, err := Open(ctx, s.o.Blobs, f.Owner.key(f.Filename))
	if err == nil {
		d.Name, d.Type, d.Inline = f.OriginalName, served(f.MIME), inline(f.MIME)
	}
	return d, err
}

// visible returns a file that the caller may see: who is bound to its own channels sees
// what it uploaded and what is in them. Codes: not_found, unavailable.
func (s *Service) visible(ctx context.Context, a domain.Actor, id domain.FileID) (File, error) {
	f, err := s.o.Store.File(ctx, id)
	if err != nil || !a.Bound || f.Uploader != "" && f.Uploader == a.Entity {
		return f, err
	}
	if f.Owner.Kind == OfChannel && s.takesPart(ctx, a, domain.ChannelID(f.Owner.ID)) {
		return f, nil
	}
	return File{}, errNoFile(id)
}

// errNoFile is the answer where a file is absent.
func errNoFile(id domain.FileID) error {
	return domain.Errorf(domain.NotFound, "File %s does not exist", id)
}

// DeleteRequest names a file.
type DeleteRequest struct {
	// ID is that of the file, as its upload answered.
	ID domain.FileID `json:"id" alias:"fileId"`
}

// Validate returns every fault of the request.
func (r *DeleteRequest) Validate() error {
	var f domain.Faults
	f.Require("id", string(r.ID))
	return f.Err()
}

// Deleted answers a deletion.
type Deleted struct {
	ID domain.FileID `json:"id"`
}

// Delete removes a file, also one that messages refer to. Who is bound to itself may
// remove only what it uploaded; in the modes open and key every member may remove every file.
// Codes: forbidden, not_found, unavailable.
func (s *Service) Delete(ctx context.Context, a domain.Actor, r DeleteRequest) (Deleted, error) {
	f, err := s.visible(ctx, a, r.ID)
	if err != nil {
		return Deleted{}, err
	}
	if a.Bound && f.Uploader != a.Entity {
		return Deleted{}, domain.Errorf(domain.Forbidden, "Only who uploaded a file may delete it")
	}
	return Deleted(r), s.remove(ctx, f.ID)
}

// Opener opens contents; blob.Store is one.
type Opener interface {
	Open(ctx context.Context, key blob.Key) (blob.Object, error)
}

// Open opens the contents of a key as they are served to everybody: under their stored
// name, with the type of its extension. Codes: those of blob.Key.Validate, not_found,
// unavailable.
func Open(ctx context.Context, blobs Opener, key blob.Key) (*op.Download, error) {
	o, err := blobs.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	kind := kindOfName(key.Name)
	info := o.Info()
	return &op.Download{Name: key.Name, Type: served(kind), Inline: inline(kind), Tag: info.Tag, Modified: info.Modified, Content: o}, nil
}
