package sqlite

import (
	"context"

	"parley/domain"
)

// headsKept is how many channels' heads the writer remembers at least.
const headsKept = 20_000

// The parts of the keys place and revised.
const (
	numberBits = 32
	maxNumber  = 1<<numberBits - 1
)

// place is the key of a number of a channel.
func place(channel, number int64) int64 { return channel<<numberBits | number }

// numberOf is the number within the channel of a key.
func numberOf(key int64) int64 { return key & maxNumber }

// head is the end of a channel's log.
type head struct {
	// channel is the channel's own number.
	channel int64
	// last is the number of the last event.
	last int64
	// created is the time of the last message, in milliseconds.
	created int64
	// cleared is the last number that a clear covers.
	cleared int64
}

// next is the number of the next event, or Unavailable if there are no more.
func (h *head) next() (int64, error) {
	if h.last >= maxNumber {
		return 0, domain.Errorf(domain.Unavailable, "The channel is full")
	}
	return h.last + 1, nil
}

// heads remembers the heads of the channels used last: at least keep of them and at
// most twice as many.
type heads struct {
	keep            int
	recent, earlier map[domain.ChannelID]*head
}

// newHeads returns an empty cache.
func newHeads(keep int) *heads {
	return &heads{keep: keep, recent: map[domain.ChannelID]*head{}}
}

// get returns the head of a channel, nil if it is not remembered.
func (h *heads) get(id domain.ChannelID) *head {
	if found := h.recent[id]; found != nil {
		return found
	}
	found := h.earlier[id]
	if found != nil {
		h.put(id, found)
	}
	return found
}

// put remembers a head.
func (h *heads) put(id domain.ChannelID, found *head) {
	if len(h.recent) >= h.keep {
		h.earlier, h.recent = h.recent, make(map[domain.ChannelID]*head, h.keep)
	}
	h.recent[id] = found
}

// drop forgets a channel.
func (h *heads) drop(id domain.ChannelID) {
	delete(h.recent, id)
	delete(h.earlier, id)
}

// clear forgets all: what was counted for a batch that failed must not stay.
func (h *heads) clear() {
	h.earlier = nil
	clear(h.recent)
}

// head returns the end of a channel's log, or NotFound. The caller changes it when it
// has stored an event.
func (w *writer) head(ctx context.Context, id domain.ChannelID) (*head, error) {
	if h := w.heads.get(id); h != nil {
		return h, nil
	}
	h := &head{}
	found, err := w.conn.one(ctx, `SELECT number, cleared FROM channels WHERE id = ?`, func(r row) error {
		h.channel, h.cleared = r.int(0), r.int(1)
		return nil
	}, string(id))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errNoChannel(id)
	}
	low, high := place(h.channel, 0), place(h.channel, maxNumber)
	_, err = w.conn.one(ctx, `SELECT revised FROM messages WHERE revised > ? AND revised <= ? ORDER BY revised DESC LIMIT 1`,
		func(r row) error {
			h.last = numberOf(r.int(0))
			return nil
		}, low, high)
	if err != nil {
		return nil, err
	}
	_, err = w.conn.one(ctx, `SELECT created_at FROM messages WHERE place > ? AND place <= ? ORDER BY place DESC LIMIT 1`,
		func(r row) error {
			h.created = r.int(0)
			return nil
		}, low, high)
	if err != nil {
		return nil, err
	}
	w.heads.put(id, h)
	return h, nil
}

// errNoChannel is the answer where a channel is missing.
func errNoChannel(id domain.ChannelID) error {
	return domain.Errorf(domain.NotFound, "Channel %s does not exist", id)
}
