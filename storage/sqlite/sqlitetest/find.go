package sqlitetest

import (
	"fmt"
	"strings"
)

// ownTables selects the tables that are not SQLite's own.
const ownTables = `sqlite_schema.type = 'table' AND sqlite_schema.name NOT LIKE 'sqlite_%'`

// Counts returns the number of rows of each table.
func (w *Watch) Counts() (map[string]int, error) {
	tables, err := w.texts(`SELECT name FROM sqlite_schema WHERE ` + ownTables)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(tables))
	for _, table := range tables {
		var n int
		if err := w.db.QueryRow(fmt.Sprintf(`SELECT count(*) FROM %q`, table)).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s: %w", table, err)
		}
		counts[table] = n
	}
	return counts, nil
}

// Find returns the columns of texts, as table.column, in which a text occurs, each with in
// how many rows.
func (w *Watch) Find(text string) (map[string]int, error) {
	columns, err := w.texts(`SELECT sqlite_schema.name || '.' || c.name FROM sqlite_schema JOIN pragma_table_info(sqlite_schema.name) c
		WHERE c.type = 'TEXT' AND ` + ownTables)
	if err != nil {
		return nil, err
	}
	found := map[string]int{}
	for _, column := range columns {
		table, name, _ := strings.Cut(column, ".")
		var n int
		if err := w.db.QueryRow(fmt.Sprintf(`SELECT count(*) FROM %q WHERE instr(%q, ?) > 0`, table, name), text).Scan(&n); err != nil {
			return nil, fmt.Errorf("search %s: %w", column, err)
		}
		if n > 0 {
			found[column] = n
		}
	}
	return found, nil
}
