package sqlite

import (
	"context"
	"fmt"
	"slices"

	"parley/domain"
	"parley/domain/messaging"
)

// standardLimit is how many channels a query returns that names no limit.
const standardLimit = 1000

// channelColumns are the columns that scanChannel reads.
const channelColumns = `c.number, c.id, c.server, c.name, c.type, c.source_type, c.source_id, c.topic, c.metadata,
	c.created_at, c.updated_at`

// storedChannel is a channel with its number.
type storedChannel struct {
	messaging.Channel
	number int64
}

// scanChannel reads a row of channelColumns; the participants are read apart.
func scanChannel(r row) (storedChannel, error) {
	c := storedChannel{number: r.int(0), Channel: messaging.Channel{
		ID: domain.ChannelID(r.text(1)), ServerID: domain.ServerID(r.text(2)), Name: r.text(3),
		Type: messaging.ChannelType(r.text(4)), SourceType: r.text(5), SourceID: r.text(6), Topic: r.text(7),
		CreatedAt: domain.FromMillis(r.int(9)), UpdatedAt: domain.FromMillis(r.int(10)),
	}}
	if err := decode(r.json(8), &c.Metadata); err != nil {
		return c, fmt.Errorf("read metadata of channel %s: %w", c.ID, err)
	}
	return c, nil
}

// findChannel reads one channel with its participants, or NotFound.
func findChannel(ctx context.Context, c *conn, id domain.ChannelID) (storedChannel, error) {
	found, err := channels(ctx, c, `SELECT `+channelColumns+` FROM channels c WHERE c.id = ?`, string(id))
	if err != nil {
		return storedChannel{}, err
	}
	if len(found) == 0 {
		return storedChannel{}, errNoChannel(id)
	}
	return found[0], nil
}

// channels reads the channels of a query of channelColumns, with their participants.
func channels(ctx context.Context, c *conn, sql string, args ...any) ([]storedChannel, error) {
	var found []storedChannel
	err := c.query(ctx, sql, func(r row) error {
		channel, err := scanChannel(r)
		found = append(found, channel)
		return err
	}, args...)
	if err != nil {
		return nil, err
	}
	for i := range found {
		err := c.query(ctx, `SELECT entity FROM participants WHERE channel = ? ORDER BY place`, func(r row) error {
			found[i].Participants = append(found[i].Participants, domain.EntityID(r.text(0)))
			return nil
		}, found[i].number)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// EnsureChannel stores a channel unless it exists; see messaging.Store.
func (s *Store) EnsureChannel(ctx context.Context, c messaging.Channel) (stored messaging.Channel, created bool, err error) {
	stored, err = s.Channel(ctx, c.ID)
	if !domain.IsCode(err, domain.NotFound) {
		return stored, false, err
	}
	metadata, err := encodeMetadata(c.Metadata)
	if err != nil {
		return messaging.Channel{}, false, err
	}
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		// The number of a deleted channel is not used again while messages of it are left.
		changed, err := w.conn.exec(ctx, `INSERT INTO channels (number, id, server, name, type, source_type, source_id, topic,
			metadata, created_at, updated_at) VALUES (1 + max(coalesce((SELECT max(number) FROM channels), 0),
			coalesce((SELECT max(number) FROM remains), 0)), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			string(c.ID), string(c.ServerID), c.Name, string(c.Type), c.SourceType, c.SourceID, c.Topic, metadata,
			millis(c.CreatedAt), millis(c.UpdatedAt))
		if err != nil {
			return err
		}
		channel, err := findChannel(ctx, w.conn, c.ID)
		if err != nil {
			return err
		}
		if created = changed > 0; created {
			channel.Participants, err = w.addParticipants(ctx, channel, c.Participants)
		}
		stored = channel.Channel
		return err
	})
	if err != nil {
		return messaging.Channel{}, false, err
	}
	return stored, created, nil
}

// addParticipants lists those entities that are not listed yet, and returns the list.
func (w *writer) addParticipants(ctx context.Context, c storedChannel, entities []domain.EntityID) ([]domain.EntityID, error) {
	list := c.Participants
	for _, entity := range entities {
		if slices.Contains(list, entity) {
			continue
		}
		_, err := w.conn.exec(ctx, `INSERT INTO participants (channel, place, entity)
			VALUES (?1, 1 + coalesce((SELECT max(place) FROM participants WHERE channel = ?1), 0), ?2)`, c.number, string(entity))
		if err != nil {
			return nil, err
		}
		list = append(list, entity)
	}
	return list, nil
}

// touch notes that a channel has changed.
func (w *writer) touch(ctx context.Context, c *storedChannel) error {
	c.UpdatedAt = domain.FromMillis(max(millis(w.now()), millis(c.UpdatedAt)))
	_, err := w.conn.exec(ctx, `UPDATE channels SET updated_at = ? WHERE number = ?`, millis(c.UpdatedAt), c.number)
	return err
}

// Channel returns one channel; see messaging.Store.
func (s *Store) Channel(ctx context.Context, id domain.ChannelID) (channel messaging.Channel, err error) {
	err = s.read(ctx, func(c *conn) error {
		found, err := findChannel(ctx, c, id)
		channel = found.Channel
		return err
	})
	return channel, err
}

// Channels returns the channels of a query; see messaging.Store.
func (s *Store) Channels(ctx context.Context, q messaging.ChannelQuery) (list []messaging.Channel, err error) {
	sql, args := channelQuery(q)
	err = s.read(ctx, func(c *conn) error {
		found, err := channels(ctx, c, sql, args...)
		for _, channel := range found {
			list = append(list, channel.Channel)
		}
		return err
	})
	return list, err
}

// channelQuery is q as SQL.
func channelQuery(q messaging.ChannelQuery) (string, []any) {
	from, args := channelsOf(q)
	limit := q.Limit
	if limit <= 0 {
		limit = standardLimit
	}
	return `SELECT ` + channelColumns + from + ` ORDER BY c.updated_at DESC, c.id DESC LIMIT ? OFFSET ?`,
		append(args, int64(limit), int64(max(q.Offset, 0)))
}

// channelsOf is which channels q selects. Those of one participant, or of one source, are
// found by it and sorted (CROSS JOIN fixes this order: most channels are of one server);
// all others are read in the order of an index.
func channelsOf(q messaging.ChannelQuery) (string, []any) {
	sql, args := ` FROM channels c WHERE 1`, []any{}
	switch {
	case q.Participant != "":
		sql = ` FROM participants p CROSS JOIN channels c ON c.number = p.channel WHERE p.entity = ?`
		args = append(args, string(q.Participant))
	case q.SourceID != "":
		sql = ` FROM channels c INDEXED BY channels_by_source WHERE 1`
	}
	if q.Server != "" {
		sql, args = sql+` AND c.server = ?`, append(args, string(q.Server))
	}
	if q.SourceID != "" {
		sql, args = sql+` AND c.source_id = ? AND c.source_id <> ''`, append(args, q.SourceID)
	}
	if q.Type != "" {
		sql, args = sql+` AND c.type = ?`, append(args, string(q.Type))
	}
	if q.Name != "" {
		sql, args = sql+` AND c.name = ?`, append(args, q.Name)
	}
	return sql, args
}

// CountChannels counts the channels of a query; see messaging.Store.
func (s *Store) CountChannels(ctx context.Context, q messaging.ChannelQuery) (n int, err error) {
	from, args := channelsOf(q)
	err = s.read(ctx, func(c *conn) error {
		_, err := c.one(ctx, `SELECT count(*) `+from, func(r row) error {
			n = int(r.int(0))
			return nil
		}, args...)
		return err
	})
	return n, err
}

// AddParticipants lists entities; see messaging.Store.
func (s *Store) AddParticipants(ctx context.Context, id domain.ChannelID, entities ...domain.EntityID) (messaging.Channel, error) {
	return s.changeChannel(ctx, id, func(ctx context.Context, w *writer, c storedChannel) ([]domain.EntityID, error) {
		return w.addParticipants(ctx, c, entities)
	})
}

// RemoveParticipant takes an entity off the list; see messaging.Store.
func (s *Store) RemoveParticipant(ctx context.Context, id domain.ChannelID, entity domain.EntityID) (messaging.Channel, error) {
	return s.changeChannel(ctx, id, func(ctx context.Context, w *writer, c storedChannel) ([]domain.EntityID, error) {
		_, err := w.conn.exec(ctx, `DELETE FROM participants WHERE channel = ? AND entity = ?`, c.number, string(entity))
		rest := slices.Clone(c.Participants)
		return slices.DeleteFunc(rest, func(e domain.EntityID) bool { return e == entity }), err
	})
}

// changeChannel lets change alter the list of participants of a channel.
func (s *Store) changeChannel(ctx context.Context, id domain.ChannelID,
	change func(context.Context, *writer, storedChannel) ([]domain.EntityID, error),
) (channel messaging.Channel, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		c, err := findChannel(ctx, w.conn, id)
		if err != nil {
			return err
		}
		list, err := change(ctx, w, c)
		if err == nil && len(list) != len(c.Participants) {
			err = w.touch(ctx, &c)
		}
		c.Participants = list
		channel = c.Channel
		return err
	})
	if err != nil {
		return messaging.Channel{}, err
	}
	return channel, nil
}
