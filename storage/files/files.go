package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"parley/domain"
	"parley/domain/blob"
)

// The folders that are no owner's.
const (
	// incoming is where an area's files are before they are whole.
	incoming = ".incoming"
	// spool is where uploads wait that nobody has accepted yet.
	spool = "tmp"
)

// Options of a Store.
type Options struct {
	// Dir is the data folder; what is missing below it is created.
	Dir string
	// Fallback is a folder with the same tree that is read where Dir has no file, such as
	// that of the reference; "" or a missing folder is none. It is never changed.
	Fallback string
}

// Store is a blob.Store on the file system.
type Store struct {
	spool string
	areas map[blob.Area]*os.Root
	// old are the areas of the fallback that exist.
	old map[blob.Area]*os.Root
}

var _ blob.Store = (*Store)(nil)

// Open makes the folders, removes what a crash has left half done, and returns a Store.
// The caller closes it.
func Open(o Options) (*Store, error) {
	s := &Store{spool: filepath.Join(o.Dir, spool), areas: map[blob.Area]*os.Root{}, old: map[blob.Area]*os.Root{}}
	if err := s.open(o); err != nil {
		return nil, errors.Join(fmt.Errorf("open files: %w", err), s.Close())
	}
	return s, nil
}

// open is Open with the error bare.
func (s *Store) open(o Options) error {
	if err := os.RemoveAll(s.spool); err != nil {
		return err
	}
	if err := os.MkdirAll(s.spool, 0o700); err != nil {
		return err
	}
	for _, area := range blob.Areas() {
		dir := filepath.Join(o.Dir, filepath.FromSlash(string(area)))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		s.areas[area] = root
		if err := root.RemoveAll(incoming); err != nil {
			return err
		}
		if err := root.Mkdir(incoming, 0o700); err != nil {
			return err
		}
		if o.Fallback == "" {
			continue
		}
		if root, err := os.OpenRoot(filepath.Join(o.Fallback, filepath.FromSlash(string(area)))); err == nil {
			s.old[area] = root
		}
	}
	return nil
}

// Close gives back the folders. Nothing may be called afterwards.
func (s *Store) Close() error {
	var errs []error
	for _, areas := range []map[blob.Area]*os.Root{s.areas, s.old} {
		for _, root := range areas {
			errs = append(errs, root.Close())
		}
	}
	return errors.Join(errs...)
}

// Spool is a folder on the same disk for uploads that nobody has accepted yet; it is
// emptied by Open.
func (s *Store) Spool() string { return s.spool }

// Put stores contents; see blob.Store.
func (s *Store) Put(ctx context.Context, key blob.Key, r io.Reader) (blob.Info, error) {
	if err := check(ctx, key); err != nil {
		return blob.Info{}, err
	}
	root := s.areas[key.Area]
	temp := incoming + "/" + domain.NewID[string]()
	info, err := write(ctx, root, temp, r)
	if err == nil {
		err = s.move(root, temp, key)
	}
	if err != nil {
		_ = root.Remove(temp) // gone already, or swept at the next start
		if err = translate(err); domain.IsCode(err, domain.NotFound) {
			err = domain.Wrap(domain.Unavailable, err, "The data folder is not what it was at the start")
		}
		return blob.Info{}, err
	}
	return info, nil
}

// write makes a file of everything that r gives, durably.
func write(ctx context.Context, root *os.Root, name string, r io.Reader) (info blob.Info, err error) {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return info, err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if _, err := io.Copy(f, reader{ctx, r}); err != nil {
		return info, err
	}
	if err := f.Sync(); err != nil {
		return info, err
	}
	stat, err := f.Stat()
	if err != nil {
		return info, err
	}
	return infoOf(stat), nil
}

// reader ends when its context does.
type reader struct {
	ctx context.Context //nolint:containedctx // lives as long as the call
	r   io.Reader
}

// Read reads on unless the context has ended.
func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// move gives a finished file its name, durably. The owner's folder may be removed at any
// moment by whoever deletes the last file in it.
func (s *Store) move(root *os.Root, temp string, key blob.Key) error {
	for attempt := 0; ; attempt++ {
		made := root.Mkdir(key.Owner, 0o700)
		if made != nil && !errors.Is(made, fs.ErrExist) {
			return made
		}
		err := root.Rename(temp, key.Owner+"/"+key.Name)
		if err == nil {
			if made == nil {
				err = sync(root, ".")
			}
			return errors.Join(err, sync(root, key.Owner))
		}
		if !errors.Is(err, fs.ErrNotExist) || attempt == 100 {
			return err
		}
	}
}

// sync makes the names in a folder durable. A folder that is gone needs none.
func sync(root *os.Root, dir string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	f, err := root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open opens contents; see blob.Store.
func (s *Store) Open(ctx context.Context, key blob.Key) (blob.Object, error) {
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	f, err := openFile(s.areas[key.Area], key)
	if old := s.old[key.Area]; old != nil && errors.Is(err, fs.ErrNotExist) {
		f, err = openFile(old, key)
	}
	if err != nil {
		return nil, translate(err)
	}
	return f, nil
}

// object is an open file.
type object struct {
	*os.File
	info blob.Info
}

// Info tells about the file as it was when it was opened.
func (o *object) Info() blob.Info { return o.info }

// openFile opens the file of a key if it is a plain one.
func openFile(root *os.Root, key blob.Key) (*object, error) {
	name := key.Owner + "/" + key.Name
	if stat, err := root.Stat(name); err != nil {
		return nil, err
	} else if !stat.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, fs.ErrNotExist
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	stat, err := f.Stat()
	if err != nil || !stat.Mode().IsRegular() {
		return nil, errors.Join(fs.ErrNotExist, f.Close())
	}
	return &object{f, infoOf(stat)}, nil
}

// Stat tells about contents; see blob.Store.
func (s *Store) Stat(ctx context.Context, key blob.Key) (blob.Info, error) {
	o, err := s.Open(ctx, key)
	if err != nil {
		return blob.Info{}, err
	}
	return o.Info(), o.Close()
}

// Delete removes contents; see blob.Store. What only the fallback has stays.
func (s *Store) Delete(ctx context.Context, key blob.Key) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	root := s.areas[key.Area]
	err := root.Remove(key.Owner + "/" + key.Name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return translate(err)
	}
	if root.Remove(key.Owner) == nil { // it was the last file
		return translate(sync(root, "."))
	}
	return translate(sync(root, key.Owner))
}

// check refuses a call that has ended, and a key that is none.
func check(ctx context.Context, key blob.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return key.Validate()
}

// infoOf tells about a file.
func infoOf(stat fs.FileInfo) blob.Info {
	modified := stat.ModTime()
	return blob.Info{Size: stat.Size(), Modified: modified,
		Tag: strconv.FormatInt(stat.Size(), 36) + "-" + strconv.FormatInt(modified.UnixNano(), 36)}
}

// translate turns an error of the file system into a domain error.
func translate(err error) error {
	var known *domain.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		return domain.Wrap(domain.NotFound, err, "File not found")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return domain.Wrap(domain.Unavailable, err, "The file could not be stored: no space left on the data disk")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EMFILE):
		return domain.Wrap(domain.Unavailable, err, "The data folder cannot be used")
	default:
		return err
	}
}
