package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// run is one run of the driver.
type run struct {
	options  *Options
	id       uint32
	epoch    time.Time
	channels []*channel
	sockets  []*socket // those that connected
	counters counters
	dialer   *dialer
	http     *http.Client // of polling connections

	connectFailures int
	connectTime     time.Duration
}

// Run drives the server as the options say, writes a line a second to progress, and
// reports. A cancelled context ends the sending early and is no error: the report then
// says Interrupted. Errors: bad options, or no socket could connect.
func Run(ctx context.Context, o Options, progress io.Writer) (*Report, error) {
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
	var readers, writers sync.WaitGroup
	for _, s := range r.sockets {
		readers.Go(s.read)
		writers.Go(s.write)
	}
	w := newWatch(r, progress)
	watching := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { w.follow(watching) })

	interrupted := r.send(ctx, w)
	drained := r.drain(ctx)
	close(watching)
	watcher.Wait()
	for _, s := range r.sockets {
		s.close()
	}
	readers.Wait()
	writers.Wait()
	report := r.report(w)
	report.Interrupted, report.DrainSeconds = interrupted, drained.Seconds()
	return report, nil
}

// newRun lays out the channels.
func newRun(o *Options) (*run, error) {
	id := o.Identity
	if id == 0 {
		id = rand.Uint32()
	}
	server, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("parse the server's address: %w", err)
	}
	r := &run{options: o, id: id, epoch: time.Now(), dialer: newDialer(server)}
	r.http = r.dialer.client(o.Sockets)
	for i := range o.Channels {
		r.channels = append(r.channels, &channel{id: channelID(r.id, i)})
	}
	return r, nil
}

// now is the time since the start of the run.
func (r *run) now() time.Duration { return time.Since(r.epoch) }

// channelOf is the channel that a socket belongs to.
func (r *run) channelOf(socket int) *channel { return r.channels[socket%len(r.channels)] }

// rank is a socket's place among those of its channel.
func (r *run) rank(socket int) int { return socket / len(r.channels) }

// connect opens all sockets. Those that fail are counted and left out.
func (r *run) connect(ctx context.Context) error {
	o := r.options
	if err := allowFiles(o.files()); err != nil {
		return err
	}
	all := make([]*socket, o.Sockets)
	failed := make([]error, o.Sockets)
	begun := time.Now()
	var group errgroup.Group
	for i := range all {
		s := &socket{run: r, index: i, channel: r.channelOf(i), out: make(chan marker, outbox)}
		s.last = make([]uint32, r.rank(o.Sockets-1)+1)
		all[i] = s
		if o.ConnectRate > 0 {
			pause(ctx, time.Until(begun.Add(time.Duration(float64(i)/o.ConnectRate*float64(time.Second)))))
		}
		group.Go(func() error {
			failed[i] = s.open(ctx, o)
			return nil
		})
	}
	_ = group.Wait() // failures are in failed
	r.connectTime = time.Since(begun)
	return r.admit(ctx, all, failed)
}

// admit keeps the sockets that connected.
func (r *run) admit(ctx context.Context, all []*socket, failed []error) error {
	for i, s := range all {
		if failed[i] != nil {
			r.connectFailures++
			r.counters.fail(failed[i].Error())
			continue
		}
		r.sockets = append(r.sockets, s)
		s.channel.members = append(s.channel.members, s)
	}
	if len(r.sockets) == 0 || ctx.Err() != nil {
		for _, s := range r.sockets {
			s.close()
		}
		return fmt.Errorf("no run: %d of %d sockets could not connect: %w",
			r.connectFailures, len(all), errors.Join(append(failed[:min(len(failed), 1)], ctx.Err())...))
	}
	return nil
}

// send follows the schedule: warm-up, then the measured time. It reports whether the
// context ended it early. All outboxes are closed on return.
func (r *run) send(ctx context.Context, w *watch) (interrupted bool) {
	o := r.options
	defer func() {
		for _, s := range r.sockets {
			close(s.out)
		}
	}()
	start := r.now()
	if o.Warmup == 0 {
		w.begin()
	}
	warm := int(o.Rate * o.Warmup.Seconds())
	total := warm + int(o.Rate*o.Duration.Seconds())
	for i := range total {
		due := start + time.Duration(float64(i)/o.Rate*float64(time.Second))
		if i == warm && i > 0 {
			pause(ctx, due-r.now())
			w.begin()
		}
		pause(ctx, due-r.now())
		if ctx.Err() != nil {
			w.finish()
			return true
		}
		r.dispatch(r.sockets[i%len(r.sockets)], due)
	}
	pause(ctx, start+o.Warmup+o.Duration-r.now())
	w.finish()
	return false
}

// dispatch hands a message to its socket, without ever waiting for it.
func (r *run) dispatch(s *socket, due time.Duration) {
	m := marker{run: r.id, sender: uint16(s.index), counter: s.counter, number: s.channel.sent, due: due}
	select {
	case s.out <- m:
		s.counter++
		s.channel.sent++
	default: // the socket has not taken 256 messages: the server does not read
		r.counters.unsent.Add(1)
		r.counters.fail("send: the server does not read; a socket's outbox is full")
	}
}

// drain waits for what is under way and returns how long it took: until everything is
// here, nothing has arrived for the drain time, or ten times that has passed.
func (r *run) drain(ctx context.Context) time.Duration {
	begun := time.Now()
	quiet, before := begun, int64(-1)
	for ctx.Err() == nil && !r.complete() {
		arrived := r.counters.deliveries.Load() + r.counters.acked.Load()
		if arrived != before {
			quiet, before = time.Now(), arrived
		}
		if time.Since(quiet) > r.options.Drain || time.Since(begun) > 10*r.options.Drain {
			break
		}
		pause(ctx, 20*time.Millisecond)
	}
	// What would be one too many comes right behind the last expected one.
	pause(ctx, min(200*time.Millisecond, r.options.Drain))
	return time.Since(begun)
}

// hearers is how many hear of a message to a channel; of typing, the sender does not.
func (r *run) hearers(ch *channel) int64 {
	n := int64(len(ch.members))
	if r.options.Protocol == ProtocolTyping && n > 0 {
		n--
	}
	return n
}

// complete reports whether everything that was sent has arrived and is acknowledged.
func (r *run) complete() bool {
	c := &r.counters
	var due int64
	for _, ch := range r.channels {
		due += int64(ch.sent) * r.hearers(ch)
	}
	acked := c.acked.Load()
	if acked == 0 {
		acked = c.echoes.Load()
	}
	scheduled := int64(0)
	for _, s := range r.sockets {
		scheduled += int64(s.counter)
	}
	return c.deliveries.Load() >= due && acked >= scheduled
}
