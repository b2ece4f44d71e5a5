package sio

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

// chunkSize is how many connections a flush worker takes at once.
const chunkSize = 128

// maxCoalesced is how many bytes of queued frames are joined into one write.
const maxCoalesced = 64 << 10

// maxSpare is the largest queue slice that is passed on to another connection.
const maxSpare = 64

// flushPool writes the queues of WebSocket connections to the network. Whoever has
// queued something on an idle connection puts it on the pool's list; a few workers
// take from the list and write. While they are busy the list waits, and what is queued
// meanwhile on a connection that waits leaves in the same write: the busier the
// network, the fewer writes per packet, as with the group commit of a database. A
// connection with nothing to write has no part in it. Safe for concurrent use.
type flushPool struct {
	workers sync.WaitGroup

	mu    sync.Mutex
	awake *sync.Cond
	// ready[taken:] wait to be written. Each connection is on it at most once.
	ready []*conn
	taken int
	// batches is how many batches are open; then the list waits for one to end.
	batches int
	// due says that a batch has ended since the list was last taken from.
	due     bool
	stopped bool
}

// newFlushPool starts a worker for every two processors: a worker more would make
// more writes of the same packets, and take time from those who make them.
func newFlushPool() *flushPool {
	p := &flushPool{}
	p.awake = sync.NewCond(&p.mu)
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		p.workers.Go(p.run)
	}
	return p
}

// run writes until the pool is stopped.
func (p *flushPool) run() {
	f := new(flusher)
	var chunk [chunkSize]*conn
	for {
		n := p.take(chunk[:])
		if n == 0 {
			return
		}
		for i, c := range chunk[:n] {
			f.flush(c)
			chunk[i] = nil
		}
	}
}

// take waits for connections and moves some of them to chunk; none when the pool has
// stopped.
func (p *flushPool) take(chunk []*conn) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ready) == p.taken || p.batches > 0 && !p.due && !p.stopped {
		if p.stopped {
			return 0
		}
		p.awake.Wait()
	}
	n := copy(chunk, p.ready[p.taken:])
	clear(p.ready[p.taken : p.taken+n])
	if p.taken += n; p.taken == len(p.ready) {
		p.ready, p.taken, p.due = p.ready[:0], 0, false
	}
	return n
}

// put adds connections whose flush this caller has to see to.
func (p *flushPool) put(conns ...*conn) {
	if len(conns) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken > len(p.ready)/2 { // reuse the room of those taken instead of growing
		p.ready = append(p.ready[:0], p.ready[p.taken:]...)
		p.taken = 0
	}
	p.ready = append(p.ready, conns...)
	if p.batches == 0 {
		p.wake(len(conns))
	}
}

// wake wakes as many workers as n connections are worth. The caller holds the lock.
func (p *flushPool) wake(n int) {
	if n > chunkSize/2 {
		p.awake.Broadcast()
		return
	}
	p.awake.Signal()
}

// open begins a batch: until one ends, nothing new is taken, so that what belongs
// together leaves in one write per connection.
func (p *flushPool) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches++
}

// close ends a batch and lets go what waits, also for other batches still open: none
// waits longer than it takes itself.
func (p *flushPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches--
	if n := len(p.ready) - p.taken; n > 0 {
		p.due = true
		p.wake(n)
	}
}

// stop ends the workers when the list is empty. Nothing may be put on it any more.
func (p *flushPool) stop() {
	p.mu.Lock()
	p.stopped = true
	p.awake.Broadcast()
	p.mu.Unlock()
	p.workers.Wait()
}

// flusher is the working memory of one flush at a time.
type flusher struct {
	raw   rawWriter
	join  []byte
	spare []frame
}

// flush writes what is queued on c without blocking. What the network does not take
// at once is left to a goroutine of the connection.
func (f *flusher) flush(c *conn) {
	bytes, packets := 0, 0
	for {
		batch, l := c.takeBatch(bytes, packets, f.spare)
		f.spare = nil
		if batch == nil {
			return
		}
		if l.raw == nil {
			c.spawnWriter(l, nil, 0, batch)
			return
		}
		bytes, packets = 0, 0
		for rest := batch; len(rest) > 0; {
			data, n := f.coalesce(rest)
			written, err := f.raw.write(l.raw, data)
			rest = rest[n:]
			if err != nil {
				c.writeFailed(err)
				return
			}
			if written < len(data) {
				c.account(bytes+written, packets)
				c.spawnWriter(l, append([]byte(nil), data[written:]...), n, rest)
				return
			}
			bytes += len(data)
			packets += n
		}
		f.keep(batch)
	}
}

// coalesce joins the first frames into one piece and returns how many they are.
func (f *flusher) coalesce(frames []frame) ([]byte, int) {
	if len(frames) == 1 || len(frames[0].wire) >= maxCoalesced {
		return frames[0].wire, 1
	}
	f.join = f.join[:0]
	n := 0
	for n < len(frames) && len(f.join)+len(frames[n].wire) <= maxCoalesced {
		f.join = append(f.join, frames[n].wire...)
		n++
	}
	return f.join, n
}

// keep saves a written batch's slice for the next connection.
func (f *flusher) keep(batch []frame) {
	if cap(batch) <= maxSpare {
		clear(batch)
		f.spare = batch[:0]
	}
}

// takeBatch notes what the last batch wrote and returns the queue, for which it
// leaves spare. Nil means that nothing is left to do: the caller is the flusher no more.
func (c *conn) takeBatch(bytes, packets int, spare []frame) ([]frame, *link) {
	c.mu.Lock()
	if c.state == stateClosed || c.link == nil {
		c.flushing = false
		c.mu.Unlock()
		return nil, nil
	}
	c.waiting -= bytes
	c.packets -= packets
	if len(c.queue) == 0 {
		c.flushing = false
		end := ending{}
		if c.state == stateClosing {
			end = c.endLocked("")
		}
		c.mu.Unlock()
		end.gentle()
		return nil, nil
	}
	batch := c.queue
	c.queue = spare
	l := c.link
	c.mu.Unlock()
	return batch, l
}

// spawnWriter writes on with a goroutine that may block: first the rest of some
// frames, then more frames, then what is queued until nothing is left.
func (c *conn) spawnWriter(l *link, rest []byte, packets int, frames []frame) {
	c.engine.running.add()
	go func() {
		defer c.engine.running.done()
		c.writeBlocking(l, rest, packets, frames)
	}()
}

// writeBlocking is the body of spawnWriter's goroutine.
func (c *conn) writeBlocking(l *link, rest []byte, packets int, frames []frame) {
	f := new(flusher)
	for {
		if len(rest) > 0 {
			_ = l.net.SetWriteDeadline(time.Now().Add(c.engine.opts.PingInterval + c.engine.opts.PingTimeout))
			if _, err := l.net.Write(rest); err != nil {
				c.writeFailed(err)
				return
			}
			c.account(len(rest), packets)
		}
		if len(frames) == 0 {
			_ = l.net.SetWriteDeadline(time.Time{})
			if frames, l = c.takeBatch(0, 0, nil); frames == nil {
				return
			}
		}
		rest, packets = f.coalesce(frames)
		frames = frames[packets:]
	}
}

// account notes bytes and packets that were written.
func (c *conn) account(bytes, packets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateClosed {
		c.waiting -= bytes
		c.packets -= packets
	}
}

// writeFailed ends a connection whose network does not take bytes any more.
func (c *conn) writeFailed(error) {
	c.mu.Lock()
	c.flushing = false
	c.mu.Unlock()
	c.abort(reasonTransportClose)
}

// rawWriter writes once, without waiting for the network to be ready.
type rawWriter struct {
	data    []byte
	n       int
	err     error
	attempt func(fd uintptr) bool
}

// write returns how many bytes of data the kernel took at once.
func (w *rawWriter) write(raw syscall.RawConn, data []byte) (int, error) {
	if w.attempt == nil {
		w.attempt = w.once
	}
	w.data, w.n, w.err = data, 0, nil
	err := raw.Write(w.attempt)
	w.data = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}
