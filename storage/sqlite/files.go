package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley/domain"
	"parley/domain/media"
)

// fileColumns are the columns that scanFile reads.
const fileColumns = `f.id, f.owner, f.filename, f.original_name, f.mime, f.class, f.size, f.sha256, f.width, f.height,
	f.uploader, f.metadata, f.created_at, f.state, f.pinned`

// scanFile reads a row of fileColumns.
func scanFile(r row) (media.File, error) {
	kind, id, _ := strings.Cut(r.text(1), "/")
	f := media.File{
		ID: domain.FileID(r.text(0)), Owner: media.Owner{Kind: media.OwnerKind(kind), ID: id}, Filename: r.text(2),
		OriginalName: r.text(3), MIME: r.text(4), Class: media.Class(r.text(5)), Size: r.int(6), SHA256: r.text(7),
		Width: int(r.int(8)), Height: int(r.int(9)), Uploader: domain.EntityID(r.text(10)), CreatedAt: domain.FromMillis(r.int(12)),
		State: media.State(r.text(13)), Pinned: r.int(14) != 0,
	}
	if err := decode(r.json(11), &f.Metadata); err != nil {
		return f, fmt.Errorf("read metadata of file %s: %w", f.ID, err)
	}
	return f, nil
}

// ownerText is the stored form of an owner.
func ownerText(o media.Owner) string { return string(o.Kind) + "/" + o.ID }

// errNoFile is the answer where a file is missing.
func errNoFile(id domain.FileID) error {
	return domain.Errorf(domain.NotFound, "File %s does not exist", id)
}

// files runs a query of fileColumns and reads the files with their refs.
func files(ctx context.Context, c *conn, sql string, args ...any) (list []media.File, err error) {
	err = c.query(ctx, sql, func(r row) error {
		f, err := scanFile(r)
		list = append(list, f)
		return err
	}, args...)
	for i := range list {
		if err == nil {
			err = fileRefs(ctx, c, &list[i])
		}
	}
	return list, err
}

// fileRefs reads the messages that refer to a file.
func fileRefs(ctx context.Context, c *conn, f *media.File) error {
	return c.query(ctx, `SELECT message, channel, since FROM file_refs WHERE file = ? ORDER BY message`, func(r row) error {
		f.Refs = append(f.Refs, media.Ref{MessageID: domain.MessageID(r.text(0)), ChannelID: domain.ChannelID(r.text(1)),
			Since: domain.FromMillis(r.int(2))})
		return nil
	}, string(f.ID))
}

// AddFile stores a file; see media.Store.
func (s *Store) AddFile(ctx context.Context, f media.File) error {
	metadata, err := encodeMetadata(f.Metadata)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `INSERT INTO files (id, owner, filename, original_name, mime, class, size, sha256, width,
			height, uploader, metadata, created_at, state, pinned) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, string(f.ID), ownerText(f.Owner), f.Filename, f.OriginalName, f.MIME, string(f.Class), f.Size,
			f.SHA256, int64(f.Width), int64(f.Height), string(f.Uploader), metadata, millis(f.CreatedAt), string(f.State), f.Pinned)
		if err == nil && changed == 0 {
			err = domain.Errorf(domain.Conflict, "A file of this id or name exists already")
		}
		return err
	})
}

// KeepFile makes an arriving file a stored one; see media.Store.
func (s *Store) KeepFile(ctx context.Context, id domain.FileID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `UPDATE files SET state = 'stored' WHERE id = ? AND state = 'arriving'`, string(id))
		if err == nil && changed == 0 {
			err = errNoFile(id)
		}
		return err
	})
}

// LeaveFile makes a file a leaving one; see media.Store.
func (s *Store) LeaveFile(ctx context.Context, id domain.FileID) (f media.File, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		if _, err := w.conn.exec(ctx, `UPDATE files SET state = 'leaving' WHERE id = ? AND state <> 'leaving'`, string(id)); err != nil {
			return err
		}
		f, err = findFile(ctx, w.conn, id)
		return err
	})
	return f, err
}

// findFile reads one file in whatever state, or NotFound.
func findFile(ctx context.Context, c *conn, id domain.FileID) (media.File, error) {
	list, err := files(ctx, c, `SELECT `+fileColumns+` FROM files f WHERE f.id = ?`, string(id))
	if err != nil {
		return media.File{}, err
	}
	if len(list) == 0 {
		return media.File{}, errNoFile(id)
	}
	return list[0], nil
}

// ForgetFile removes the row of a file that is not stored; see media.Store.
func (s *Store) ForgetFile(ctx context.Context, id domain.FileID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.conn.exec(ctx, `DELETE FROM files WHERE id = ? AND state <> 'stored'`, string(id))
		return err
	})
}

// File returns one stored file; see media.Store.
func (s *Store) File(ctx context.Context, id domain.FileID) (f media.File, err error) {
	err = s.read(ctx, func(c *conn) error {
		f, err = findFile(ctx, c, id)
		return err
	})
	if err == nil && f.State != media.Stored {
		return media.File{}, errNoFile(id)
	}
	return f, err
}

// Files returns a page of files; see media.Store.
func (s *Store) Files(ctx context.Context, q media.Query) (list []media.File, total int, err error) {
	where, args := ` FROM files f WHERE f.state = 'stored'`, []any{}
	if q.Owner != (media.Owner{}) {
		where, args = where+` AND f.owner = ?`, append(args, ownerText(q.Owner))
	}
	if q.Class != "" {
		where, args = where+` AND f.class = ?`, append(args, string(q.Class))
	}
	err = s.read(ctx, func(c *conn) error {
		_, err := c.one(ctx, `SELECT count(*)`+where, func(r row) error {
			total = int(r.int(0))
			return nil
		}, args...)
		if err != nil {
			return err
		}
		return c.query(ctx, `SELECT `+fileColumns+where+` ORDER BY f.id DESC LIMIT ? OFFSET ?`, func(r row) error {
			f, err := scanFile(r)
			list = append(list, f)
			return err
		}, append(args, int64(q.Limit), int64(q.Offset))...)
	})
	return list, total, err
}

// AttachFile notes that a message refers to a file; see media.Store.
func (s *Store) AttachFile(ctx context.Context, owner media.Owner, filename string, ref media.Ref) (found bool, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		var id string
		var noted, all int64
		found, err = w.conn.one(ctx, `SELECT f.id, (SELECT count(*) FROM file_refs r WHERE r.file = f.id),
			(SELECT count(*) FROM file_refs r WHERE r.file = f.id AND r.message = ?)
			FROM files f WHERE f.owner = ? AND f.filename = ? AND f.state = 'stored'`, func(r row) error {
			id, all, noted = r.text(0), r.int(1), r.int(2)
			return nil
		}, string(ref.MessageID), ownerText(owner), filename)
		switch {
		case err != nil || !found || noted > 0:
			return err
		case all >= media.MaxRefs:
			_, err = w.conn.exec(ctx, `UPDATE files SET pinned = 1 WHERE id = ?`, id)
		default:
			_, err = w.conn.exec(ctx, `INSERT INTO file_refs (file, message, channel, since) VALUES (?, ?, ?, ?)`,
				id, string(ref.MessageID), string(ref.ChannelID), millis(ref.Since))
		}
		return err
	})
	return found && err == nil, err
}

// FilesOf returns the files that a message refers to; see media.Store.
func (s *Store) FilesOf(ctx context.Context, message domain.MessageID) (list []media.File, err error) {
	err = s.read(ctx, func(c *conn) error {
		list, err = files(ctx, c, `SELECT `+fileColumns+` FROM file_refs r CROSS JOIN files f ON f.id = r.file
			WHERE r.message = ? AND f.state = 'stored' ORDER BY r.file`, string(message))
		return err
	})
	return list, err
}

// FilesIn returns the files that messages of a channel refer to; see media.Store.
func (s *Store) FilesIn(ctx context.Context, channel domain.ChannelID, after domain.FileID, limit int) (list []media.File, err error) {
	err = s.read(ctx, func(c *conn) error {
		list, err = files(ctx, c, `SELECT `+fileColumns+` FROM file_refs r INDEXED BY file_refs_by_channel CROSS JOIN files f ON f.id = r.file
			WHERE r.channel = ? AND r.file > ? AND f.state = 'stored' GROUP BY r.file ORDER BY r.file LIMIT ?`, string(channel), string(after), int64(limit))
		return err
	})
	return list, err
}

// DetachFile takes messages off a file; see media.Store. It is one transaction, so nothing
// is left half done.
func (s *Store) DetachFile(ctx context.Context, id domain.FileID, messages []domain.MessageID) (left bool, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		var taken int64
		for _, m := range messages {
			changed, err := w.conn.exec(ctx, `DELETE FROM file_refs WHERE file = ? AND message = ?`, string(id), string(m))
			if err != nil {
				return err
			}
			taken += changed
		}
		if taken == 0 {
			return nil
		}
		changed, err := w.conn.exec(ctx, `UPDATE files SET state = 'leaving' WHERE id = ? AND state = 'stored' AND pinned = 0
			AND NOT EXISTS (SELECT 1 FROM file_refs r WHERE r.file = files.id)`, string(id))
		left = changed > 0
		return err
	})
	return left && err == nil, err
}

// UnfinishedFiles returns files that are half there; see media.Store.
func (s *Store) UnfinishedFiles(ctx context.Context, before time.Time, limit int) (list []media.File, err error) {
	err = s.read(ctx, func(c *conn) error {
		list, err = files(ctx, c, `SELECT `+fileColumns+` FROM files f INDEXED BY files_unfinished WHERE f.state <> 'stored'
			AND (f.state = 'leaving' OR f.created_at < ?) ORDER BY f.id LIMIT ?`, millis(before), int64(limit))
		return err
	})
	return list, err
}
