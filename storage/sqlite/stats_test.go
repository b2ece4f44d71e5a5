package sqlite_test

import "testing"

func TestStatsTellSizeAndConnections(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	before := set.Stats()
	if before.SizeBytes <= 0 || before.OpenConnections < 1 {
		t.Errorf("at first: %+v", before)
	}
	if err := set.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	channel := newChannel(t, set)
	for range 20 {
		if _, err := send(t.Context(), set, text(channel, "hello")); err != nil {
			t.Fatal(err)
		}
	}
	if after := set.Stats(); after.SizeBytes <= before.SizeBytes || after.OpenConnections < 2 || after.OpenConnections > 5 {
		t.Errorf("after writing: %+v, before: %+v", after, before)
	}
}
