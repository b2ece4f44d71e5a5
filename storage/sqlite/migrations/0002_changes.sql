-- Edits, clears, deleted channels and search.

-- messages.deleted: 0 a message, 1 a tombstone, 2 the entry of a clear, whose upto is
-- the last number that it covers.
ALTER TABLE messages ADD COLUMN upto INTEGER;

-- cleared is the last number covered by a clear: what is not above it counts as deleted
-- from the moment of the clear on. swept is how far the rows have followed.
ALTER TABLE channels ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
CREATE INDEX channels_unswept ON channels (id) WHERE swept < cleared;

-- The numbers of deleted channels whose messages are not all gone yet.
CREATE TABLE remains (
    id     TEXT NOT NULL,
    number INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (id, number)
) STRICT, WITHOUT ROWID;

-- Removing messages must find what hangs on them.
CREATE INDEX duties_by_message ON duties (message);
CREATE INDEX turns_by_message ON turns (message);

-- A search without a channel goes through all messages, the newest first.
CREATE INDEX messages_by_moment ON messages (created_at) WHERE deleted = 0;
