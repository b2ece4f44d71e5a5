-- Which agents belong to which message servers, and the deletion of servers.

-- agents is a JSON list. A server that is retired is gone for everybody, but its channels
-- are still being deleted.
ALTER TABLE servers ADD COLUMN agents TEXT;
ALTER TABLE servers ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
CREATE INDEX servers_retired ON servers (id) WHERE retired = 1;

-- Channels taken over from another platform are found by its id for them.
CREATE INDEX channels_by_source ON channels (server, source_id) WHERE source_id <> '';

-- When a channel was deleted, 0 if before this was noted.
ALTER TABLE remains ADD COLUMN deleted_at INTEGER NOT NULL DEFAULT 0;
