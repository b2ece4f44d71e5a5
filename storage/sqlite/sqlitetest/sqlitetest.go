// Package sqlitetest looks at a running server's database from beside it, so that a test
// can say whether anything has changed. It only reads.
package sqlitetest

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// Watch is a second connection to a database. It is not safe for concurrent use.
type Watch struct{ db *sql.DB }

// Open watches the database in the folder dir; it must exist. The caller closes it.
func Open(dir string) (*Watch, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("find the one database in %s: %v, %w", dir, files, err)
	}
	name := (&url.URL{Scheme: "file", Path: files[0], RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", files[0], err)
	}
	db.SetMaxOpenConns(1) // data_version is a connection's own
	return &Watch{db: db}, nil
}

// Close ends the watch.
func (w *Watch) Close() error { return w.db.Close() }

// Version changes whenever another connection has committed anything. It is cheap.
func (w *Watch) Version() (version int64, err error) {
	err = w.db.QueryRow("PRAGMA data_version").Scan(&version)
	return version, err
}

// Digest is a digest of all rows of each table, by its name.
func (w *Watch) Digest() (map[string]string, error) {
	tables, err := w.texts(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	digests := make(map[string]string, len(tables))
	for _, table := range tables {
		if digests[table], err = w.digest(table); err != nil {
			return nil, fmt.Errorf("read %s: %w", table, err)
		}
	}
	return digests, nil
}

// texts is the first column of a query.
func (w *Watch) texts(query string) (texts []string, err error) {
	err = w.each(query, func(row []any) { texts = append(texts, fmt.Sprint(row[0])) })
	return texts, err
}

// digest is that of one table.
func (w *Watch) digest(table string) (string, error) {
	sum := sha256.New()
	err := w.each(fmt.Sprintf(`SELECT * FROM %q ORDER BY 1`, table), func(row []any) { _, _ = fmt.Fprintf(sum, "%q\n", row) })
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// each calls visit with the rows of a query.
func (w *Watch) each(query string, visit func(row []any)) error {
	rows, err := w.db.Query(query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		visit(row)
	}
	return rows.Err()
}
