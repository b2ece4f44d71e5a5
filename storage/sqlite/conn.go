package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"modernc.org/sqlite"
)

// conn is one connection to the database with the statements it has prepared. It is
// not safe for concurrent use.
type conn struct {
	raw   driver.Conn
	stmts map[string]statement
	row   row
}

// statement is a prepared statement as the driver offers it.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// row is one row of a result; its texts stay valid when the next one is read.
type row []driver.Value

// text is column i as text, "" if it is NULL.
func (r row) text(i int) string {
	s, _ := r[i].(string)
	return s
}

// json is column i as JSON, nil if it is NULL.
func (r row) json(i int) []byte {
	if s, ok := r[i].(string); ok {
		return []byte(s)
	}
	return nil
}

// int is column i as a number, 0 if it is NULL.
func (r row) int(i int) int64 {
	n, _ := r[i].(int64)
	return n
}

// openConn opens the database file, which must exist, and prepares the connection by
// running pragmas on it.
func openConn(ctx context.Context, path string, pragmas ...string) (*conn, error) {
	name := (&url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw"}).String()
	raw, err := (&sqlite.Driver{}).Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	c := &conn{raw: raw, stmts: map[string]statement{}}
	for _, pragma := range pragmas {
		if err := c.script(ctx, "PRAGMA "+pragma); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// close gives back everything that the connection holds.
func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	c.stmts = nil
	errs = append(errs, c.raw.Close())
	return errors.Join(errs...)
}

// script runs statements that are needed once and give no rows.
func (c *conn) script(ctx context.Context, sql string) error {
	execer, ok := c.raw.(driver.ExecerContext)
	if !ok {
		return errors.New("the driver cannot execute")
	}
	_, err := execer.ExecContext(ctx, sql, nil)
	if err != nil {
		return fmt.Errorf("run %.40q: %w", sql, err)
	}
	return nil
}

// prepared returns the statement of sql, which it keeps.
func (c *conn) prepared(ctx context.Context, sql string) (statement, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	preparer, ok := c.raw.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("the driver cannot prepare")
	}
	made, err := preparer.PrepareContext(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("prepare %.40q: %w", sql, err)
	}
	s, ok := made.(statement)
	if !ok {
		return nil, errors.Join(errors.New("the driver's statement is of an old kind"), made.Close())
	}
	c.stmts[sql] = s
	return s, nil
}

// exec runs one statement and returns how many rows it changed. Arguments are nil,
// string, []byte, int64 or bool.
func (c *conn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return c.execNamed(ctx, sql, named(args))
}

// execNamed is exec with arguments in the driver's form.
func (c *conn) execNamed(ctx context.Context, sql string, args []driver.NamedValue) (int64, error) {
	s, err := c.prepared(ctx, sql)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(ctx, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query runs one statement and hands each row to scan, which must not keep it.
func (c *conn) query(ctx context.Context, sql string, scan func(row) error, args ...any) (err error) {
	s, err := c.prepared(ctx, sql)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, named(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	width := len(rows.Columns())
	if cap(c.row) < width {
		c.row = make(row, width)
	}
	values := c.row[:width]
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := scan(values); err != nil {
			return err
		}
	}
}

// one is query for at most one row; it reports whether there was one.
func (c *conn) one(ctx context.Context, sql string, scan func(row) error, args ...any) (bool, error) {
	found := false
	err := c.query(ctx, sql, func(r row) error {
		found = true
		return scan(r)
	}, args...)
	return found, err
}

// named brings arguments into the driver's form.
func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return values
}
