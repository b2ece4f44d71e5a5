package badinput_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/op"
)

// FuzzOperations calls every operation with whatever comes, as an administrator, and wants
// neither a fault of the server's nor anything of its inside.
func FuzzOperations(f *testing.F) {
	s := serve(f)
	ops := s.Registry().Ops()
	for i, o := range ops {
		example, err := json.Marshal(o.Example)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(i), example, "")
		f.Add(uint16(i), []byte(`{"channelId":7}`), "limit=5&q=a")
	}
	f.Fuzz(func(t *testing.T, number uint16, body []byte, rawQuery string) {
		o := ops[int(number)%len(ops)]
		if skipped[o.Name] != "" || o.SocketOnly {
			return
		}
		query, err := url.ParseQuery(rawQuery)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		res, failure := o.Call(ctx, domain.Actor{Role: domain.Admin, Entity: stranger, Keyed: true, Local: true}, op.Input{Body: body, Query: query, REST: true})
		if failure == nil {
			if _, err := json.Marshal(op.NewReply(res, nil)); err != nil {
				t.Fatalf("%s: the result cannot be encoded: %v", o.Name, err)
			}
			return
		}
		if status := failure.Code.Info().HTTP; status >= 500 && failure.Code != domain.Unavailable && failure.Code != domain.Unsupported && failure.WireCode() != "CREATE_ERROR" {
			t.Fatalf("%s: %v", o.Name, failure)
		}
		if found := inside.FindString(failure.Message + failure.Details); found != "" {
			t.Fatalf("%s tells %q: %s %s", o.Name, found, failure.Message, failure.Details)
		}
	})
}
