package realtime_test

import (
	"testing"

	"parley/realtime"
)

func TestGatewayCountsItsRoomsWatchersAndEvents(t *testing.T) {
	d := openDoor(t, nil)
	if got := d.gateway.Counts(); got != (realtime.Counts{}) {
		t.Errorf("at first: %+v", got)
	}
	c := d.joined()
	ask(t, c, "subscribe_logs")
	ask(t, c, "messages:send", send(nil))
	told(t, c, "messageBroadcast", 1)
	if got := d.gateway.Counts(); got.Rooms < 1 || got.LogSubscribers != 1 || got.Published != 1 || got.Delivered != 1 {
		t.Errorf("with a member: %+v", got)
	}
	ask(t, c, "unsubscribe_logs")
	if got := d.gateway.Counts(); got.LogSubscribers != 0 {
		t.Errorf("without a watcher: %+v", got)
	}
}
