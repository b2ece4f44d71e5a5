package load

import (
	"sync"
	"sync/atomic"

	"parley/cmd/parleyload/internal/histogram"
)

// counters are what all sockets of a run add to; safe for concurrent use.
type counters struct {
	sent       atomic.Int64 // written to a socket
	unsent     atomic.Int64 // not written: the socket was gone or its queue full
	acked      atomic.Int64
	deliveries atomic.Int64 // first receptions, echoes included
	echoes     atomic.Int64 // of them, the sender's own
	doubled    atomic.Int64
	disordered atomic.Int64
	foreign    atomic.Int64 // messages of somebody else
	others     atomic.Int64 // packets that are neither message nor acknowledgement
	refused    atomic.Int64 // sends that the server answered with an error
	bytes      atomic.Int64 // received
	broken     atomic.Int64 // connections that ended during the run

	delivery histogram.Histogram // due until received, at others than the sender
	crossed  histogram.Histogram // of them, from a member at another server
	echo     histogram.Histogram // due until the sender's own message came back
	ack      histogram.Histogram // due until acknowledged
	late     histogram.Histogram // due until handed to the socket: the driver's own part

	mu       sync.Mutex
	failures []string
}

// maxFailures is how many different texts of failures a report holds.
const maxFailures = 8

// fail keeps the text of a failure for the report, if it is new and there is room.
func (c *counters) fail(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) == maxFailures {
		return
	}
	for _, f := range c.failures {
		if f == text {
			return
		}
	}
	c.failures = append(c.failures, text)
}

// failureTexts returns the texts that were kept.
func (c *counters) failureTexts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.failures...)
}
