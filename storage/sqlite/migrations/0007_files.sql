-- Uploaded files.

-- owner is kind/id. state is arriving, stored or leaving; pinned says that more messages
-- have referred to the file than file_refs holds.
CREATE TABLE files (
    id            TEXT PRIMARY KEY,
    owner         TEXT NOT NULL,
    filename      TEXT NOT NULL,
    original_name TEXT NOT NULL,
    mime          TEXT NOT NULL,
    class         TEXT NOT NULL,
    size          INTEGER NOT NULL,
    sha256        TEXT NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    uploader      TEXT NOT NULL,
    metadata      TEXT,
    created_at    INTEGER NOT NULL,
    state         TEXT NOT NULL,
    pinned        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, filename)
) STRICT;
CREATE INDEX files_stored ON files (id) WHERE state = 'stored';
CREATE INDEX files_of_owner ON files (owner, id) WHERE state = 'stored';
CREATE INDEX files_of_class ON files (class, id) WHERE state = 'stored';
CREATE INDEX files_of_owner_and_class ON files (owner, class, id) WHERE state = 'stored';
CREATE INDEX files_unfinished ON files (id) WHERE state <> 'stored';

-- The messages that refer to a file.
CREATE TABLE file_refs (
    file    TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    message TEXT NOT NULL,
    channel TEXT NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (file, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_refs_by_message ON file_refs (message, file);
CREATE INDEX file_refs_by_channel ON file_refs (channel, file);
