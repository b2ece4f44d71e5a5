package app_test

import "testing"

// TestDeletingAChannelThatNeverWasTakesWhatHangsOnItsID uploads to a channel and joins it
// before anybody has posted there: no row of a channel tells of what that left.
func TestDeletingAChannelThatNeverWasTakesWhatHangsOnItsID(t *testing.T) {
	const unmade = "aaaaaaaa-2222-4111-8111-111111111111"
	e := newEstate(t)
	e.agent("Anna")
	e.upload("/api/messaging/channels/" + unmade + "/upload-media")
	e.listens("channels:join", object{"channelId": unmade, "entityId": person, "name": "Pat"})
	e.eventually("a room of an agent", func() bool {
		found, err := e.db.Find(unmade)
		return err == nil && found["rooms.channel"] > 0
	})
	if len(e.stored()) == 0 {
		t.Fatal("the upload was not stored")
	}
	e.do("DELETE", "/api/messaging/central-channels/"+unmade, nil)
	e.gone("channel", []string{unmade})
	if left := e.stored(); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}
