-- Worlds, rooms, entities and memories of agents. All of them are named by their agent and
-- an id, which may be the same for several agents.

CREATE TABLE worlds (
    agent      TEXT NOT NULL,
    id         TEXT NOT NULL,
    server     TEXT NOT NULL,
    name       TEXT NOT NULL,
    metadata   TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (agent, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX worlds_by_id ON worlds (id, agent);
CREATE INDEX worlds_by_server ON worlds (server, agent, id);
CREATE INDEX worlds_by_time ON worlds (created_at, agent, id);
CREATE INDEX worlds_of_agent ON worlds (agent, created_at, id);

-- grp is the group that a room belongs to, NULL if none.
CREATE TABLE rooms (
    agent      TEXT NOT NULL,
    id         TEXT NOT NULL,
    world      TEXT NOT NULL,
    server     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    grp        TEXT,
    name       TEXT NOT NULL,
    source     TEXT NOT NULL,
    type       TEXT NOT NULL,
    metadata   TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (agent, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_of_agent ON rooms (agent, created_at, id);
CREATE INDEX rooms_by_world ON rooms (world, agent, id);
CREATE INDEX rooms_by_server ON rooms (server, agent, id);
CREATE INDEX rooms_by_channel ON rooms (channel, agent, id);
CREATE INDEX rooms_by_group ON rooms (grp, agent, id) WHERE grp IS NOT NULL;
CREATE INDEX rooms_grouped ON rooms (grp, created_at) WHERE grp IS NOT NULL;

CREATE TABLE entities (
    agent      TEXT NOT NULL,
    id         TEXT NOT NULL,
    names      TEXT NOT NULL,
    metadata   TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (agent, id)
) STRICT, WITHOUT ROWID;

-- Who takes part in the rooms of agents.
CREATE TABLE followers (
    agent  TEXT NOT NULL,
    room   TEXT NOT NULL,
    entity TEXT NOT NULL,
    state  TEXT NOT NULL,
    PRIMARY KEY (agent, room, entity)
) STRICT, WITHOUT ROWID;

-- message, channel and posted_at tell the message that a memory is of, NULL if it is of none.
-- tbl is the kind of memory. The order within one moment is that of number. The embedding
-- is a sequence of 32-bit floats, least byte first; it stands last, where a read that does
-- not ask for it does not come by.
CREATE TABLE memories (
    number     INTEGER PRIMARY KEY,
    agent      TEXT NOT NULL,
    id         TEXT NOT NULL,
    tbl        TEXT NOT NULL,
    room       TEXT NOT NULL,
    world      TEXT NOT NULL,
    entity     TEXT NOT NULL,
    is_unique  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    message    TEXT,
    channel    TEXT,
    posted_at  INTEGER,
    content    TEXT,
    metadata   TEXT,
    embedding  BLOB,
    UNIQUE (agent, id)
) STRICT;
CREATE INDEX memories_by_table ON memories (agent, tbl, created_at);
CREATE INDEX memories_by_room ON memories (agent, room, tbl, created_at);
CREATE INDEX memories_by_entity ON memories (agent, entity, tbl, created_at);
CREATE INDEX memories_by_world ON memories (agent, world, tbl, created_at);
CREATE INDEX memories_by_message ON memories (message) WHERE message IS NOT NULL;
CREATE INDEX memories_by_channel ON memories (channel, posted_at) WHERE channel IS NOT NULL;
