package load

// channel is a room of the run. The schedule's goroutine alone counts sends; the
// members are fixed before it starts.
type channel struct {
	id      string
	members []*socket
	sent    uint32 // numbers given out
	unsent  uint32 // of them, never written; set when all writers have ended
}

// orders returns how many different orders the members saw, or zero if it cannot be
// told because something is missing somewhere.
func (c *channel) orders() int {
	seen := map[uint64]bool{}
	for _, s := range c.members {
		if s.received != c.sent-c.unsent {
			return 0
		}
		seen[s.order] = true
	}
	return len(seen)
}
