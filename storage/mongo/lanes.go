package mongo

import (
	"context"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"

	"parley/domain"
	"parley/domain/messaging"
)

// The bounds of one insert: of the documents in it, and of their texts.
const (
	batchDocs  = 100
	batchBytes = 4 << 20
)

// headsKept is how many channels' heads are remembered at least, twice as many at most.
const headsKept = 20_000

// head is the end of a channel's log as this process knows it: it may be behind, which the
// unique indexes tell, but it is never ahead.
type head struct {
	// key is the channel's, 0 if nothing is known.
	key int64
	// last is the number of the last event, created the time of the last message.
	last    int64
	created bson.DateTime
}

// job is one change of a channel's log: a message to append, or anything else.
type job struct {
	doc     messageDoc
	message messaging.Message
	size    int
	// unsure says that an insert of it may have been carried out unheard.
	unsure bool
	done   func(messaging.Appended, error)

	// run is nil in a message to append; it hears the outcome by itself.
	run   func(context.Context, *head)
	state atomic.Int32
}

// The states of a job that runs by itself.
const (
	waiting int32 = iota
	taken
	dropped
)

// lanes are the queues of the channels. Each has one goroutine while it holds jobs, so
// that one change of a channel is under way at a time, in the order of the calls.
type lanes struct {
	// slots bounds the jobs of all lanes.
	slots chan struct{}

	mu              sync.Mutex
	queues          map[domain.ChannelID][]*job
	recent, earlier map[domain.ChannelID]head
}

// init prepares for so many jobs at once.
func (l *lanes) init(queue int) {
	l.slots = make(chan struct{}, queue)
	l.queues, l.recent = map[domain.ChannelID][]*job{}, map[domain.ChannelID]head{}
}

// waiting is how many jobs there are, and how many there can be.
func (l *lanes) waiting() (jobs, limit int) { return len(l.slots), cap(l.slots) }

// submit puts a job into the lane of its channel, and waits while there are too many.
func (s *Store) submit(ctx context.Context, channel domain.ChannelID, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	leave, err := s.enter()
	if err != nil {
		return err
	}
	l := &s.lanes
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		leave()
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	queue, running := l.queues[channel]
	l.queues[channel] = append(queue, j)
	if !running {
		go s.work(context.WithoutCancel(ctx), channel)
	}
	return nil
}

// finish gives back what a job has taken.
func (s *Store) finish(jobs int) {
	for range jobs {
		<-s.lanes.slots
		s.calls.Done()
	}
}

// work does the jobs of a channel until there are none.
func (s *Store) work(ctx context.Context, channel domain.ChannelID) {
	h := s.lanes.head(channel)
	for {
		batch := s.lanes.next(channel, h)
		switch {
		case len(batch) == 0:
			return
		case batch[0].run == nil:
			s.appendBatch(ctx, channel, &h, batch)
		case batch[0].state.CompareAndSwap(waiting, taken):
			batch[0].run(ctx, &h)
		}
		s.finish(len(batch))
	}
}

// next takes the jobs that can be done at once: one that runs by itself, or messages. If
// there are none, the lane is closed and its head kept.
func (l *lanes) next(channel domain.ChannelID, h head) []*job {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.queues[channel]
	if len(queue) == 0 {
		delete(l.queues, channel)
		l.keep(channel, h)
		return nil
	}
	n, size := 1, queue[0].size
	for queue[0].run == nil && n < min(len(queue), batchDocs) && queue[n].run == nil && size+queue[n].size <= batchBytes {
		size += queue[n].size
		n++
	}
	batch := queue[:n:n]
	l.queues[channel] = queue[n:]
	return batch
}

// head is what is remembered of a channel.
func (l *lanes) head(channel domain.ChannelID) head {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h, ok := l.recent[channel]; ok {
		return h
	}
	return l.earlier[channel]
}

// keep remembers a head.
func (l *lanes) keep(channel domain.ChannelID, h head) {
	if h.key == 0 {
		delete(l.recent, channel)
		delete(l.earlier, channel)
		return
	}
	if len(l.recent) >= headsKept {
		l.earlier, l.recent = l.recent, make(map[domain.ChannelID]head, headsKept)
	}
	l.recent[channel] = h
}

// inLane runs change as a job of a channel and waits for it. When ctx ends before the job
// has begun, nothing is changed.
func (s *Store) inLane(ctx context.Context, channel domain.ChannelID, change func(context.Context, *head) error) error {
	result := make(chan error, 1)
	j := &job{}
	j.run = func(ctx context.Context, h *head) {
		limited, cancel := context.WithTimeout(ctx, operationTime)
		defer cancel()
		result <- translate(ctx, change(limited, h), changeNotStored)
	}
	if err := s.submit(ctx, channel, j); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, dropped) {
			return ctx.Err()
		}
		return <-result
	}
}
