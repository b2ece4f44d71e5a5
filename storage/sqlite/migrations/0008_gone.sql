-- What a deletion or an edit must still reach elsewhere, and of which messages logs tell.

-- untold is 1 while what hangs on a message elsewhere may not have heard of its last change.
ALTER TABLE messages ADD COLUMN untold INTEGER;
CREATE INDEX messages_untold ON messages (place) WHERE untold = 1;

-- message, channel and posted_at tell the message that an entry is about, '' and 0 if none.
ALTER TABLE agent_logs ADD COLUMN message TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_logs ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_logs ADD COLUMN posted_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX agent_logs_by_channel ON agent_logs (channel, id) WHERE channel <> '';
