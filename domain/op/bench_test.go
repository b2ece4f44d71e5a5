package op_test

import (
	"testing"

	"parley/domain/op"
)

// BenchmarkDecode is what every message from a socket goes through first.
func BenchmarkDecode(b *testing.B) {
	o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add"), echo)
	in := op.Input{Body: []byte(`{"channelId":"` + channel + `","roomId":"` + channel + `","authorId":"` + other +
		`","message":"Good morning, how is everybody doing? \ud83d\ude00","messageId":"temp-1795453373498-x7",` +
		`"source":"client_group_chat","attachments":[],"metadata":{"channelType":"GROUP","isDm":false}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Call(b.Context(), admin, in); err != nil {
			b.Fatal(err)
		}
	}
}
