package mongo

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/blob"
)

// blobReader reads contents from any place. It asks for a chunk or, when it is read on, for
// more at once, so that a small range costs little and a whole file few commands.
type blobReader struct {
	ctx   context.Context //nolint:containedctx // what belongs to whoever has opened the contents, such as a trace
	blobs *Blobs
	doc   blobDocument
	place int64
	// ahead are the chunks from number first on.
	ahead  [][]byte
	first  int64
	closed bool
}

// Info tells about the contents.
func (r *blobReader) Info() blob.Info { return r.doc.info() }

// Close ends the reading.
func (r *blobReader) Close() error {
	if r.closed {
		return fs.ErrClosed
	}
	r.closed, r.ahead = true, nil
	return nil
}

// Seek moves the place of the next Read.
func (r *blobReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.place
	case io.SeekEnd:
		offset += r.doc.Length
	default:
		return 0, errors.New("seek: unknown whence")
	}
	switch {
	case r.closed:
		return 0, fs.ErrClosed
	case offset < 0:
		return 0, errors.New("seek: before the start")
	}
	r.place = offset
	return offset, nil
}

// Read gives what is at the place.
func (r *blobReader) Read(p []byte) (int, error) {
	switch {
	case r.closed:
		return 0, fs.ErrClosed
	case len(p) == 0:
		return 0, nil
	case r.place >= r.doc.Length:
		return 0, io.EOF
	}
	size := int64(r.doc.ChunkSize)
	chunk, err := r.chunk(r.place / size)
	if err != nil {
		return 0, err
	}
	n := copy(p, chunk[r.place%size:])
	r.place += int64(n)
	return n, nil
}

// chunk returns a chunk, from what was read ahead if it is there.
func (r *blobReader) chunk(n int64) ([]byte, error) {
	if i := n - r.first; i >= 0 && i < int64(len(r.ahead)) {
		return r.ahead[i], nil
	}
	many := 1
	if len(r.ahead) > 0 && n == r.first+int64(len(r.ahead)) { // it is read on
		many = min(2*len(r.ahead), chunksAtOnce)
	}
	ctx, cancel := context.WithTimeout(r.ctx, transferTime)
	defer cancel()
	filter := bson.D{{Key: "files_id", Value: r.doc.ID}, {Key: "n", Value: bson.D{{Key: "$gte", Value: n}, {Key: "$lt", Value: n + int64(many)}}}}
	chunks, err := listOf(ctx, r.blobs.s.in(chunksName), filter, options.Find().SetSort(bson.D{{Key: "n", Value: 1}}),
		func(d chunkDocument) (chunkDocument, error) { return d, nil })
	if err != nil {
		return nil, err
	}
	r.first, r.ahead = n, nil
	for i, c := range chunks {
		if c.N != n+int64(i) || int64(len(c.Data)) != r.sizeOf(c.N) {
			break
		}
		r.ahead = append(r.ahead, c.Data)
	}
	if len(r.ahead) == 0 {
		return nil, domain.Errorf(domain.Unavailable, "The contents of the file are gone")
	}
	return r.ahead[0], nil
}

// sizeOf is how long a chunk must be.
func (r *blobReader) sizeOf(n int64) int64 {
	size := int64(r.doc.ChunkSize)
	return min(size, r.doc.Length-n*size)
}
