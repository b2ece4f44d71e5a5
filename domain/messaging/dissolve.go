package messaging

import (
	"context"
	"errors"
	"slices"

	"parley/domain"
)

// dissolveBatch is how many channels of a server, or of an agent, are read at once.
const dissolveBatch = 100

// DeletedServer answers the deletion of a server.
type DeletedServer struct {
	ServerID domain.ServerID `json:"serverId"`
}

// DeleteServer removes a message server with its channels and their messages; each room
// hears of it. The server is gone for everybody at once. What a crash, or the deadline,
// leaves of the rest is done by Run, or by the repeated call. Codes: forbidden (the
// default one), not_found, timeout, unavailable.
func (s *Service) DeleteServer(ctx context.Context, _ domain.Actor, r ServerRequest) (DeletedServer, error) {
	out := DeletedServer(r)
	if r.ServerID == domain.DefaultServer {
		return out, domain.Errorf(domain.Forbidden, "The default server cannot be deleted")
	}
	existed, err := s.store.RetireServer(ctx, r.ServerID)
	if err != nil {
		return out, err
	}
	if !existed {
		retired, err := s.store.RetiredServers(ctx)
		if err != nil {
			return out, err
		}
		if !slices.Contains(retired, r.ServerID) {
			return out, domain.Errorf(domain.NotFound, "Server %s does not exist", r.ServerID)
		}
	}
	if err := s.dissolve(ctx, r.ServerID); err != nil {
		s.wake()
		return out, err
	}
	return out, nil
}

// dissolve deletes the channels of a retired server, tells its dependents, and forgets it.
// Each step can be repeated.
func (s *Service) dissolve(ctx context.Context, id domain.ServerID) error {
	s.roster.forget(ctx, id)
	for {
		page, err := s.store.Channels(ctx, ChannelQuery{Server: id, Limit: dissolveBatch})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			if _, err := s.DeleteChannel(ctx, domain.Actor{}, ChannelRequest{ChannelID: c.ID}); err != nil {
				return err
			}
		}
	}
	if err := s.tellServerDeleted(ctx, id); err != nil {
		return err
	}
	return s.store.ForgetServer(ctx, id)
}

// tellServerDeleted tells the dependents that a server is gone, after they have heard of
// all channels that are: an earlier try may have failed in between.
func (s *Service) tellServerDeleted(ctx context.Context, id domain.ServerID) error {
	if len(s.dependents) == 0 {
		return nil
	}
	left, err := s.store.Unswept(ctx, "")
	if err != nil {
		return err
	}
	for _, l := range left {
		if !l.Deleted {
			continue
		}
		if err := s.tellDependents(ctx, l); err != nil {
			return err
		}
	}
	for _, d := range s.dependents {
		if err := d.ServerDeleted(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// dissolveAll goes on with every server whose deletion has begun.
func (s *Service) dissolveAll(ctx context.Context) error {
	ids, err := s.store.RetiredServers(ctx)
	errs := []error{err}
	for _, id := range ids {
		errs = append(errs, s.dissolve(ctx, id))
	}
	return errors.Join(errs...)
}

// AgentDeleted takes an agent that is gone out of all channels, whose rooms hear of it,
// and out of all servers, and ends what it owes. It works in batches, and goes on where an
// earlier call has ended; an agent that takes part of nothing is no error. Codes:
// unavailable.
func (s *Service) AgentDeleted(ctx context.Context, id domain.AgentID) error {
	entity := domain.EntityID(id)
	for {
		page, err := s.store.Channels(ctx, ChannelQuery{Participant: entity, Limit: dissolveBatch})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			if err := s.store.DropRead(ctx, c.ID, entity); err != nil { // the channel leads to it
				return err
			}
			_, err := s.change(ctx, c.ID, func() (Channel, error) { return s.store.RemoveParticipant(ctx, c.ID, entity) })
			if err != nil && !domain.IsCode(err, domain.NotFound) { // deleted a moment ago
				return err
			}
		}
	}
	for _, server := range s.roster.ServersOf(id) {
		if err := s.roster.Remove(ctx, server, id); err != nil && !domain.IsCode(err, domain.NotFound) {
			return err
		}
	}
	return s.releaseDuties(ctx, id)
}

// releaseDuties ends what an agent owes; who waits for it alone waits no longer.
func (s *Service) releaseDuties(ctx context.Context, id domain.AgentID) error {
	for {
		owed, err := s.store.DutiesOf(ctx, id, dissolveBatch)
		if err != nil || len(owed) == 0 {
			return err
		}
		for _, m := range owed {
			left, err := s.store.FinishDuty(ctx, m.ChannelID, m.ID, id)
			if domain.IsCode(err, domain.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if left == 0 {
				s.completed(Completion{ChannelID: m.ChannelID, ServerID: m.ServerID, MessageID: m.ID, AgentID: id,
					Result: ResultSilent})
			}
		}
	}
}
