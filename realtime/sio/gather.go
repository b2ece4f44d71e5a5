package sio

import (
	"context"
	"slices"
	"sync"

	"parley/realtime/fanout/wire"
)

// verdictOn says what a response means for the server that it comes from.
type verdictOn bool

// A server has answered or has still to do so.
const (
	notAnswered verdictOn = false
	answered    verdictOn = true
)

// inquiry is a request for whose answers this server waits.
type inquiry struct {
	take func(wire.Response) verdictOn
	done chan struct{} // closed when all have answered

	mu      sync.Mutex
	expect  int // answers; -1 until it is known
	named   map[string]bool
	unnamed int
	over    bool
}

// hear takes a response.
func (q *inquiry) hear(r wire.Response) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.UID != "" && q.named[r.UID] && r.Type == nil || q.take(r) == notAnswered {
		return
	}
	if r.UID != "" {
		q.named[r.UID] = true
	} else {
		q.unnamed++
	}
	q.checkLocked()
}

// fail ends the wait.
func (q *inquiry) fail() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expect = 0
	q.checkLocked()
}

// checkLocked ends the wait if there is nothing to wait for.
func (q *inquiry) checkLocked() {
	if !q.over && q.expect >= 0 && len(q.named)+q.unnamed >= q.expect {
		q.over = true
		close(q.done)
	}
}

// inquiries are those of a cluster. The zero value is ready.
type inquiries struct {
	mu   sync.Mutex
	open map[string]*inquiry
}

// add lets an inquiry hear responses; false means that there are too many.
func (i *inquiries) add(id string, q *inquiry) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.open) >= maxAsked {
		return false
	}
	if i.open == nil {
		i.open = map[string]*inquiry{}
	}
	i.open[id] = q
	return true
}

// remove ends what add began.
func (i *inquiries) remove(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.open, id)
}

// hear hands a response to whoever waits for it.
func (i *inquiries) hear(r wire.Response) {
	i.mu.Lock()
	q := i.open[r.ID]
	i.mu.Unlock()
	if q != nil {
		q.hear(r)
	}
}

// response takes an answer of another server.
func (c *cluster) response(payload []byte) {
	r, err := wire.DecodeResponse(payload)
	if err != nil {
		c.log().Debug().Err(err).Msg("answer of another server is malformed")
		return
	}
	c.inquiries.hear(r)
}

// send publishes a request; failed, unless nil, hears if others may not have got it.
func (c *cluster) send(r wire.Request, failed func(error)) error {
	r.UID = c.opts.UID
	payload, err := r.Encode()
	if err != nil {
		return err
	}
	c.link.Publish(c.channels.Request, payload, func(err error) {
		if err == nil {
			return
		}
		if failed != nil {
			failed(err)
			return
		}
		c.log().Warn().Err(err).Msg("request could not be sent to other servers")
	})
	return nil
}

// ask is gather of answers that all come within the time of waiting. Nil asks nobody.
func (c *cluster) ask(ctx context.Context, r wire.Request, take func(wire.Response) verdictOn) Gathering {
	g, release := c.gather(ctx, r, take)
	release()
	return g
}

// gather asks the other servers and waits until all have answered or ctx ends. take gets
// each response, one at a time, until release is called. Nil asks nobody.
func (c *cluster) gather(ctx context.Context, r wire.Request, take func(wire.Response) verdictOn) (g Gathering, release func()) {
	if c == nil {
		return Gathering{}, func() {}
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := &inquiry{take: take, done: make(chan struct{}), expect: -1, named: map[string]bool{}}
	r.ID = randomUID()
	if !c.inquiries.add(r.ID, q) {
		return Gathering{Err: errAsked, Missing: c.members()}, func() {}
	}
	release = func() { c.inquiries.remove(r.ID); q.close() }
	servers, owners, err := c.others(ctx)
	if err != nil {
		return Gathering{Err: err, Missing: c.members()}, release
	}
	var failure error
	if servers > 0 {
		q.wait(servers)
		if err := c.send(r, func(err error) { q.mu.Lock(); failure = err; q.mu.Unlock(); q.fail() }); err != nil {
			return Gathering{Err: err, Missing: c.members()}, release
		}
		select {
		case <-q.done:
		case <-ctx.Done():
		case <-c.ctx.Done():
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return c.gathering(q, servers, owners, failure), release
}

// wait says how many answers there will be.
func (q *inquiry) wait(expect int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expect = expect
	q.checkLocked()
}

// close lets nothing more be taken.
func (q *inquiry) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.take = func(wire.Response) verdictOn { return notAnswered }
}

// others counts the other servers, and names them by their own channels.
func (c *cluster) others(ctx context.Context) (servers int, uids []string, err error) {
	n, err := c.link.Subscribers(ctx, c.channels.Request)
	if err != nil {
		return 0, nil, err
	}
	channels, err := c.link.Channels(ctx, c.channels.Owners())
	if err != nil {
		return 0, nil, err
	}
	own := 0 // this one may not be subscribed yet
	for _, channel := range channels {
		switch uid := c.channels.Owner(channel); uid {
		case "":
		case c.opts.UID:
			own = 1
		default:
			uids = append(uids, uid)
		}
	}
	return max(n-own, 0), uids, nil
}

// members are the other servers that ought to answer.
func (c *cluster) members() []string {
	if c.opts.Members == nil {
		return nil
	}
	list := slices.DeleteFunc(slices.Clone(c.opts.Members()), func(uid string) bool { return uid == c.opts.UID })
	slices.Sort(list)
	return slices.Compact(list)
}

// gathering tells who has answered. Servers in Node.js do not say who they are: if none of
// them has answered it is clear who is missing, if only some have it is only clear how many.
func (c *cluster) gathering(q *inquiry, servers int, owners []string, failure error) Gathering {
	members := c.members()
	g := Gathering{Servers: servers, Answered: len(q.named) + q.unnamed, Err: failure}
	var anonymous []string
	for _, uid := range owners {
		switch {
		case q.named[uid]:
		case slices.Contains(members, uid): // one of ours would have said its name
			g.Missing = append(g.Missing, uid)
		default:
			anonymous = append(anonymous, uid)
		}
	}
	for _, uid := range members {
		if !q.named[uid] && !slices.Contains(owners, uid) {
			g.Missing = append(g.Missing, uid)
		}
	}
	if q.unnamed == 0 {
		g.Missing = append(g.Missing, anonymous...)
	} else {
		g.Unnamed = max(len(anonymous)-q.unnamed, 0)
	}
	slices.Sort(g.Missing)
	return g
}
