package load

import (
	"context"
	"sync"
	"time"
)

// Crowd is a number of connections, each in its channel, that only listen. Disperse ends
// it.
type Crowd struct {
	run     *run
	readers sync.WaitGroup
}

// Gather connects a crowd as the options say; what they say of sends means nothing here.
// Errors: bad options, or a connection that could not be made.
func Gather(ctx context.Context, o Options) (*Crowd, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	r, err := newRun(&o)
	if err != nil {
		return nil, err
	}
	if err := r.connect(ctx); err != nil {
		return nil, err
	}
	c := &Crowd{run: r}
	for _, s := range r.sockets {
		c.readers.Go(s.read)
	}
	return c, nil
}

// Size is how many connections were made.
func (c *Crowd) Size() int { return len(c.run.sockets) }

// Took is how long it took to make them.
func (c *Crowd) Took() time.Duration { return c.run.connectTime }

// Failures are the connections that could not be made or broke, and examples of why.
func (c *Crowd) Failures() (n int, examples []string) {
	return c.run.connectFailures + int(c.run.counters.broken.Load()), c.run.counters.failureTexts()
}

// Disperse ends all connections and returns once nothing is left of them here.
func (c *Crowd) Disperse() {
	for _, s := range c.run.sockets {
		s.close()
	}
	c.readers.Wait()
	c.run.http.CloseIdleConnections()
}
