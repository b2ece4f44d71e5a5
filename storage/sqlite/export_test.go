package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"parley/storage"
)

// InsertMessage is the statement that Append runs, for the benchmark's comparison.
const InsertMessage = insertMessage

// MessageArgs is how Append prepares a message, for the benchmark's comparison.
var MessageArgs = messageArgs

// Place is the key of a number of a channel.
var Place = place

// OnWriter runs sql on the connection of the writer, outside a transaction's effects.
func OnWriter(ctx context.Context, set *storage.Set, sql string) error {
	return backend(set).write(ctx, func(ctx context.Context, w *writer) error { return w.conn.script(ctx, sql) })
}

// Plans returns how SQLite runs each statement that the store has prepared so far.
func Plans(ctx context.Context, set *storage.Set) (map[string][]string, error) {
	s := backend(set)
	texts := []string{}
	err := s.write(ctx, func(_ context.Context, w *writer) error {
		for text := range w.conn.stmts {
			texts = append(texts, text)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for range readers {
		c := <-s.slots
		if c != nil {
			for text := range c.stmts {
				texts = append(texts, text)
			}
		}
		defer func() { s.slots <- c }()
	}
	slices.Sort(texts)
	plans := map[string][]string{}
	c, err := openConn(ctx, s.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.close() }()
	for _, text := range slices.Compact(texts) {
		err := c.query(ctx, "EXPLAIN QUERY PLAN "+text, func(r row) error {
			plans[text] = append(plans[text], r.text(3))
			return nil
		}, make([]any, 20)...)
		if err != nil {
			return nil, err
		}
	}
	return plans, nil
}

// backend is the store behind a Set.
func backend(set *storage.Set) *Store { return set.Backend.(*Store) }

// Hold keeps the writer busy until release is called; it returns when that has begun.
func Hold(ctx context.Context, set *storage.Set) (release func(), err error) {
	begun, end := make(chan struct{}), make(chan struct{})
	err = backend(set).submit(ctx, &job{
		apply: func(context.Context, *writer) error {
			close(begun)
			<-end
			return nil
		},
		done: func(error) {},
	})
	if err != nil {
		return nil, err
	}
	<-begun
	return func() { close(end) }, nil
}

// Late is how many jobs wait that let others go first.
func Late(set *storage.Set) int { return len(backend(set).late) }

// Count returns the one number that a query gives.
func Count(ctx context.Context, set *storage.Set, sql string) (n int, err error) {
	err = backend(set).read(ctx, func(c *conn) error {
		_, err := c.one(ctx, sql, func(r row) error {
			n = int(r.int(0))
			return nil
		})
		return err
	})
	return n, err
}

// BoundSearch sets how many messages a search reads at most.
func BoundSearch(set *storage.Set, rows int) { backend(set).searchRows = rows }

// OldDatabase makes a database of the first schema in a folder, with what sql adds.
func OldDatabase(ctx context.Context, dir, sql string) error {
	path := filepath.Join(dir, databaseFile)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	c, err := openConn(ctx, path, "journal_mode = WAL")
	if err != nil {
		return err
	}
	return errors.Join(apply(ctx, c, "migrations/0001_first.sql", 1), c.script(ctx, sql), c.close())
}
