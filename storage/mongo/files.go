package mongo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/media"
)

// filesName is the collection of the rows of files.
const filesName = "files"

// fileIndexes are the indexes of the rows of files.
func fileIndexes() []index {
	return []index{
		{collection: filesName, keys: []string{"+owner", "+filename"}, unique: true, shapes: []shape{{form: "owner= filename="}}},
		{collection: filesName, keys: []string{"+state", "+_id"}, shapes: []shape{{form: "state="}, {form: "state= -_id"}, {form: "state= +_id"},
			{form: "state= createdAt? +_id", few: "few files are arriving"}}},
		{collection: filesName, keys: []string{"+owner", "+state", "+_id"}, shapes: []shape{{form: "owner= state="}, {form: "owner= state= -_id"}}},
		{collection: filesName, keys: []string{"+class", "+state", "+_id"}, shapes: []shape{{form: "class= state="}, {form: "class= state= -_id"}}},
		{collection: filesName, keys: []string{"+owner", "+class", "+state", "+_id"}, shapes: []shape{{form: "owner= class= state="},
			{form: "owner= class= state= -_id"}}},
		{collection: filesName, keys: []string{"+refs.message", "+_id"}, shapes: []shape{{form: "refs.message= state? +_id", few: "a message refers to few files"}}},
		{collection: filesName, keys: []string{"+refs.channel", "+_id"}, shapes: []shape{{form: "refs.channel= state? _id< +_id", few: "nearly all are stored"}}},
	}
}

// fileDocument is the row of a file as it is stored.
type fileDocument struct {
	ID domain.FileID `bson:"_id"`
	// Owner is kind/id.
	Owner        string          `bson:"owner"`
	Filename     string          `bson:"filename"`
	OriginalName string          `bson:"originalName"`
	MIME         string          `bson:"mime"`
	Class        media.Class     `bson:"class"`
	Size         int64           `bson:"size"`
	SHA256       string          `bson:"sha256"`
	Width        int             `bson:"width"`
	Height       int             `bson:"height"`
	Uploader     domain.EntityID `bson:"uploader"`
	// Metadata is JSON, nil for none.
	Metadata  *string       `bson:"metadata,omitempty"`
	CreatedAt time.Time     `bson:"createdAt"`
	State     media.State   `bson:"state"`
	Pinned    bool          `bson:"pinned"`
	Refs      []refDocument `bson:"refs"`
	Revision  int64         `bson:"revision"`
}

// refDocument is a message that refers to a file.
type refDocument struct {
	MessageID domain.MessageID `bson:"message"`
	ChannelID domain.ChannelID `bson:"channel"`
	Since     time.Time        `bson:"since"`
}

// revision is how often the document was changed.
func (d fileDocument) revision() int64 { return d.Revision }

// newFileDocument is the stored form of a file.
func newFileDocument(f media.File) (fileDocument, error) {
	metadata, err := encodeMetadata(f.Metadata)
	d := fileDocument{ID: f.ID, Owner: ownerText(f.Owner), Filename: f.Filename, OriginalName: f.OriginalName, MIME: f.MIME, Class: f.Class,
		Size: f.Size, SHA256: f.SHA256, Width: f.Width, Height: f.Height, Uploader: f.Uploader, Metadata: metadata, CreatedAt: f.CreatedAt,
		State: f.State, Pinned: f.Pinned, Refs: make([]refDocument, len(f.Refs))}
	for i, r := range f.Refs {
		d.Refs[i] = refDocument(r)
	}
	return d, err
}

// file reads the stored form.
func (d fileDocument) file() (media.File, error) {
	kind, id, _ := strings.Cut(d.Owner, "/")
	f := media.File{ID: d.ID, Owner: media.Owner{Kind: media.OwnerKind(kind), ID: id}, Filename: d.Filename, OriginalName: d.OriginalName,
		MIME: d.MIME, Class: d.Class, Size: d.Size, SHA256: d.SHA256, Width: d.Width, Height: d.Height, Uploader: d.Uploader,
		CreatedAt: d.CreatedAt, State: d.State, Pinned: d.Pinned}
	for _, r := range d.Refs {
		f.Refs = append(f.Refs, media.Ref(r))
	}
	slices.SortFunc(f.Refs, func(a, b media.Ref) int { return cmp.Compare(a.MessageID, b.MessageID) })
	if err := decodeJSON(d.Metadata, &f.Metadata); err != nil {
		return f, fmt.Errorf("read metadata of file %s: %w", d.ID, err)
	}
	return f, nil
}

// ownerText is the stored form of an owner.
func ownerText(o media.Owner) string { return string(o.Kind) + "/" + o.ID }

// errNoFile is the answer where a file is missing.
func errNoFile(id domain.FileID) error {
	return domain.Errorf(domain.NotFound, "File %s does not exist", id)
}

// AddFile stores a file; see media.Store.
func (s *Store) AddFile(ctx context.Context, f media.File) error {
	doc, err := newFileDocument(f)
	if err != nil {
		return err
	}
	created, err := s.in(filesName).insert(ctx, doc)
	if err == nil && !created {
		err = domain.Errorf(domain.Conflict, "A file of this id or name exists already")
	}
	return err
}

// KeepFile makes an arriving file a stored one; see media.Store.
func (s *Store) KeepFile(ctx context.Context, id domain.FileID) error {
	found, err := s.in(filesName).update(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: media.Arriving}},
		revised(bson.D{{Key: "state", Value: media.Stored}}))
	if err == nil && !found {
		err = errNoFile(id)
	}
	return err
}

// LeaveFile makes a file a leaving one; see media.Store.
func (s *Store) LeaveFile(ctx context.Context, id domain.FileID) (media.File, error) {
	var doc fileDocument
	found, err := s.in(filesName).change(ctx, bson.D{{Key: "_id", Value: id}}, revised(bson.D{{Key: "state", Value: media.Leaving}}), &doc)
	if err != nil {
		return media.File{}, err
	}
	if !found {
		return media.File{}, errNoFile(id)
	}
	return doc.file()
}

// ForgetFile removes the row of a file that is not stored; see media.Store.
func (s *Store) ForgetFile(ctx context.Context, id domain.FileID) error {
	_, err := s.in(filesName).remove(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: oneOf(unstored())}})
	return err
}

// unstored are the states of files that are half there.
func unstored() []media.State { return []media.State{media.Arriving, media.Leaving} }

// File returns one stored file; see media.Store.
func (s *Store) File(ctx context.Context, id domain.FileID) (media.File, error) {
	var doc fileDocument
	found, err := s.in(filesName).one(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: media.Stored}}, &doc)
	if err != nil {
		return media.File{}, err
	}
	if !found {
		return media.File{}, errNoFile(id)
	}
	return doc.file()
}

// Files returns a page of files; see media.Store.
func (s *Store) Files(ctx context.Context, q media.Query) (list []media.File, total int, err error) {
	filter := bson.D{{Key: "state", Value: media.Stored}}
	if q.Owner != (media.Owner{}) {
		filter = append(filter, bson.E{Key: "owner", Value: ownerText(q.Owner)})
	}
	if q.Class != "" {
		filter = append(filter, bson.E{Key: "class", Value: q.Class})
	}
	if total, err = s.in(filesName).count(ctx, filter, 0); err != nil {
		return nil, 0, err
	}
	o := options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(int64(q.Limit)).SetSkip(int64(q.Offset)).SetProjection(bson.D{{Key: "refs", Value: 0}})
	list, err = listOf(ctx, s.in(filesName), filter, o, fileDocument.file)
	return list, total, err
}

// AttachFile notes that a message refers to a file; see media.Store.
func (s *Store) AttachFile(ctx context.Context, owner media.Owner, filename string, ref media.Ref) (found bool, err error) {
	var named struct {
		ID domain.FileID `bson:"_id"`
	}
	found, err = s.in(filesName).one(ctx, bson.D{{Key: "owner", Value: ownerText(owner)}, {Key: "filename", Value: filename}}, &named,
		options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil || !found {
		return false, err
	}
	err = revise(ctx, s.in(filesName), named.ID, func(d fileDocument) (bson.D, error) {
		switch {
		case d.State != media.Stored:
			return nil, errGone
		case d.refersTo(ref.MessageID) || len(d.Refs) >= media.MaxRefs && d.Pinned:
			return nil, errSame
		case len(d.Refs) >= media.MaxRefs:
			return bson.D{{Key: "pinned", Value: true}}, nil
		default:
			return bson.D{{Key: "refs", Value: append(slices.Clip(d.Refs), refDocument(ref))}}, nil
		}
	})
	switch {
	case isAbsent(err):
		return false, nil
	case isSame(err):
		return true, nil
	default:
		return err == nil, err
	}
}

// refersTo reports whether a message is noted.
func (d fileDocument) refersTo(message domain.MessageID) bool {
	return slices.ContainsFunc(d.Refs, func(r refDocument) bool { return r.MessageID == message })
}

// FilesOf returns the files that a message refers to; see media.Store.
func (s *Store) FilesOf(ctx context.Context, message domain.MessageID) ([]media.File, error) {
	return listOf(ctx, s.in(filesName), bson.D{{Key: "refs.message", Value: message}, {Key: "state", Value: media.Stored}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}), fileDocument.file)
}

// FilesIn returns the files that messages of a channel refer to; see media.Store.
func (s *Store) FilesIn(ctx context.Context, channel domain.ChannelID, after domain.FileID, limit int) ([]media.File, error) {
	return listOf(ctx, s.in(filesName),
		bson.D{{Key: "refs.channel", Value: channel}, {Key: "state", Value: media.Stored}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)), fileDocument.file)
}

// DetachFile takes messages off a file; see media.Store. It is one write, so nothing is
// left half done.
func (s *Store) DetachFile(ctx context.Context, id domain.FileID, messages []domain.MessageID) (left bool, err error) {
	err = revise(ctx, s.in(filesName), id, func(d fileDocument) (bson.D, error) {
		rest := slices.DeleteFunc(slices.Clone(d.Refs), func(r refDocument) bool { return slices.Contains(messages, r.MessageID) })
		if d.State != media.Stored || len(rest) == len(d.Refs) {
			return nil, errSame
		}
		set := bson.D{{Key: "refs", Value: rest}}
		if left = len(rest) == 0 && !d.Pinned; left {
			set = append(set, bson.E{Key: "state", Value: media.Leaving})
		}
		return set, nil
	})
	if isAbsent(err) || isSame(err) {
		return false, nil
	}
	return left && err == nil, err
}

// UnfinishedFiles returns files that are half there; see media.Store.
func (s *Store) UnfinishedFiles(ctx context.Context, before time.Time, limit int) ([]media.File, error) {
	oldest := func(filter bson.D) ([]media.File, error) {
		return listOf(ctx, s.in(filesName), filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)), fileDocument.file)
	}
	leaving, err := oldest(bson.D{{Key: "state", Value: media.Leaving}})
	if err != nil {
		return nil, err
	}
	arriving, err := oldest(bson.D{{Key: "state", Value: media.Arriving}, {Key: "createdAt", Value: bson.D{{Key: "$lt", Value: floor(before)}}}})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(leaving, arriving)
	slices.SortFunc(all, func(a, b media.File) int { return cmp.Compare(a.ID, b.ID) })
	return all[:min(limit, len(all))], nil
}
