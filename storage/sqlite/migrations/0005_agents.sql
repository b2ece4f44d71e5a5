-- Logs of agents, and agents on their way out.

ALTER TABLE agents ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0;

-- A deleted agent takes its turns with it.
CREATE INDEX turns_by_agent ON turns (agent);

-- ids are in the order of the log.
CREATE TABLE agent_logs (
    id         TEXT NOT NULL,
    agent      TEXT NOT NULL,
    entity     TEXT NOT NULL,
    author     TEXT NOT NULL,
    room       TEXT NOT NULL,
    type       TEXT NOT NULL,
    model      TEXT NOT NULL,
    failed     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body       TEXT NOT NULL,
    UNIQUE (agent, id)
) STRICT;
