package mongo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/blob"
)

// The collections of GridFS's standard bucket.
const (
	blobsName  = "fs.files"
	chunksName = "fs.chunks"
)

// blobIndexes are the indexes of contents.
func blobIndexes() []index {
	return []index{
		{collection: blobsName, keys: []string{"+filename", "+metadata.version"}, unique: true, shapes: []shape{
			{form: "filename= -metadata.version"}, {form: "filename= metadata.version< +metadata.version"}}},
		{collection: blobsName, keys: []string{"+metadata.state", "+metadata.since"}, shapes: []shape{
			{form: "metadata.state= metadata.since< +metadata.since"}}},
		{collection: chunksName, keys: []string{"+files_id", "+n"}, unique: true, shapes: []shape{{form: "files_id="}, {form: "files_id= n< +n"}}},
	}
}

// Sizes of the contents of files.
const (
	// chunkSize is how much of a file one chunk holds: GridFS's own default.
	chunkSize = 255 << 10
	// chunksAtOnce is how many chunks are written, or read ahead, by one command; together
	// they are what a file in transfer takes of memory.
	chunksAtOnce = 8
)

// Times of the contents of files.
const (
	// arrivalTime is how long the upload of a file may take, with clocks that differ; what
	// has not become whole by then never will.
	arrivalTime = 24 * time.Hour
	// leavingTime is how long removed contents stay for those who have opened them.
	leavingTime = 15 * time.Minute
	// sweepTime is how often removed and abandoned contents are looked for.
	sweepTime = 15 * time.Minute
	// transferTime bounds one command that reads or removes chunks beyond its caller's context.
	transferTime = 30 * time.Second
)

// blobState is how far contents have come.
type blobState string

// The states of contents. Who holds a document in one of them moves it to the next by an
// update conditional on the state, so a sweep and a slow upload never both win.
const (
	// blobArriving: chunks are being written.
	blobArriving blobState = "arriving"
	// blobStored: they are all there, the document has the name of its key.
	blobStored blobState = "stored"
	// blobLeaving: the chunks are being removed, or will be.
	blobLeaving blobState = "leaving"
)

// blobDocument is a file of GridFS. While it is stored its filename is that of its key;
// else nobody finds it by its name.
type blobDocument struct {
	ID         string       `bson:"_id"`
	Length     int64        `bson:"length"`
	ChunkSize  int32        `bson:"chunkSize"`
	UploadDate time.Time    `bson:"uploadDate"`
	Filename   string       `bson:"filename"`
	Metadata   blobMetadata `bson:"metadata"`
}

// blobMetadata is what we note about a file of GridFS.
type blobMetadata struct {
	State blobState `bson:"state"`
	// Since is when the state began.
	Since time.Time `bson:"since"`
	// Version tells contents of one name apart: the highest counts.
	Version int64 `bson:"version"`
}

// chunkDocument is a piece of a file of GridFS.
type chunkDocument struct {
	ID     bson.ObjectID `bson:"_id"`
	FileID string        `bson:"files_id"`
	N      int64         `bson:"n"`
	Data   []byte        `bson:"data"`
}

// Blobs keeps contents of files in GridFS, in a form that its tools can read.
type Blobs struct{ s *Store }

var _ blob.Store = (*Blobs)(nil)

// info tells about stored contents.
func (d blobDocument) info() blob.Info {
	return blob.Info{Size: d.Length, Modified: d.UploadDate, Tag: d.ID}
}

// checkKey refuses a call that has ended, and a key that is none.
func checkKey(ctx context.Context, key blob.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return key.Validate()
}

// Put stores contents; see blob.Store. First comes a document without the name, then the
// chunks, then the name, which makes them readable; what the name had before is removed
// last. A crash leaves what Sweep finds, or an older version that the next Put or Delete does.
func (b *Blobs) Put(ctx context.Context, key blob.Key, r io.Reader) (blob.Info, error) {
	if err := checkKey(ctx, key); err != nil {
		return blob.Info{}, err
	}
	doc, err := b.begin(ctx)
	if err != nil {
		return blob.Info{}, err
	}
	err = b.upload(ctx, &doc, r)
	if err == nil {
		err = b.name(ctx, &doc, key)
	}
	if err != nil {
		b.abandon(ctx, doc.ID)
		return blob.Info{}, err
	}
	if err := b.retire(ctx, key, doc.Metadata.Version); err != nil {
		b.s.log.Warn().Err(err).Msg("an older version of a file could not be removed")
	}
	return doc.info(), nil
}

// begin stores the document of an upload.
func (b *Blobs) begin(ctx context.Context) (blobDocument, error) {
	doc := blobDocument{ID: domain.NewID[string](), ChunkSize: chunkSize, UploadDate: floor(b.s.now())}
	doc.Filename = "." + string(blobArriving) + "/" + doc.ID
	doc.Metadata = blobMetadata{State: blobArriving, Since: doc.UploadDate}
	_, err := b.s.in(blobsName).insert(ctx, doc)
	return doc, err
}

// upload writes the chunks of everything that r gives.
func (b *Blobs) upload(ctx context.Context, doc *blobDocument, r io.Reader) error {
	var batch []any
	for n := int64(0); ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var data bytes.Buffer // small files take little
		size, err := io.CopyN(&data, r, chunkSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		doc.Length += size
		if size > 0 {
			batch = append(batch, chunkDocument{ID: bson.NewObjectID(), FileID: doc.ID, N: n, Data: data.Bytes()})
		}
		last := size < chunkSize
		if len(batch) == chunksAtOnce || last && len(batch) > 0 {
			if err := b.s.in(chunksName).insertInOrder(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
		if last {
			return nil
		}
	}
}

// errSwept is the answer to an upload that took longer than arrivalTime.
var errSwept = domain.Errorf(domain.Unavailable, "The upload took too long")

// name makes uploaded contents those of a key.
func (b *Blobs) name(ctx context.Context, doc *blobDocument, key blob.Key) error {
	return b.s.contend(ctx, func(ctx context.Context) (bool, error) {
		before, _, err := b.current(ctx, key)
		if err != nil {
			return false, err
		}
		doc.Filename, doc.UploadDate = key.String(), floor(b.s.now())
		doc.Metadata = blobMetadata{State: blobStored, Since: doc.UploadDate, Version: before.Metadata.Version + 1}
		held, err := b.s.in(blobsName).update(ctx, inState(doc.ID, blobArriving), bson.D{{Key: "$set", Value: bson.D{
			{Key: "filename", Value: doc.Filename}, {Key: "length", Value: doc.Length}, {Key: "uploadDate", Value: doc.UploadDate},
			{Key: "metadata", Value: doc.Metadata},
		}}})
		switch {
		case isDuplicate(err): // another version was faster
			return false, nil
		case err == nil && !held:
			return false, errSwept
		default:
			return err == nil, err
		}
	})
}

// inState is the condition that a document is in a state.
func inState(id string, state blobState) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "metadata.state", Value: state}}
}

// current returns the contents of a key, if there are any.
func (b *Blobs) current(ctx context.Context, key blob.Key) (doc blobDocument, found bool, err error) {
	found, err = b.s.in(blobsName).one(ctx, bson.D{{Key: "filename", Value: key.String()}}, &doc,
		options.FindOne().SetSort(bson.D{{Key: "metadata.version", Value: -1}}))
	return doc, found, err
}

// retire takes the name from the contents of a key with a version below one, the oldest
// first, so that none comes to light again.
func (b *Blobs) retire(ctx context.Context, key blob.Key, below int64) error {
	filter := bson.D{{Key: "filename", Value: key.String()}, {Key: "metadata.version", Value: bson.D{{Key: "$lt", Value: below}}}}
	old, err := listOf(ctx, b.s.in(blobsName), filter, options.Find().SetSort(bson.D{{Key: "metadata.version", Value: 1}}),
		func(d blobDocument) (string, error) { return d.ID, nil })
	if err != nil {
		return err
	}
	for _, id := range old {
		if _, err := b.leave(ctx, id, blobStored); err != nil {
			return err
		}
	}
	return nil
}

// leave makes a document in a state a leaving one, and reports whether it was in it.
func (b *Blobs) leave(ctx context.Context, id string, state blobState) (bool, error) {
	return b.s.in(blobsName).update(ctx, inState(id, state), bson.D{{Key: "$set", Value: bson.D{
		{Key: "filename", Value: "." + string(blobLeaving) + "/" + id}, {Key: "metadata.state", Value: blobLeaving}, {Key: "metadata.since", Value: floor(b.s.now())},
	}}})
}

// abandon removes an upload that has failed, also one that has its name although the answer
// to that was lost; what it cannot remove, Sweep will.
func (b *Blobs) abandon(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), transferTime)
	defer cancel()
	left, err := b.leave(ctx, id, blobArriving)
	if err == nil && left {
		err = b.erase(ctx, id)
	} else if err == nil {
		_, err = b.leave(ctx, id, blobStored)
	}
	if err != nil {
		b.s.log.Warn().Err(err).Msg("an upload that failed could not be removed yet")
	}
}

// erase removes the chunks of a leaving document, then itself.
func (b *Blobs) erase(ctx context.Context, id string) error {
	if _, err := b.s.in(chunksName).remove(ctx, bson.D{{Key: "files_id", Value: id}}); err != nil {
		return err
	}
	_, err := b.s.in(blobsName).remove(ctx, inState(id, blobLeaving))
	return err
}

// Stat tells about contents; see blob.Store.
func (b *Blobs) Stat(ctx context.Context, key blob.Key) (blob.Info, error) {
	doc, err := b.lookup(ctx, key)
	return doc.info(), err
}

// lookup returns the contents of a key, or NotFound.
func (b *Blobs) lookup(ctx context.Context, key blob.Key) (blobDocument, error) {
	if err := checkKey(ctx, key); err != nil {
		return blobDocument{}, err
	}
	doc, found, err := b.current(ctx, key)
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "File not found")
	}
	return doc, err
}

// Open opens contents; see blob.Store.
func (b *Blobs) Open(ctx context.Context, key blob.Key) (blob.Object, error) {
	doc, err := b.lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	return &blobReader{ctx: context.WithoutCancel(ctx), blobs: b, doc: doc}, nil
}

// Delete removes contents; see blob.Store. They are unreadable at once and gone when those
// who have opened them have had time to read on.
func (b *Blobs) Delete(ctx context.Context, key blob.Key) error {
	doc, err := b.lookup(ctx, key)
	if domain.IsCode(err, domain.NotFound) && key.Validate() == nil {
		return nil
	}
	if err != nil {
		return err
	}
	return b.retire(ctx, key, doc.Metadata.Version+1)
}

// Sweep removes contents that were removed some time ago, and uploads that never ended.
// Several may run at once.
func (b *Blobs) Sweep(ctx context.Context) error {
	now := b.s.now()
	abandoned, err := b.olderThan(ctx, blobArriving, now.Add(-arrivalTime))
	if err != nil {
		return err
	}
	for _, id := range abandoned {
		if _, err := b.leave(ctx, id, blobArriving); err != nil {
			return err
		}
	}
	removed, err := b.olderThan(ctx, blobLeaving, now.Add(-leavingTime))
	if err != nil {
		return err
	}
	for _, id := range removed {
		if err := b.erase(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// sweepLimit is how many documents of a state one sweep looks at; the next one goes on.
const sweepLimit = 1000

// olderThan lists documents that have been in a state since before a moment, the oldest first.
func (b *Blobs) olderThan(ctx context.Context, state blobState, before time.Time) ([]string, error) {
	filter := bson.D{{Key: "metadata.state", Value: state}, {Key: "metadata.since", Value: bson.D{{Key: "$lt", Value: floor(before)}}}}
	o := options.Find().SetSort(bson.D{{Key: "metadata.since", Value: 1}}).SetLimit(sweepLimit).SetProjection(bson.D{{Key: "_id", Value: 1}})
	return listOf(ctx, b.s.in(blobsName), filter, o, func(d blobDocument) (string, error) { return d.ID, nil })
}

// run sweeps now and again until ctx ends.
func (b *Blobs) run(ctx context.Context) {
	tick := time.NewTicker(sweepTime)
	defer tick.Stop()
	for {
		if err := b.Sweep(ctx); err != nil && ctx.Err() == nil {
			b.s.log.Warn().Err(err).Msg("contents of files that are half gone could not be removed")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
