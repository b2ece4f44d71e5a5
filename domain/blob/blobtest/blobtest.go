package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/blob"
)

// Run checks a backend. open returns an empty Store that is ready for use.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	store := open(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T, blob.Store)
	}{
		{"contents come back as they were, in every area", roundTrip},
		{"empty contents are contents", empty},
		{"large contents are read from any place", ranges},
		{"what is absent is not found", absent},
		{"a second put replaces the first as a whole", replace},
		{"deleting removes, also when repeated", remove},
		{"who has opened contents reads on after their deletion", openWhileDeleted},
		{"a reader that fails leaves nothing behind", failing},
		{"a cancelled context stops a put", cancelled},
		{"keys that are no files are refused everywhere", badKeys},
		{"odd names are names", oddNames},
		{"many put and delete at once", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, store)
		})
	}
}

// newKey names contents that do not exist.
func newKey(name string) blob.Key {
	return blob.Key{Area: blob.ChannelUploads, Owner: domain.NewID[string](), Name: name}
}

func put(t *testing.T, s blob.Store, key blob.Key, data []byte) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != int64(len(data)) {
		t.Fatalf("size %d, want %d", info.Size, len(data))
	}
	return info
}

func read(t *testing.T, s blob.Store, key blob.Key) []byte {
	t.Helper()
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	data, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func wantAbsent(t *testing.T, s blob.Store, key blob.Key) {
	t.Helper()
	if _, err := s.Stat(t.Context(), key); !domain.IsCode(err, domain.NotFound) {
		t.Fatalf("stat: %v, want not_found", err)
	}
	if _, err := s.Open(t.Context(), key); !domain.IsCode(err, domain.NotFound) {
		t.Fatalf("open: %v, want not_found", err)
	}
}

func roundTrip(t *testing.T, s blob.Store) {
	for _, area := range blob.Areas() {
		key := newKey("1795453430444-344715740.txt")
		key.Area = area
		info := put(t, s, key, []byte("hello "+string(area)))
		stat, err := s.Stat(t.Context(), key)
		if err != nil || stat != info || info.Tag == "" || info.Modified.IsZero() {
			t.Fatalf("stat %+v, %v; put said %+v", stat, err, info)
		}
		if got := string(read(t, s, key)); got != "hello "+string(area) {
			t.Fatalf("read %q", got)
		}
	}
}

func empty(t *testing.T, s blob.Store) {
	key := newKey("empty.txt")
	put(t, s, key, nil)
	if got := read(t, s, key); len(got) != 0 {
		t.Fatalf("read %q", got)
	}
}

func ranges(t *testing.T, s blob.Store) {
	data := make([]byte, 3<<20+17)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(data)
	key := newKey("large.mp4")
	put(t, s, key, data)
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	if o.Info().Size != int64(len(data)) {
		t.Fatalf("size %d", o.Info().Size)
	}
	for _, from := range []int64{2 << 20, 0, 3 << 20, 1} {
		if _, err := o.Seek(from, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.LimitReader(o, 1<<16))
		want := data[from:min(from+1<<16, int64(len(data)))]
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("from %d: %d bytes, %v", from, len(got), err)
		}
	}
	if end, err := o.Seek(0, io.SeekEnd); err != nil || end != int64(len(data)) {
		t.Fatalf("end %d, %v", end, err)
	}
}

func absent(t *testing.T, s blob.Store) {
	key := newKey("there.txt")
	wantAbsent(t, s, key)
	put(t, s, key, []byte("x"))
	key.Name = "other.txt"
	wantAbsent(t, s, key)
}

func replace(t *testing.T, s blob.Store) {
	key := newKey("a.txt")
	first := put(t, s, key, []byte("first and longer"))
	second := put(t, s, key, []byte("second"))
	if got := string(read(t, s, key)); got != "second" || first.Tag == second.Tag {
		t.Fatalf("read %q, tags %q and %q", got, first.Tag, second.Tag)
	}
}

func remove(t *testing.T, s blob.Store) {
	key := newKey("a.txt")
	put(t, s, key, []byte("x"))
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		wantAbsent(t, s, key)
	}
	put(t, s, key, []byte("again"))
	if got := string(read(t, s, key)); got != "again" {
		t.Fatalf("read %q", got)
	}
}

func openWhileDeleted(t *testing.T, s blob.Store) {
	key := newKey("a.txt")
	put(t, s, key, []byte("still here"))
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(o); err != nil || string(data) != "still here" {
		t.Fatalf("read %q, %v", data, err)
	}
}

func failing(t *testing.T, s blob.Store) {
	key, broken := newKey("a.txt"), errors.New("the line broke")
	_, err := s.Put(t.Context(), key, io.MultiReader(strings.NewReader("half"), iotestErr{broken}))
	if !errors.Is(err, broken) {
		t.Fatalf("err = %v", err)
	}
	wantAbsent(t, s, key)
	put(t, s, key, []byte("whole"))
	if _, err := s.Put(t.Context(), key, iotestErr{broken}); err == nil {
		t.Fatal("no error")
	}
	if got := string(read(t, s, key)); got != "whole" {
		t.Fatalf("read %q", got)
	}
}

// iotestErr is a reader that fails.
type iotestErr struct{ err error }

// Read fails.
func (r iotestErr) Read([]byte) (int, error) { return 0, r.err }

func cancelled(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	key := newKey("a.txt")
	cancel()
	if _, err := s.Put(ctx, key, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Fatalf("err = %v", err)
	}
	wantAbsent(t, s, key)
	if _, err := s.Open(ctx, key); !errors.Is(err, context.Canceled) {
		t.Fatalf("open: %v", err)
	}
	if err := s.Delete(ctx, key); !errors.Is(err, context.Canceled) {
		t.Fatalf("delete: %v", err)
	}
}

func badKeys(t *testing.T, s blob.Store) {
	good := newKey("a.txt")
	put(t, s, good, []byte("x"))
	change := func(change func(*blob.Key)) blob.Key {
		k := good
		change(&k)
		return k
	}
	keys := []blob.Key{
		change(func(k *blob.Key) { k.Area = "" }), change(func(k *blob.Key) { k.Area = ".." }),
		change(func(k *blob.Key) { k.Area = "uploads" }), change(func(k *blob.Key) { k.Owner = "" }),
		change(func(k *blob.Key) { k.Owner = ".." }), change(func(k *blob.Key) { k.Owner = strings.ToUpper("ab" + k.Owner[2:]) }),
	}
	for _, name := range []string{"", ".", "..", "../a.txt", "a/b", `a\b`, "/etc/passwd", ".hidden", "a\x00b", "a\nb",
		"c:a", "\xff", strings.Repeat("a", 256)} {
		keys = append(keys, change(func(k *blob.Key) { k.Name = name }))
	}
	for _, key := range keys {
		_, err := s.Put(t.Context(), key, strings.NewReader("x"))
		_, errOpen := s.Open(t.Context(), key)
		_, errStat := s.Stat(t.Context(), key)
		for _, err := range []error{err, errOpen, errStat, s.Delete(t.Context(), key)} {
			if !domain.IsCode(err, domain.Invalid, domain.Forbidden, domain.NotFound) {
				t.Errorf("%q: %v", key, err)
			}
		}
	}
}

func oddNames(t *testing.T, s blob.Store) {
	for _, name := range []string{"Zoë 🧑‍🚀 (1).png", "a b", "100%.txt", "a..b", strings.Repeat("a", 255), "-rf", "a'\"&<b>.txt"} {
		key := newKey(name)
		put(t, s, key, []byte(name))
		if got := string(read(t, s, key)); got != name {
			t.Errorf("%q holds %q", name, got)
		}
	}
}

func concurrent(t *testing.T, s blob.Store) {
	owner := domain.NewID[string]()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			key := blob.Key{Area: blob.ChannelUploads, Owner: owner, Name: fmt.Sprintf("%d.txt", i)}
			for range 5 {
				if _, err := s.Put(t.Context(), key, strings.NewReader(key.Name)); err != nil {
					t.Error(err)
				}
				if err := s.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
			if _, err := s.Put(t.Context(), key, strings.NewReader(key.Name)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 20 {
		key := blob.Key{Area: blob.ChannelUploads, Owner: owner, Name: fmt.Sprintf("%d.txt", i)}
		if got := string(read(t, s, key)); got != key.Name {
			t.Errorf("%s holds %q", key, got)
		}
	}
}
