-- Servers, channels, the channel log, agents and turns.
-- Times are milliseconds since 1970. Lists and objects are JSON, kept as they were given.

CREATE TABLE servers (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    metadata    TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX servers_by_name ON servers (name, id);

CREATE TABLE channels (
    number      INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 2147483647),
    id          TEXT NOT NULL UNIQUE,
    server      TEXT NOT NULL,
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    topic       TEXT NOT NULL,
    metadata    TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX channels_by_update ON channels (updated_at, id);
CREATE INDEX channels_of_server ON channels (server, updated_at, id);

-- place orders a channel's participants as they were added.
CREATE TABLE participants (
    channel INTEGER NOT NULL REFERENCES channels (number) ON DELETE CASCADE,
    place   INTEGER NOT NULL,
    entity  TEXT NOT NULL,
    PRIMARY KEY (channel, place),
    UNIQUE (channel, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_by_entity ON participants (entity, channel);

-- place is channels.number << 32 | seq, revised is channels.number << 32 | rev: both
-- are unique within the channel, and a channel's messages are a range of either.
CREATE TABLE messages (
    place       INTEGER PRIMARY KEY,
    revised     INTEGER NOT NULL UNIQUE,
    channel     INTEGER NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    dedupe      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted     INTEGER NOT NULL DEFAULT 0,
    server      TEXT NOT NULL,
    author      TEXT NOT NULL,
    author_name TEXT NOT NULL,
    in_reply_to TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    awaiting    TEXT,
    metadata    TEXT,
    raw         TEXT,
    content     TEXT NOT NULL,
    UNIQUE (channel, dedupe),
    CHECK (channel = place >> 32 AND channel = revised >> 32)
) STRICT;
CREATE INDEX messages_by_time ON messages (channel, created_at) WHERE deleted = 0;
CREATE INDEX messages_by_author ON messages (channel, author, created_at) WHERE deleted = 0;
CREATE INDEX messages_awaiting ON messages (created_at, id) WHERE awaiting IS NOT NULL;

-- What messages.awaiting says, once more, in the order in which an agent works it off.
CREATE TABLE duties (
    agent   TEXT NOT NULL,
    message INTEGER NOT NULL REFERENCES messages (place),
    PRIMARY KEY (agent, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    character  TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    desired    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE turns (
    id         TEXT NOT NULL UNIQUE,
    agent      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    message    TEXT NOT NULL,
    fence      INTEGER NOT NULL,
    state      TEXT NOT NULL,
    outcome    TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
