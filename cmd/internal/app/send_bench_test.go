package app_test

import (
	"io"
	"testing"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain"
	"parley/domain/op"
)

// BenchmarkSend is what a message costs from the decoded event to the answer: the operation,
// the store, and the announcement to a channel in which nobody is.
func BenchmarkSend(b *testing.B) {
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.LogLevel, cfg.Seed = 0, b.TempDir(), b.TempDir(), "error", false
	a, err := app.New(b.Context(), cfg, app.Options{Version: "test", Log: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	send, actor := a.Registry().Lookup("messages:send"), domain.Actor{Role: domain.Admin, Socket: "a-socket", Entity: owner}
	in := op.Input{Body: []byte(`{"channelId":"` + foreign + `","serverId":"` + string(domain.DefaultServer) + `","senderId":"` + owner +
		`","message":"Good morning, how is everybody doing?","source":"client_group_chat","metadata":{"channelType":"GROUP"}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, failure := send.Call(b.Context(), actor, in); failure != nil {
			b.Fatal(failure)
		}
	}
}
