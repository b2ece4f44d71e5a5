package sqlite_test

import (
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage/sqlite"
)

func TestADatabaseOfTheFirstSchemaIsTakenOver(t *testing.T) {
	const channel, live, tomb = "0198f0a0-0000-7000-8000-0000000000c1", "0198f0a0-0000-7000-8000-0000000000a1", "0198f0a0-0000-7000-8000-0000000000a2"
	dir := t.TempDir()
	err := sqlite.OldDatabase(t.Context(), dir, `
		INSERT INTO channels (number, id, server, name, type, source_type, source_id, topic, created_at, updated_at)
			VALUES (7, '`+channel+`', '', 'old', 'GROUP', '', '', '', 1000, 1000);
		INSERT INTO messages (place, revised, channel, id, dedupe, created_at, updated_at, deleted, server, author,
			author_name, in_reply_to, source_type, source_id, content) VALUES
			(7 << 32 | 1, 7 << 32 | 1, 7, '`+live+`', 'i:1', 1000, 1000, 0, '', '', '', '', '', '', 'kept'),
			(7 << 32 | 2, 7 << 32 | 3, 7, '`+tomb+`', 'i:2', 1001, 1002, 1, '', '', '', '', '', '', '');`)
	if err != nil {
		t.Fatal(err)
	}
	set := openIn(t, dir)
	defer closeSet(t, set)
	page, err := set.Messaging.Page(t.Context(), messaging.PageQuery{Channel: channel, Limit: 10})
	if err != nil || len(page) != 1 || page[0].Content != "kept" || page[0].Kind != messaging.KindPost || page[0].Upto != 0 {
		t.Fatalf("page: %+v, %v", page, err)
	}
	found, err := set.Messaging.Search(t.Context(), messaging.SearchQuery{Words: []string{"kept"}, Channel: channel, Limit: 10})
	if err != nil || found.Total != 1 {
		t.Fatalf("search: %+v, %v", found, err)
	}
	if m, err := set.Messaging.Lookup(t.Context(), tomb); err != nil || !m.Deleted {
		t.Fatalf("tombstone: %+v, %v", m, err)
	}
	entry, changed, err := set.Messaging.Clear(t.Context(), text(channel, ""))
	if err != nil || !changed || entry.Seq != 4 || entry.Upto != 3 {
		t.Fatalf("clear: %+v, %v, %v", entry, changed, err)
	}
	if next := newChannel(t, set); next == domain.ChannelID(channel) {
		t.Fatal("the old channel was made again")
	}
}
