package realtime

// Counts are numbers of the gateway beside those of its transport (Stats).
type Counts struct {
	// Rooms is the number of channels and entities with sockets in them.
	Rooms int
	// LogSubscribers is the number of sockets that watch the log.
	LogSubscribers int
	// Published counts the events of channels since the start, Delivered those of them that
	// went to a room, in order. An event of a channel without members goes to nobody.
	Published, Delivered uint64
	// HistoryQueries is how often the store was asked for what clients had missed.
	HistoryQueries uint64
	// Lapses is how often something of other replicas may have been missed; see Lapsed.
	Lapses uint64
}

// Counts counts.
func (g *Gateway) Counts() Counts {
	return Counts{Rooms: g.ns.Rooms(), LogSubscribers: g.logs.count(), Published: g.published.Load(), Delivered: g.delivered.Load(),
		HistoryQueries: g.recent.Queries(), Lapses: g.lapses.Load()}
}

// count is the number of subscribers.
func (l *logSubscribers) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.filters)
}
