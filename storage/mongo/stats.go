package mongo

import (
	"sync/atomic"
	"time"

	"parley/storage"
)

// stats are the numbers of writing to the channels' logs.
type stats struct{ commits, rows, failed, nanos atomic.Uint64 }

// add counts a batch of writes.
func (s *stats) add(rows int, took time.Duration) {
	s.commits.Add(1)
	s.rows.Add(uint64(rows))  //nolint:gosec // not negative
	s.nanos.Add(uint64(took)) //nolint:gosec // not negative
}

// read returns the numbers as they are now.
func (s *stats) read() storage.Stats {
	return storage.Stats{
		Commits: s.commits.Load(), Rows: s.rows.Load(), Failed: s.failed.Load(),
		CommitSeconds: time.Duration(s.nanos.Load()).Seconds(), //nolint:gosec // 292 years
	}
}
