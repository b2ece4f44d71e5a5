package memory

import (
	"context"

	"parley/domain"
)

// roomID returns the room that a request names, "" if none: a channel's id is turned into
// that of the agent's room, also where it stands for a room's that the agent does not have.
func (s *Service) roomID(ctx context.Context, agent domain.AgentID, room domain.RoomID, channel domain.ChannelID) (domain.RoomID, error) {
	if channel != "" {
		return domain.UniqueUUID[domain.RoomID](agent, string(channel)), nil
	}
	if room == "" {
		return "", nil
	}
	_, err := s.store.Room(ctx, agent, room)
	if !domain.IsCode(err, domain.NotFound) {
		return room, err
	}
	_, err = s.log.Channel(ctx, domain.ChannelID(room))
	if domain.IsCode(err, domain.NotFound) {
		return room, nil
	}
	return domain.UniqueUUID[domain.RoomID](agent, string(room)), err
}

// room returns the room that a request names. Codes: not_found, unavailable.
func (s *Service) room(ctx context.Context, agent domain.AgentID, id domain.RoomID) (Room, error) {
	if err := s.requireAgent(agent); err != nil {
		return Room{}, err
	}
	found, err := s.roomID(ctx, agent, id, "")
	if err != nil {
		return Room{}, err
	}
	r, err := s.store.Room(ctx, agent, found)
	return r, notFoundAs(err, "Room not found")
}
