package mongo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/blob/blobtest"
)

// blobKey names contents that do not exist.
func blobKey() blob.Key {
	return blob.Key{Area: blob.ChannelUploads, Owner: domain.NewID[string](), Name: "a.bin"}
}

// noise is n bytes of noise.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data)
	return data
}

// putBlob stores contents under a new key.
func putBlob(t *testing.T, b *Blobs, data []byte) blob.Key {
	t.Helper()
	key := blobKey()
	if _, err := b.Put(t.Context(), key, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return key
}

// openBlob opens contents until the test ends.
func openBlob(t *testing.T, b *Blobs, key blob.Key) blob.Object {
	t.Helper()
	o, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// wantDocuments ends the test unless a collection has n documents.
func wantDocuments(t *testing.T, s *Store, name string, n int) {
	t.Helper()
	if got, err := s.in(name).count(t.Context(), bson.D{}, 0); err != nil || got != n {
		t.Fatalf("%s has %d documents, %v; want %d", name, got, err, n)
	}
}

func TestContentsOfFiles(t *testing.T) {
	var sent Recorder
	t.Run("store", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) blob.Store { return &Blobs{s: openTest(t, sent.Watch(Options{}))} })
	})
	sent.Check(t)
}

func TestFileOfManyChunksIsReadFromAnyPlace(t *testing.T) {
	s := openTest(t, Options{})
	b, data := &Blobs{s: s}, noise(11*chunkSize+321)
	key := putBlob(t, b, data)
	wantDocuments(t, s, chunksName, 12)
	o := openBlob(t, b, key)
	for _, from := range []int{0, chunkSize - 1, chunkSize, 11 * chunkSize, 3*chunkSize + 5, len(data) - 1} {
		if _, err := o.Seek(int64(from), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(io.LimitReader(o, 2*chunkSize)); err != nil || !bytes.Equal(got, data[from:min(from+2*chunkSize, len(data))]) {
			t.Fatalf("from %d: %d bytes, %v", from, len(got), err)
		}
	}
	_, _ = o.Seek(0, io.SeekStart)
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestToolsOfGridFSCanReadFiles(t *testing.T) {
	s := openTest(t, Options{})
	data := noise(2*chunkSize + 7)
	key := putBlob(t, &Blobs{s: s}, data)
	var got bytes.Buffer
	if _, err := s.db.GridFSBucket().DownloadToStreamByName(t.Context(), key.String(), &got); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Fatalf("%d bytes, %v", got.Len(), err)
	}
}

// breaking gives n bytes and then does something that ends the upload.
type breaking struct {
	r     io.Reader
	after func() error
}

// Read reads, and breaks at the end.
func (b breaking) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.after()
	}
	return n, err
}

func TestUploadThatBreaksLeavesNothing(t *testing.T) {
	s := openTest(t, Options{})
	b, key, broken := &Blobs{s: s}, blobKey(), errors.New("the line broke")
	ctx, cancel := context.WithCancel(t.Context())
	for name, r := range map[string]io.Reader{
		"the reader fails": breaking{bytes.NewReader(noise(20 * chunkSize)), func() error { return broken }},
		"the caller goes away": io.MultiReader(breaking{bytes.NewReader(noise(20 * chunkSize)), func() error {
			cancel()
			return io.EOF
		}}, bytes.NewReader(noise(20*chunkSize))),
	} {
		if _, err := b.Put(ctx, key, r); !errors.Is(err, broken) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.Stat(t.Context(), key); !domain.IsCode(err, domain.NotFound) {
			t.Errorf("%s: stat: %v", name, err)
		}
	}
	wantDocuments(t, s, chunksName, 0)
	wantDocuments(t, s, blobsName, 0)
}

// clock is a clock that a test turns on.
type clock struct {
	mu sync.Mutex
	at time.Time
}

// now is the time.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// turn turns it on.
func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestUploadOfAProcessThatDiedIsSweptInTheEnd(t *testing.T) {
	c := &clock{at: time.Now()}
	s := openTest(t, Options{Now: c.now})
	b := &Blobs{s: s}
	doc, err := b.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.upload(t.Context(), &doc, bytes.NewReader(noise(3*chunkSize))); err != nil {
		t.Fatal(err)
	}
	sweep := func(after time.Duration) {
		t.Helper()
		c.turn(after)
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep(arrivalTime - time.Minute)
	wantDocuments(t, s, chunksName, 3)
	sweep(2 * time.Minute)
	if err := b.name(t.Context(), &doc, blobKey()); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("an upload that was swept ends with %v", err)
	}
	sweep(leavingTime + time.Minute)
	wantDocuments(t, s, chunksName, 0)
	wantDocuments(t, s, blobsName, 0)
}

func TestWhoHasOpenedAFileReadsOnForAWhile(t *testing.T) {
	c := &clock{at: time.Now()}
	s := openTest(t, Options{Now: c.now})
	b, data := &Blobs{s: s}, noise(5*chunkSize)
	key := putBlob(t, b, data)
	whole, late := openBlob(t, b, key), openBlob(t, b, key)
	if err := b.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(whole); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	c.turn(leavingTime + time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantDocuments(t, s, chunksName, 0)
	if got, err := io.ReadAll(late); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestOfManyReplicasThatReplaceAFileOneIsLast(t *testing.T) {
	stores := openReplicas(t)
	key, texts := blobKey(), []string{"first", "second"}
	var all sync.WaitGroup
	for i, s := range stores {
		all.Go(func() {
			for range 5 {
				if _, err := (&Blobs{s: s}).Put(t.Context(), key, strings.NewReader(texts[i])); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := io.ReadAll(openBlob(t, &Blobs{s: stores[0]}, key))
	if err != nil || string(got) != texts[0] && string(got) != texts[1] {
		t.Errorf("read %q, %v", got, err)
	}
	if n, err := stores[0].in(blobsName).count(t.Context(), bson.D{{Key: "filename", Value: key.String()}}, 0); err != nil || n != 1 {
		t.Errorf("%d versions are stored, %v", n, err)
	}
}
