package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/media"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/storage"
)

// The files of the data folder that are ours; SQLite adds -wal and -shm.
const (
	databaseFile = "parley.db"
	lockFile     = "parley.lock"
)

// checkTime bounds the check after a crash: a large sound database must not keep the
// server from starting.
const checkTime = 300 * time.Millisecond

// readers is how many connections serve reads at once.
const readers = 4

// Options of a store.
type Options struct {
	// Dir is the data folder; it is created if it is missing.
	Dir string
	// Logger hears when the disk starts and stops failing.
	Logger zerolog.Logger
	// Now tells the time; nil means time.Now.
	Now domain.Clock
	// Queue is how many writes can wait before senders have to; 0 means 1024.
	Queue int
	// Batch is how many writes one commit carries at most; 0 means 500.
	Batch int
}

// setDefaults fills in what is zero.
func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Queue <= 0 {
		o.Queue = 1024
	}
	if o.Batch <= 0 {
		o.Batch = 500
	}
}

// Store implements every port on one database file.
type Store struct {
	path  string
	lock  *folderLock
	now   domain.Clock
	queue chan *job
	// late holds the jobs that let those of queue go first.
	late chan *job
	// slots holds the connections for reading; a nil one is opened when it is needed.
	slots chan *conn
	// reading counts those that are open.
	reading atomic.Int32
	writer  *writer
	// searching holds a token per search under way, each of which reads at most
	// searchRows messages.
	searching  chan struct{}
	searchRows int
	// finished is closed when writer and dispatcher have ended.
	finished chan struct{}

	// mu is held for reading while a job enters the queue, for writing to close it.
	mu     sync.RWMutex
	closed bool
	// closing is closed when Close begins.
	closing  chan struct{}
	once     sync.Once
	closeErr error
}

// The ports and the backend are what Store is for.
var (
	_ messaging.Store = (*Store)(nil)
	_ agents.Store    = (*Store)(nil)
	_ memory.Store    = (*Store)(nil)
	_ media.Store     = (*Store)(nil)
	_ agents.LogStore = (*Store)(nil)
	_ storage.Backend = (*Store)(nil)
)

// Open opens the store below the folder of the options, and creates what is missing.
// It fails if the folder is in use (the error names the process), if the database is
// damaged, or if a newer program wrote it. The caller closes the Set.
func Open(ctx context.Context, o Options) (*storage.Set, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &storage.Set{Backend: s, Messaging: s, Agents: s, AgentLogs: s, Memory: s, Files: s, Caps: storage.Caps{Name: "SQLite"}}, nil
}

// open is Open with the error bare.
func open(ctx context.Context, o Options) (*Store, error) {
	o.setDefaults()
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder %s: %w", o.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	lock, err := lockFolder(dir, filepath.Join(dir, lockFile))
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: filepath.Join(dir, databaseFile), lock: lock, now: o.Now, queue: make(chan *job, o.Queue), late: make(chan *job, o.Queue),
		slots: make(chan *conn, readers), searching: make(chan struct{}, searches), searchRows: searchRows,
		closing: make(chan struct{}), finished: make(chan struct{}),
	}
	for range readers {
		s.slots <- nil
	}
	log := o.Logger.With().Str("component", "sqlite").Logger()
	s.writer = newWriter(s.path, o, log)
	if err := s.prepare(ctx, log); err != nil {
		// The file keeps our process id, so that the next start checks the database.
		return nil, errors.Join(s.explain(err), s.writer.close(), lock.file.Close())
	}
	go s.run(context.WithoutCancel(ctx))
	return s, nil
}

// prepare makes the database ready: sound, and of the newest schema.
func (s *Store) prepare(ctx context.Context, log zerolog.Logger) error {
	// SQLite gives its other files the mode of this one.
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	// fdatasync writes what reading back needs; fsync would add the time of change.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return fmt.Errorf("choose how to sync: %w", err)
	}
	if err := s.writer.connect(ctx); err != nil {
		return err
	}
	if s.lock.crashed {
		log.Info().Msg("the last run did not end in order, checking the database")
		if err := check(ctx, s.writer.conn); err != nil {
			return err
		}
	}
	return migrate(ctx, s.writer.conn)
}

// check looks for damage for as long as checkTime.
func check(ctx context.Context, c *conn) error {
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	verdict := "ok"
	_, err := c.one(limited, "PRAGMA quick_check(1)", func(r row) error {
		verdict = r.text(0)
		return nil
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	if err == nil && verdict != "ok" {
		return damage(verdict)
	}
	return err
}

// damage is what a check found.
type damage string

// Error is the check's own text.
func (d damage) Error() string { return string(d) }

// explain adds to the error of a damaged database what can be done.
func (s *Store) explain(err error) error {
	var found damage
	code := primary(err)
	if !errors.As(err, &found) && code != sqlite3.SQLITE_CORRUPT && code != sqlite3.SQLITE_NOTADB {
		return err
	}
	return fmt.Errorf("the database %s is damaged, restore a backup or move it away to start empty: %w", s.path, err)
}

// run is the life of the writer and the dispatcher.
func (s *Store) run(ctx context.Context) {
	defer close(s.finished)
	// A few batches may wait for their callbacks before the next commit has to.
	batches := make(chan []*job, 8)
	var dispatcher sync.WaitGroup
	dispatcher.Go(func() {
		for batch := range batches {
			for _, j := range batch {
				j.done(j.err)
			}
		}
	})
	s.writer.run(ctx, s.queue, s.late, batches)
	close(batches)
	dispatcher.Wait()
}

// Ping reads from the database.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, func(c *conn) error {
		_, err := c.one(ctx, "SELECT 1", func(row) error { return nil })
		return err
	})
}

// Stats tells how the writing goes.
func (s *Store) Stats() storage.Stats {
	stats := s.writer.stats.read()
	stats.Queued, stats.QueueLimit = len(s.queue), cap(s.queue)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(s.path + suffix); err == nil {
			stats.SizeBytes += info.Size()
		}
	}
	stats.OpenConnections = int(s.reading.Load()) + 1 // and the writer
	return stats
}

// Close waits for the writes that were submitted; see storage.Backend.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.mu.Lock()
		s.closed = true
		close(s.queue)
		close(s.late)
		s.mu.Unlock()
		<-s.finished
		var errs []error
		for range readers {
			if c := <-s.slots; c != nil {
				errs = append(errs, c.close())
			}
		}
		// The last connection to close moves the log into the database.
		errs = append(errs, s.writer.close(), s.lock.release())
		if err := errors.Join(errs...); err != nil {
			s.closeErr = fmt.Errorf("close store: %w", err)
		}
	})
	return s.closeErr
}

// read lends a connection that cannot write to fn. An error of the database costs the
// connection its place, so that a passing fault leaves nothing behind.
func (s *Store) read(ctx context.Context, fn func(*conn) error) error {
	c, err := s.lend(ctx)
	if err != nil {
		return err
	}
	defer func() { s.slots <- c }()
	if c == nil {
		if c, err = openConn(ctx, s.path, "busy_timeout = 5000", "query_only = ON", "cache_size = -4096"); err != nil {
			return translate(err, notRead)
		}
		s.reading.Add(1)
	}
	err = fn(c)
	if primary(err) != 0 {
		err = errors.Join(err, c.close())
		s.reading.Add(-1)
		c = nil
	}
	return translate(err, notRead)
}

// lend waits for a connection.
func (s *Store) lend(ctx context.Context) (*conn, error) {
	select {
	case <-s.closing:
		return nil, errClosed
	default:
	}
	select {
	case c := <-s.slots:
		return c, nil
	case <-s.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// millis is the stored form of a time.
func millis(t time.Time) int64 { return domain.Millis(t) }
