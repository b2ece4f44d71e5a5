package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// scripts are the changes of the schema. A file's place in the order of names is the
// version it leads to; a file that was released is never changed again.
//
//go:embed migrations/*.sql
var scripts embed.FS

// migrate brings the schema to the newest version, each step in a transaction of its
// own. A database of a newer version is refused.
func migrate(ctx context.Context, c *conn) error {
	names, err := fs.Glob(scripts, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list the migrations: %w", err)
	}
	slices.Sort(names)
	version, err := schemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if version > len(names) {
		return fmt.Errorf("the database has schema version %d and this program knows %d: it was written by a newer Parley", version, len(names))
	}
	for i := version; i < len(names); i++ {
		if err := apply(ctx, c, names[i], i+1); err != nil {
			return fmt.Errorf("apply %s: %w", names[i], err)
		}
	}
	return nil
}

// schemaVersion is how many migrations the database has seen.
func schemaVersion(ctx context.Context, c *conn) (version int, err error) {
	_, err = c.one(ctx, "PRAGMA user_version", func(r row) error {
		version = int(r.int(0))
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	return version, nil
}

// apply runs one migration and records its version with it.
func apply(ctx context.Context, c *conn, name string, version int) error {
	script, err := scripts.ReadFile(name)
	if err != nil {
		return err
	}
	if err := c.script(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = c.script(ctx, string(script))
	if err == nil {
		err = c.script(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	}
	if err == nil {
		err = c.script(ctx, "COMMIT")
	}
	if err != nil {
		return errors.Join(err, c.script(ctx, "ROLLBACK"))
	}
	return nil
}
