package realtime

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/domain/quota"
	"parley/realtime/sio"
)

// connectWindow is the time in which connections are counted.
const connectWindow = time.Minute

// guard refuses requests of pages that may not talk to the server, and connections of an
// address that opens too many. Browsers let any page open a WebSocket to anywhere, so the
// rule on origins must be kept here.
func (g *Gateway) guard(r *http.Request, handshake bool) *sio.Refusal {
	if !handshake && r.Header.Get("Origin") == "" {
		return nil // most polls
	}
	c := g.opts.Proxies.Credentials(identity.Peer{Addr: r.RemoteAddr, Header: r.Header, Host: r.Host, TLS: r.TLS != nil})
	if !g.opts.Identity.AdmitsOrigin(c) {
		return &sio.Refusal{Status: http.StatusForbidden, Message: "Origin not allowed"}
	}
	if !handshake || g.connects == nil || c.Near {
		return nil
	}
	if left, ends := g.connects.Take(r.Context(), quota.Network(c.Remote)); left < 0 {
		return &sio.Refusal{Status: http.StatusTooManyRequests, Message: "Too many connections from this address", RetryAfter: ends}
	}
	return nil
}

// refused tells a client why its socket is refused; the data is ours.
type refused struct {
	Code string `json:"code"`
}

// authenticate is the handshake's check; its result becomes the session's actor. One
// connection can try again and again, so wrong keys are counted for themselves; an address
// that has shown too many is refused with the right one too.
func (g *Gateway) authenticate(ctx context.Context, h sio.Handshake) (any, error) {
	c := g.credentials(h)
	counted := g.guesses != nil && !c.Near && c.Shows()
	caller := quota.Network(c.Remote)
	if counted && g.guesses.Exhausted(ctx, caller) {
		return nil, refusal(domain.Errorf(domain.RateLimited, "Too many attempts from this address, try again later"))
	}
	ctx, span := g.traceConnect(ctx, h)
	actor, err := g.opts.Identity.Authenticate(ctx, c)
	span.End(err)
	if counted && domain.IsCode(err, domain.Unauthenticated) {
		g.guesses.Take(ctx, caller)
	}
	if err != nil {
		return nil, refusal(err)
	}
	return actor, nil
}

// refusal is a failure in the form in which a handshake is refused.
func refusal(err error) error {
	failure := domain.AsError(err)
	return sio.ConnectError{Message: failure.Message, Data: refused{Code: failure.WireCode()}}
}

// credentials gathers what a handshake says about its caller; the auth payload wins
// over the headers.
func (g *Gateway) credentials(h sio.Handshake) identity.Credentials {
	text := func(key string) string { s, _ := h.Auth[key].(string); return s }
	c := g.opts.Proxies.Credentials(identity.Peer{Addr: h.RemoteAddr, Header: h.Header, Host: h.Host, TLS: h.Secure})
	if key := text("apiKey"); key != "" {
		c.APIKey = key
	}
	c.Token, c.Entity, c.Socket = text("token"), text("entityId"), true
	c.Polling = h.Query.Get("transport") == "polling"
	return c
}

// expireWith ends the socket when the credential of its caller ends: its transport closes,
// so that the official client comes back by itself, with a fresh token if it has one. The
// timer is the session's and stops with it.
func (s *session) expireWith(a domain.Actor) {
	if a.Expires.IsZero() {
		return
	}
	s.expiry = time.AfterFunc(a.Expires.Sub(s.gateway.opts.Now()), func() {
		// It ends with the offset, as official clients take any text at the end for one.
		offset, _ := s.socket.LastMarked("")
		s.emit("unauthorized", "The token has expired", cmp.Or(offset, noOffset))
		s.socket.Close()
	})
}

// evict takes the bound sockets out of a channel's room whose entities take part no more,
// and tells them.
func (g *Gateway) evict(channel domain.ChannelID, stays func(domain.EntityID) bool) {
	if g.opts.Identity.Mode() != identity.JWT {
		return
	}
	g.server.Batch(func() {
		g.ns.Each(string(channel), func(socket *sio.Socket) {
			s := g.session(socket.ID())
			if s != nil && s.actor.Bound && !stays(s.actor.Entity) && s.exit(channel) {
				s.emit("channel_left", Left{ChannelID: channel, RoomID: channel})
				s.emit("room_left", Left{ChannelID: channel, RoomID: channel})
			}
		})
	})
}

// stillTakesPart refuses a bound caller that was taken off the channel's list while it
// entered the room: evict has not found it there.
func (g *Gateway) stillTakesPart(ctx context.Context, a domain.Actor, channel domain.ChannelID) error {
	if !a.Bound {
		return nil
	}
	in, err := g.channels.TakesPart(ctx, channel, a.Entity)
	if err == nil && !in {
		err = op.ErrNoPart
	}
	return err
}

// doubtsAgain is the pause after it could not be read who takes part in a channel.
const doubtsAgain = time.Second

// doubts are the channels whose bound sockets may take part no more, of those with members.
type doubts struct {
	// news gets a value when there is a doubt.
	news chan struct{}

	mu       sync.Mutex
	channels map[domain.ChannelID]struct{}
	// all says that it is in doubt for all channels.
	all bool
}

// add notes channels, none standing for all. It does not block.
func (d *doubts) add(channels ...domain.ChannelID) {
	d.mu.Lock()
	for _, channel := range channels {
		d.channels[channel] = struct{}{}
	}
	d.all = d.all || len(channels) == 0
	d.mu.Unlock()
	wake(d.news)
}

// take returns the doubts and forgets them.
func (d *doubts) take() (channels map[domain.ChannelID]struct{}, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	channels, all = d.channels, d.all
	d.channels, d.all = map[domain.ChannelID]struct{}{}, false
	return channels, all
}

// resolveDoubts takes the sockets out of rooms whose entities take part no more, as the store
// has it, until ctx ends.
func (g *Gateway) resolveDoubts(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.doubts.news:
		}
		channels, all := g.doubts.take()
		if g.opts.Identity.Mode() != identity.JWT {
			continue
		}
		if all {
			g.addJoined(channels)
		}
		if err := g.evictAllAbsent(ctx, channels); err != nil && ctx.Err() == nil {
			g.log.Warn().Err(err).Msg("could not read who takes part in channels; it is tried again")
			select {
			case <-ctx.Done():
			case <-time.After(doubtsAgain):
			}
		}
	}
}

// evictAllAbsent is evictAbsent for channels. Those that are left after an error stay in doubt.
func (g *Gateway) evictAllAbsent(ctx context.Context, channels map[domain.ChannelID]struct{}) error {
	for channel := range channels {
		if err := g.evictAbsent(ctx, channel); err != nil {
			g.doubts.add(slices.Collect(maps.Keys(channels))...)
			return err
		}
		delete(channels, channel)
	}
	return nil
}

// evictAbsent is evict with the list of participants as the store has it. A channel that is
// gone is no matter of who takes part.
func (g *Gateway) evictAbsent(ctx context.Context, channel domain.ChannelID) error {
	if g.ns.Members(string(channel)) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	present, err := g.channels.Participants(ctx, channel)
	if domain.IsCode(err, domain.NotFound) {
		return nil
	}
	if err == nil {
		g.evict(channel, func(entity domain.EntityID) bool { return slices.Contains(present, entity) })
	}
	return err
}

// addJoined adds the channels that sockets of this process are in.
func (g *Gateway) addJoined(channels map[domain.ChannelID]struct{}) {
	g.ns.Each("", func(socket *sio.Socket) {
		if s := g.session(socket.ID()); s != nil {
			s.mu.Lock()
			for channel := range s.joined {
				channels[channel] = struct{}{}
			}
			s.mu.Unlock()
		}
	})
}
