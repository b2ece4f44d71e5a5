package realtime

import (
	"encoding/json"
	"testing"

	"parley/domain"
)

// FuzzMessage checks that no payload of the reference's events panics on its way to an
// operation, and that what an error tells of it has the right form.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{`{"type":1,"payload":{"channelId":"x"}}`, `{"type":2,"payload":null}`, `{"type":"2","payload":[]}`, `{"text":"a","roomId":7,"userId":{},"name":1}`,
		`{"channelId":"11111111-1111-4111-8111-111111111111","messageId":"m"}`, `{"type":1e99,"payload":1}`, `[]`, `null`, `7`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		h, body := unwrap(message)
		if h.run == nil || h.refuse == nil {
			t.Fatalf("%s has no handler", message)
		}
		if json.Valid(message) && len(body) > 0 && !json.Valid(body) {
			t.Fatalf("%s becomes %s", message, body)
		}
		for _, payload := range [][]byte{message, body} {
			told := newMessageError(payload, domain.Errorf(domain.Invalid, "x"))
			if told.ChannelID != "" && !domain.IsUUID(string(told.ChannelID)) || len(told.ClientMessageID) > 256 {
				t.Fatalf("%s is told as %+v", payload, told)
			}
		}
	})
}
