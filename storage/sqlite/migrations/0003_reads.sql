-- How far entities have read: seq is the number of the last message they have seen.
CREATE TABLE reads (
    channel    INTEGER NOT NULL REFERENCES channels (number) ON DELETE CASCADE,
    entity     TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (channel, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX reads_by_update ON reads (channel, updated_at, entity);
