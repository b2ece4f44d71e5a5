package sio

import "testing"

// benchLink brings what is published back to its publisher, as Redis does.
type benchLink struct{ hubLink }

func (l *benchLink) Publish(channel string, payload []byte, _ func(error)) {
	l.receive(channel, payload)
}

// BenchmarkBroadcastWithLink is BenchmarkBroadcast at a server of a cluster, with what it
// takes to make the others' form and to know it again when it comes back. The round trip
// itself is measured by BenchmarkLink in storage/redis.
func BenchmarkBroadcastWithLink(b *testing.B) {
	benchmarkBroadcast(b, &benchLink{hubLink{hub: &hub{}, channels: map[string]bool{}}})
}
