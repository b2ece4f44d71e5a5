package realtime

import (
	"context"
	"sync"
	"time"

	"parley/domain"
)

// maxUntold bounds the channels whose heads wait to be told; on more all are to be checked.
const maxUntold = 4096

// tellHeadsAgain is the pause after heads could not be told.
const tellHeadsAgain = time.Second

// heads are the numbers of channels that other replicas may not have heard of: their events
// could not be published, or were stored by one that died before it published them.
type heads struct {
	// news gets a value when there is something to tell.
	news chan struct{}

	mu      sync.Mutex
	waiting map[domain.ChannelID]int64
	// all says that there were too many.
	all bool
	// notes are to be told as they are, each once.
	notes map[noteKind]struct{}
}

// untold notes that others may not have heard of a number. It does not block.
func (h *heads) untold(channel domain.ChannelID, number int64) {
	h.mu.Lock()
	if _, known := h.waiting[channel]; !known && len(h.waiting) >= maxUntold {
		h.all = true
	} else {
		h.waiting[channel] = max(h.waiting[channel], number)
	}
	h.mu.Unlock()
	wake(h.news)
}

// untoldAll notes that others may not have heard of anything. It does not block.
func (h *heads) untoldAll() {
	h.mu.Lock()
	h.all = true
	h.mu.Unlock()
	wake(h.news)
}

// untoldNote notes that others have not heard a note of a kind. It does not block.
func (h *heads) untoldNote(kind noteKind) {
	h.mu.Lock()
	if h.notes == nil {
		h.notes = map[noteKind]struct{}{}
	}
	h.notes[kind] = struct{}{}
	h.mu.Unlock()
	wake(h.news)
}

// wake puts a value into a channel with room for one, unless there is one.
func wake(news chan<- struct{}) {
	select {
	case news <- struct{}{}:
	default:
	}
}

// take returns what is to be told and forgets it.
func (h *heads) take() []note {
	h.mu.Lock()
	defer h.mu.Unlock()
	var notes []note
	if h.all {
		notes = append(notes, note{Kind: noteCheck})
	} else {
		for channel, number := range h.waiting {
			notes = append(notes, note{Kind: noteHead, Channel: channel, Number: number})
		}
	}
	for kind := range h.notes {
		notes = append(notes, note{Kind: kind})
	}
	h.all, h.waiting, h.notes = false, map[domain.ChannelID]int64{}, nil
	return notes
}

// giveBack notes that notes could not be told.
func (h *heads) giveBack(notes []note) {
	for _, n := range notes {
		switch n.Kind { //nolint:exhaustive // all others are told as they are
		case noteHead:
			h.untold(n.Channel, n.Number)
		case noteCheck:
			h.untoldAll()
		default:
			h.untoldNote(n.Kind)
		}
	}
}

// tellHeads tells the other replicas of the heads that they may not know, until ctx ends.
func (g *Gateway) tellHeads(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.heads.news:
		}
		notes := g.heads.take()
		for i, n := range notes {
			if err := g.tellAgain(n); err != nil {
				g.heads.giveBack(notes[i:])
				g.log.Debug().Err(err).Int("channels", len(notes)-i).Msg("heads of channels could not be told")
				select {
				case <-ctx.Done():
					return
				case <-time.After(tellHeadsAgain):
				}
				break
			}
		}
	}
}

// tellAgain tells the other replicas what they have not heard.
func (g *Gateway) tellAgain(n note) error {
	if n.Kind != noteEnds {
		return g.sendNote(n)
	}
	for _, told := range g.endNotes("") {
		if err := g.sendNote(told); err != nil {
			return err
		}
	}
	return nil
}
