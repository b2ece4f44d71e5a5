package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	sqlite3 "modernc.org/sqlite/lib"

	"parley/domain"
	"parley/storage"
)

// writer owns the connection that writes. Only its own goroutine uses it, except that
// stats may be read by all.
type writer struct {
	path  string
	batch int
	now   domain.Clock
	log   zerolog.Logger
	// conn is nil after a fault, until the next batch opens it again.
	conn  *conn
	heads *heads
	// failing is set while commits fail, so that the log hears of it once.
	failing bool
	stats   stats
}

// newWriter returns a writer that has not connected yet.
func newWriter(path string, o Options, log zerolog.Logger) *writer {
	return &writer{path: path, batch: o.Batch, now: o.Now, log: log, heads: newHeads(headsKept)}
}

// connect opens the connection. A commit is durable when it returns: the write-ahead
// log is synced every time. The log may grow to 16 MB before it is moved into the
// database: the ends of busy channels, which every batch writes, are then moved once.
func (w *writer) connect(ctx context.Context) (err error) {
	w.conn, err = openConn(ctx, w.path,
		"busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF",
		"temp_store = MEMORY", "cache_size = -8192", "wal_autocheckpoint = 4000", "journal_size_limit = 67108864")
	return err
}

// close gives the connection back.
func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	c := w.conn
	w.conn = nil
	return c.close()
}

// lateBatch is how many jobs that can wait one commit carries at most, so that those
// that cannot are not slowed down by them.
const lateBatch = 64

// run commits what comes from queue, and beside it what comes from late, until both are
// closed, and hands each batch on.
func (w *writer) run(ctx context.Context, queue, late <-chan *job, batches chan<- []*job) {
	for queue != nil || late != nil {
		var batch []*job
		select {
		case j, ok := <-queue:
			if !ok {
				queue = nil
				continue
			}
			batch = j.joined(batch)
		case j, ok := <-late:
			if !ok {
				late = nil
				continue
			}
			batch = j.joined(batch)
		}
		batch = collect(batch, queue, w.batch)
		batch = collect(batch, late, len(batch)+lateBatch)
		if len(batch) == 0 {
			continue
		}
		w.commit(ctx, batch)
		batches <- batch
	}
}

// collect adds what waits in a queue to a batch until it has most jobs.
func collect(batch []*job, queue <-chan *job, most int) []*job {
	batch = slices.Grow(batch, max(0, min(len(queue), most-len(batch))))
	for len(batch) < most {
		select {
		case j, ok := <-queue:
			if !ok {
				return batch
			}
			batch = j.joined(batch)
		default:
			return batch
		}
	}
	return batch
}

// commit stores a batch, or sets the error of every job in it.
func (w *writer) commit(ctx context.Context, batch []*job) {
	start := time.Now()
	err := w.transaction(ctx, batch)
	w.stats.add(len(batch), time.Since(start), err)
	if err != nil {
		w.reset(ctx, err)
		for _, j := range batch {
			j.err = translate(err, j.what)
		}
		return
	}
	if w.failing {
		w.failing = false
		w.log.Info().Msg("the database can be written again")
	}
}

// transaction runs a batch. Errors that concern one job are set there; the error
// returned concerns all.
func (w *writer) transaction(ctx context.Context, batch []*job) error {
	if w.conn == nil {
		if err := w.connect(ctx); err != nil {
			return err
		}
	}
	if _, err := w.conn.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range batch {
		if err := w.apply(ctx, j); err != nil {
			return err
		}
	}
	_, err := w.conn.exec(ctx, "COMMIT")
	return err
}

// apply runs one job; the error returned is one of the database.
func (w *writer) apply(ctx context.Context, j *job) error {
	var err error
	if j.whole {
		err = w.savepoint(ctx, j)
	} else {
		err = j.apply(ctx, w)
	}
	if err == nil {
		return nil
	}
	if primary(err) != 0 && !rowFault(err) {
		return err
	}
	j.err = translate(err, j.what)
	return nil
}

// savepoint runs a job of which all statements or none may stand.
func (w *writer) savepoint(ctx context.Context, j *job) error {
	if _, err := w.conn.exec(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	err := j.apply(ctx, w)
	if err != nil && (primary(err) == 0 || rowFault(err)) {
		if _, e := w.conn.exec(ctx, "ROLLBACK TO job"); e != nil {
			return e
		}
	} else if err != nil {
		return err
	}
	if _, e := w.conn.exec(ctx, "RELEASE job"); e != nil {
		return e
	}
	return err
}

// reset brings the writer into a known state after a batch that failed. Without space
// the connection stays sound; after anything else a new one is opened.
func (w *writer) reset(ctx context.Context, cause error) {
	if !w.failing {
		w.failing = true
		w.log.Error().Err(cause).Msg("the database cannot be written")
	}
	w.heads.clear()
	if w.conn == nil {
		return
	}
	// It fails if SQLite has rolled back by itself, which is just as well.
	_, err := w.conn.exec(ctx, "ROLLBACK")
	if primary(cause) == sqlite3.SQLITE_FULL {
		return
	}
	if e := w.close(); e != nil {
		w.log.Debug().Err(errors.Join(err, e)).Msg("the connection did not close in order")
	}
}

// stats are a writer's numbers.
type stats struct{ commits, rows, failed, nanos atomic.Uint64 }

// add counts a batch.
func (s *stats) add(jobs int, took time.Duration, err error) {
	if err != nil {
		s.failed.Add(uint64(jobs)) //nolint:gosec // not negative
		return
	}
	s.commits.Add(1)
	s.rows.Add(uint64(jobs))  //nolint:gosec // not negative
	s.nanos.Add(uint64(took)) //nolint:gosec // not negative
}

// read returns the numbers as they are now.
func (s *stats) read() storage.Stats {
	return storage.Stats{
		Commits: s.commits.Load(), Rows: s.rows.Load(), Failed: s.failed.Load(),
		CommitSeconds: time.Duration(s.nanos.Load()).Seconds(), //nolint:gosec // 292 years
	}
}
