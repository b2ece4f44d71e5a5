package messaging

import (
	"context"
	"errors"

	"parley/domain"
)

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
// for which Clear waits two seconds at most, after all dependents were told. Who waited for answers to them waits no
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
	if err != nil {
		return out, err
	}
	if changed {
		s.duties.Withdraw(channel.ID, 1, entry.Upto)
		out.Seq, out.Rev, out.Upto = entry.Seq, entry.Rev, entry.Upto
		err = s.announce(ctx, entry, nil)
	}
	_, left := s.sweepSoon(ctx, channel.ID) // an earlier one may have left something
	return out, errors.Join(err, left)
}
