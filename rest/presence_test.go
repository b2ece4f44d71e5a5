package rest_test

import (
	"testing"
	"time"

	"parley/domain/op"
	"parley/domain/presence"
	"parley/rest"
)

// hall returns a registry with presence's operations on a channel with one person.
func hall(*testing.T) *op.Registry {
	tracker := presence.NewLocal(func() time.Time { return now })
	tracker.Enter("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "Zed", "socket")
	r := op.NewRegistry(op.Options{})
	presence.Ops(r, tracker)
	return r
}

func TestPresenceThroughREST(t *testing.T) {
	server := serve(t, rest.Options{Registry: hall(t)})
	const channels = "/api/messaging/central-channels/"
	for _, e := range []exchange{
		{name: "somebody", method: "GET", path: channels + "11111111-1111-4111-8111-111111111111/presence", status: 200,
			want: `{"success":true,"data":{"channelId":"11111111-1111-4111-8111-111111111111","entities":[{"entityId":
				"22222222-2222-4222-8222-222222222222","name":"Zed","sockets":1,"since":1795521600000}],"total":1,"missing":[]}}`},
		{name: "nobody", method: "GET", path: channels + "33333333-1111-4111-8111-111111111111/presence", status: 200,
			want: `{"success":true,"data":{"channelId":"33333333-1111-4111-8111-111111111111","entities":[],"total":0,"missing":[]}}`},
		{name: "bad channel", method: "GET", path: channels + "hall/presence", status: 400,
			want: `{"success":false,"error":{"code":"INVALID_ID","message":"channelId must be a UUID",
				"issues":[{"path":"channelId","message":"must be a UUID"}]}}`},
	} {
		e.run(t, server)
	}
}
