package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/sqlite"
)

// submitters is how many senders the ingest benchmark has, each with a channel.
const submitters = 200

// BenchmarkIngest compares what the store takes from many senders, each of whom waits
// for one message before the next, with what plain SQL stores in the same schema in
// batches of 50 rows. The first number of a channel is 1 in both.
func BenchmarkIngest(b *testing.B) {
	set := openIn(b, b.TempDir())
	channels := make([]domain.ChannelID, submitters)
	for i := range channels {
		channels[i] = newChannel(b, set)
	}
	began := time.Now()
	b.ResetTimer()
	ingest(b, set, channels)
	b.StopTimer()
	ours := time.Since(began)
	stats := set.Stats()
	closeSet(b, set)
	plain := plainIngest(b)
	b.ReportMetric(float64(b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(float64(b.N)/plain.Seconds(), "plain-rows/s")
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "ratio")
	b.ReportMetric(float64(stats.Rows)/float64(stats.Commits), "rows/commit")
}

// benchMessage is a message as a chat sends it.
func benchMessage(channel domain.ChannelID) messaging.Message {
	m := text(channel, strings.Repeat("some words of a chat ", 6))
	m.AuthorID, m.ServerID = domain.EntityID(channel), domain.DefaultServer
	m.SourceType = "socketio_client"
	m.Metadata = domain.Metadata{"channelType": []byte(`"GROUP"`), "user_display_name": []byte(`"Somebody"`), "socket_id": []byte(`"abcdefghijklmnopqrst"`)}
	m.Raw = []byte(`{"text":"` + m.Content + `"}`)
	return m
}

// ingest lets every submitter send its share of b.N.
func ingest(b *testing.B, set *storage.Set, channels []domain.ChannelID) {
	var all sync.WaitGroup
	for i, channel := range channels {
		all.Go(func() {
			done := make(chan error, 1)
			for range (b.N + i) / submitters {
				err := set.Messaging.Append(b.Context(), benchMessage(channel), func(_ messaging.Appended, err error) { done <- err })
				if err == nil {
					err = <-done
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// plainIngest stores b.N rows in batches of 50 by database/sql.
func plainIngest(b *testing.B) time.Duration {
	dir := b.TempDir()
	closeSet(b, openIn(b, dir))
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "parley.db")+"?_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	insert, err := db.Prepare(sqlite.InsertMessage)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = insert.Close() }()
	began := time.Now()
	for n := 0; n < b.N; n += 50 {
		if err := plainBatch(b, db, insert, n, min(n+50, b.N)); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// plainBatch stores the rows from to to in one transaction.
func plainBatch(b *testing.B, db *sql.DB, insert *sql.Stmt, from, to int) error {
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	stmt := tx.Stmt(insert)
	defer func() { _ = stmt.Close() }()
	for n := from; n < to; n++ {
		channel, seq := int64(n%submitters+1), int64(n/submitters+1)
		named, err := sqlite.MessageArgs(benchMessage(domain.NewID[domain.ChannelID]()))
		if err != nil {
			return err
		}
		args := make([]any, len(named))
		for i, arg := range named {
			args[i] = arg.Value
		}
		args[0], args[1], args[2], args[3], args[4] = sqlite.Place(channel, seq), sqlite.Place(channel, seq), channel, int64(n), int64(n)
		if _, err := stmt.Exec(args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// sizes are the lengths of a channel whose pages are measured. The last one takes a
// minute to prepare and is measured when PARLEY_BENCH_LONG is set.
func sizes() []int {
	all := []int{10_000, 1_000_000}
	if os.Getenv("PARLEY_BENCH_LONG") == "" {
		return all[:1]
	}
	return all
}

// BenchmarkPage reads pages of 50 all over a channel's history, by number and by time,
// and the 50 newest of an author who writes rarely.
func BenchmarkPage(b *testing.B) {
	for _, size := range sizes() {
		set := openIn(b, b.TempDir())
		channel, rare := newChannel(b, set), domain.NewID[domain.EntityID]()
		first, last := fill(b, set, channel, rare, size)
		queries := map[string]func(n int) messaging.PageQuery{
			"newest": func(int) messaging.PageQuery { return messaging.PageQuery{} },
			"number": func(n int) messaging.PageQuery { return messaging.PageQuery{BeforeSeq: int64(n*7919%size) + 51} },
			"time": func(n int) messaging.PageQuery {
				return messaging.PageQuery{Before: first.Add(last.Sub(first) * time.Duration(n*7919%size) / time.Duration(size))}
			},
			"author": func(int) messaging.PageQuery { return messaging.PageQuery{Author: rare} },
		}
		for name, query := range queries {
			b.Run(name+"/"+strconv.Itoa(size), func(b *testing.B) { readPages(b, set, channel, query) })
		}
		b.Run("since/"+strconv.Itoa(size), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				after := int64(n * 7919 % size)
				if _, err := set.Messaging.Since(b.Context(), channel, after, after+50, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
		closeSet(b, set)
	}
}

// readPages reads one page a round and reports the median, which a busy machine
// disturbs less than the mean.
func readPages(b *testing.B, set *storage.Set, channel domain.ChannelID, query func(n int) messaging.PageQuery) {
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		q := query(n)
		q.Channel, q.Limit = channel, 50
		began := time.Now()
		if _, err := set.Messaging.Page(b.Context(), q); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "median-us")
}

// fill stores size messages, every thousandth by one author, and returns the times of
// the first and the last.
func fill(b *testing.B, set *storage.Set, channel domain.ChannelID, rare domain.EntityID, size int) (first, last time.Time) {
	b.Helper()
	var pending sync.WaitGroup
	for n := range size {
		m := benchMessage(channel)
		if n%1000 == 0 {
			m.AuthorID = rare
		}
		pending.Add(1)
		err := set.Messaging.Append(context.WithoutCancel(b.Context()), m, func(a messaging.Appended, err error) {
			defer pending.Done()
			if err != nil {
				b.Error(err)
			}
			if first.IsZero() {
				first = a.Message.CreatedAt
			}
			last = a.Message.CreatedAt
		})
		if err != nil {
			b.Fatal(fmt.Errorf("fill: %w", err))
		}
	}
	pending.Wait()
	return first, last
}
