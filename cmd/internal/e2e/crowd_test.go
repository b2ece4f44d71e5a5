package e2e_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/cmd/internal/client"
	"parley/cmd/internal/netfault"
)

// plan says of whom a crowd consists.
type plan struct {
	// groups are channels of people alone, direct are talks of one person with the first
	// agent, which answers each message once; so many members listen in each.
	groups, direct, listeners int
	// transports are given to the members in turn; none is both.
	transports []string
	// pause is how long a sender waits after each acknowledgement.
	pause time.Duration
	// repeats says that a replica dies silently, so that events may come again.
	repeats bool
	// via is a network on the way to the server; nil: there is none.
	via *netfault.Link
}

// crowd are many clients of one Parley. One member of each channel sends, under ids of its
// own and until it is acknowledged, and all keep what they hear; verify compares.
type crowd struct {
	t       *testing.T
	cluster *cluster
	url     string // where the members come in
	plan    plan
	http    *http.Client
	statuses
	members  []*member
	senders  []*member
	arrivals atomic.Int64

	begun  time.Time
	quiet  context.CancelFunc // ends the sending
	leave  context.CancelFunc // ends the members
	talks  sync.WaitGroup
	lives  sync.WaitGroup
	direct map[string]bool // channels in which the agent answers

	mu     sync.Mutex
	acks   map[string]map[string]acked // by channel and client message id
	codes  map[string]int              // refusals
	errs   map[string]int              // why connections and joins failed
	faults []string
	losses map[int]int // connections lost, by the second
}

// statuses counts the answers of polling by their status.
type statuses struct {
	next http.RoundTripper
	seen [600]atomic.Int64
}

// RoundTrip is part of http.RoundTripper.
func (s *statuses) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(r)
	if err == nil && res.StatusCode < len(s.seen) {
		s.seen[res.StatusCode].Add(1)
	}
	return res, err
}

// gather connects a crowd and returns when all have joined. It ends with the test.
func gather(t *testing.T, c *cluster, p plan) *crowd {
	t.Helper()
	if len(p.transports) == 0 {
		p.transports = []string{client.WebSocket, client.Polling}
	}
	w := &crowd{t: t, cluster: c, url: c.url, plan: p, begun: time.Now(), direct: map[string]bool{}, acks: map[string]map[string]acked{},
		codes: map[string]int{}, errs: map[string]int{}, losses: map[int]int{}}
	if p.via != nil {
		w.url = "http://" + p.via.Addr()
	}
	total := (p.groups + p.direct) * max(p.listeners, 1)
	w.statuses.next = &http.Transport{MaxIdleConns: 2 * total, MaxIdleConnsPerHost: 2 * total, IdleConnTimeout: time.Minute}
	w.http = &http.Client{Transport: &w.statuses}
	for range p.groups {
		w.people(uuid.NewString(), uuid.NewString())
	}
	for _, k := range newTalkers(t, c, p.direct) {
		w.direct[k.channel] = true
		w.people(k.channel, k.user)
	}
	ctx, leave := context.WithCancel(context.WithoutCancel(t.Context()))
	w.leave = leave
	t.Cleanup(w.disperse)
	for _, m := range w.members {
		w.lives.Go(func() { m.live(ctx) })
	}
	eventually(t, "all are there", func() error {
		if n := w.arrivals.Load(); n < int64(len(w.members)) {
			return fmt.Errorf("%d of %d have joined; %s", n, len(w.members), w.troubles())
		}
		return nil
	})
	return w
}

// people makes the members of a channel; the first one sends, as the given person.
func (w *crowd) people(channel, sender string) {
	w.acks[channel] = map[string]acked{}
	for i := range max(w.plan.listeners, 1) {
		m := newMember(w, channel, w.plan.transports[len(w.members)%len(w.plan.transports)])
		if i == 0 {
			m.entity = sender
			w.senders = append(w.senders, m)
		}
		w.members = append(w.members, m)
	}
}

// talk lets the senders send until hush.
func (w *crowd) talk() {
	ctx, quiet := context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.quiet = quiet
	for _, m := range w.senders {
		w.talks.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				m.send(ctx, uuid.NewString(), fmt.Sprint("I feel fine, number ", n))
				pauseFor(ctx, w.plan.pause)
			}
		})
	}
}

// progress waits until every sender has been acknowledged again: what it was in the middle
// of, and one message more.
func (w *crowd) progress() {
	w.t.Helper()
	before := w.counts()
	eventually(w.t, "everybody is acknowledged", func() error {
		w.stopOnFaults()
		now := w.counts()
		for channel, n := range before {
			if now[channel] < n+2 {
				return fmt.Errorf("channel %s is not; %s", channel, w.troubles())
			}
		}
		return nil
	})
}

// stopOnFaults ends the test if something happened that must never happen.
func (w *crowd) stopOnFaults() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	faults := slices.Clone(w.faults)
	for i, m := range w.members {
		m.mu.Lock()
		if fault := m.broken(w.plan.repeats); fault != "" {
			faults = append(faults, fmt.Sprintf("member %d (%s): %s", i, m.protocol, fault))
		}
		m.mu.Unlock()
	}
	for _, fault := range faults[:min(len(faults), maxFaults)] {
		w.t.Error(fault)
	}
	if len(faults) > 0 {
		w.t.Fatalf("%d faults", len(faults))
	}
}

// counts are how many messages of each channel were acknowledged.
func (w *crowd) counts() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[string]int{}
	for channel, all := range w.acks {
		counts[channel] = len(all)
	}
	return counts
}

// hush ends the sending.
func (w *crowd) hush() {
	if w.quiet != nil {
		w.quiet()
	}
	w.talks.Wait()
}

// disperse ends all that the crowd does.
func (w *crowd) disperse() {
	w.hush()
	w.leave()
	w.lives.Wait()
	w.http.CloseIdleConnections()
}

// acknowledged notes an acknowledgement, which must always be the same for one message.
func (w *crowd) acknowledged(channel, messageID string, a acked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if was, ok := w.acks[channel][messageID]; ok && was != a {
		w.faults = append(w.faults, fmt.Sprintf("%s was acknowledged as %+v and as %+v", messageID, was, a))
	}
	w.acks[channel][messageID] = a
}

// retryable are the codes of refusals after which a client sends again.
var retryable = []string{"DB_ERROR", "TIMEOUT", "UNAVAILABLE", "RATE_LIMITED", "INTERNAL_ERROR"}

// refused notes an answer that is no success, and reports whether to send again.
func (w *crowd) refused(a ack) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[a.Error.Code]++
	if !slices.Contains(retryable, a.Error.Code) {
		w.faults = append(w.faults, "refused: "+a.Error.Code+" "+a.Error.Message)
		return false
	}
	return true
}

// fault notes what must never happen.
func (w *crowd) fault(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, text)
}

// note counts why a connection or a join has failed, without what differs from one to the
// other: addresses and ids.
func (w *crowd) note(err error) {
	text := err.Error()
	if at := strings.LastIndex(text, ": "); at > 0 {
		text = text[:min(len(text), 30)] + " ..." + text[at:]
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) < 20 || w.errs[text] > 0 {
		w.errs[text]++
	}
}

// lost counts a connection that has ended under its member.
func (w *crowd) lost() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losses[int(time.Since(w.begun).Seconds())]++
}

// mostLost is the largest number of connections lost in one second, and of all.
func (w *crowd) mostLost() (second, all int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.losses {
		second, all = max(second, n), all+n
	}
	return second, all
}

// troubles tells what went wrong on the way.
func (w *crowd) troubles() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("refusals %v, failures %v", w.codes, w.errs)
}

// verify waits until everybody has heard everything, and compares what each member has
// heard, and what was acknowledged, with the store: nothing that was acknowledged is lost,
// nothing was heard twice, all hear one order, every question has one answer.
func (w *crowd) verify() {
	w.t.Helper()
	w.hush()
	total := 0
	for _, channel := range slices.Sorted(maps.Keys(w.acks)) {
		// The agent has questions left that it could not answer meanwhile.
		within(w.t, 4*patience, "channel "+channel+" is complete", func() error {
			w.stopOnFaults()
			return w.complete(w.t.Context(), channel)
		})
		total += len(w.acks[channel])
	}
	w.stopOnFaults()
	repeats := 0
	for _, m := range w.members {
		repeats += m.repeats
	}
	second, all := w.mostLost()
	w.t.Logf("%d members, %d messages acknowledged, none lost; %d connections lost (%d in one second), %d events again; %s",
		len(w.members), total, all, second, repeats, w.troubles())
}

// complete holds one channel's members and acknowledgements against its log.
func (w *crowd) complete(ctx context.Context, channel string) error {
	log, err := w.cluster.history(ctx, channel)
	if err != nil {
		return err
	}
	slices.SortFunc(log, func(a, b row) int { return int(a.Seq - b.Seq) })
	if err := w.stored(channel, log); err != nil {
		return err
	}
	for i, m := range w.members {
		if m.channel != channel {
			continue
		}
		m.mu.Lock()
		err := m.compare(log, w.plan.repeats)
		m.mu.Unlock()
		if err != nil {
			return fmt.Errorf("member %d (%s): %w", i, m.protocol, err)
		}
	}
	return nil
}

// stored checks a channel's log: every acknowledged message stands in it once under its
// number, every message was sent, and every question of a direct talk has one answer.
func (w *crowd) stored(channel string, log []row) error {
	w.mu.Lock()
	acks := maps.Clone(w.acks[channel])
	w.mu.Unlock()
	if len(acks) == 0 {
		return fmt.Errorf("nothing was acknowledged; the test proves nothing")
	}
	answers, found := map[string]int{}, map[string]row{}
	for i, r := range log {
		if r.Seq != int64(i+1) {
			return fmt.Errorf("the log has number %d at place %d", r.Seq, i+1)
		}
		if r.AuthorID == eliza {
			if r.InReplyTo != nil {
				answers[*r.InReplyTo]++
			}
			continue
		}
		if other, twice := found[r.SourceID]; twice {
			return fmt.Errorf("%s is stored twice: %+v and %+v", r.SourceID, other, r)
		}
		found[r.SourceID] = r
	}
	for id, a := range acks {
		if r := found[id]; r.ID != a.ID || r.Seq != a.Seq {
			return fmt.Errorf("%s was acknowledged as %+v, the log has %+v", id, a, r)
		}
	}
	for id, r := range found {
		if n := answers[r.ID]; w.direct[channel] && n != 1 || !w.direct[channel] && n != 0 {
			return fmt.Errorf("%s was answered %d times", id, n)
		}
	}
	return nil
}

// metric is the sum of a metric over all replicas, from their Prometheus pages.
func (c *cluster) metric(name string) (sum float64, err error) {
	for _, p := range c.replicas {
		res, err := http.Get(p.url + "/metrics")
		if err != nil {
			return 0, err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			return 0, err
		}
		found := false
		for line := range strings.Lines(string(body)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if key != name && !strings.HasPrefix(key, name+"{") {
				continue
			}
			var v float64
			if _, err := fmt.Sscan(value, &v); err != nil {
				return 0, fmt.Errorf("%s: %w", line, err)
			}
			sum, found = sum+v, true
		}
		if !found {
			return 0, fmt.Errorf("%s shows no metric %s", p.url, name)
		}
	}
	return sum, nil
}
