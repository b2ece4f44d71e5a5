package messaging

import (
	"context"
	"errors"
	"time"

	"parley/domain"
)

// sweepBatch is how many messages one Sweep erases. Each is a transaction; other writes
// wait for some tens of milliseconds.
const sweepBatch = 1000

// sweepPatience is how long whoever clears or deletes waits for the erasing; what is
// left then is Run's business.
const sweepPatience = 2 * time.Second

// sweepPause is how long Run waits after a failure of the store.
const sweepPause = 5 * time.Second

// Cleared answers a clear. The numbers are 0 if there was nothing to clear.
type Cleared struct {
	ChannelID domain.ChannelID `json:"channelId"`
	Seq       int64            `json:"seq"`
	Rev       int64            `json:"rev"`
	// Upto is the last number that was cleared.
	Upto int64 `json:"upto"`
}

// Clear removes every message that the channel has now. Nobody can read them from the
// moment when the clear is stored; the room hears of it at its place in the order of the
// channel, and what is posted meanwhile stays. The rest is erasing them from the disk,
// for which Clear waits two seconds at most. Who waited for answers to them waits no
// longer once they are erased. A channel that is empty or does not exist is no error. In
// the modes open and key every member may clear, as in the reference, a bound one the
// channels that it owns. Codes: forbidden, unavailable.
func (s *Service) Clear(ctx context.Context, a domain.Actor, r ChannelRequest) (Cleared, error) {
	out := Cleared{ChannelID: r.ChannelID}
	channel, err := s.channels.get(ctx, r.ChannelID)
	if domain.IsCode(err, domain.NotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if err := mustOwn(a, channel); err != nil {
		return out, err
	}
	id := domain.NewID[domain.MessageID]()
	entry, changed, err := s.store.Clear(ctx, Message{ID: id, ChannelID: channel.ID, ServerID: channel.ServerID,
		AuthorID: a.Entity, Dedupe: DedupeID(id)})
	if domain.IsCode(err, domain.NotFound) {
		return out, nil // deleted a moment ago
	}
	if err != nil || !changed {
		return out, err
	}
	s.duties.Withdraw(channel.ID, 1, entry.Upto)
	out.Seq, out.Rev, out.Upto = entry.Seq, entry.Rev, entry.Upto
	err = s.announce(ctx, entry, nil)
	s.sweepSoon(ctx, channel.ID)
	return out, err
}

// sweepSoon erases what a clear or a deletion has left behind in a channel, and leaves to
// Run what takes too long.
func (s *Service) sweepSoon(ctx context.Context, id domain.ChannelID) {
	limited, cancel := context.WithTimeout(ctx, sweepPatience)
	defer cancel()
	if err := s.sweep(limited, id); err != nil {
		select {
		case s.unswept <- struct{}{}:
		default: // Run has been told already
		}
	}
}

// sweep erases all that is left behind in a channel, and ends the waits for answers to it.
func (s *Service) sweep(ctx context.Context, id domain.ChannelID) error {
	for {
		swept, err := s.store.Sweep(ctx, id, sweepBatch)
		if err != nil {
			return err
		}
		for _, m := range swept.Awaited {
			s.signals.Completed(Completion{ChannelID: m.ChannelID, ServerID: m.ServerID, MessageID: m.ID,
				Result: ResultSilent})
		}
		if !swept.Left {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Run erases what clears and deletions of channels have left behind: at the start what
// the last run did not get to, then what takes long. It returns when ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		var again <-chan time.Time
		if err := s.sweepAll(ctx); err != nil && ctx.Err() == nil {
			again = time.After(sweepPause)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.unswept:
		case <-again:
		}
	}
}

// sweepAll sweeps every channel in which something is left.
func (s *Service) sweepAll(ctx context.Context) error {
	ids, err := s.store.Unswept(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		errs = append(errs, s.sweep(ctx, id))
	}
	return errors.Join(errs...)
}
