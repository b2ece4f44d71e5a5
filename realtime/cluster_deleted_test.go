package realtime_test

import (
	"testing"

	"parley/storage/redis/redistest"
)

func TestALateDeletionLeavesWhoIsInTheChannelMadeAnew(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two")
	doors[0].say(channelID, "old")
	before := doors[1].enter("", channelID)
	doors[0].call("channels:delete", fields{"channelId": channelID})
	for _, text := range []string{"new", "newer"} { // it has come further than the old one
		doors[0].say(channelID, text)
	}
	if e := next(t, before, "channelDeleted"); e["channelId"] != channelID {
		t.Fatal(e)
	}
	doors[1].eventually("the room is empty", func() bool { return doors[1].in(channelID) == 0 })
	after, other := doors[1].enter("", channelID), doors[1].enter("", otherChannel)
	doors[0].say(otherChannel, "hello")
	same(t, texts(t, other, 1), "hello")
	doors[0].gateway.ChannelDeleted(channelID) // the note once more
	doors[0].call("channels:delete", fields{"channelId": otherChannel})
	next(t, other, "channelDeleted")
	doors[0].say(channelID, "newest")
	e, err := after.Next("", patience)
	for ; err == nil && e.Name != "messageBroadcast"; e, err = after.Next("", patience) {
		if e.Name == "channelDeleted" {
			t.Fatal("it was thrown out")
		}
	}
	if err != nil || first(t, e)["text"] != "newest" {
		t.Fatal(e, err)
	}
}
