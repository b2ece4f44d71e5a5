package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"parley/domain"
)

// ListWorldsRequest selects worlds.
type ListWorldsRequest struct {
	// AgentID restricts to one agent unless it is "".
	AgentID domain.AgentID `json:"agentId"`
	// Limit is 10,000 unless given, and at most that.
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// WorldList is a list of worlds.
type WorldList struct {
	Worlds []WorldRow `json:"worlds"`

	total int
}

// TotalCount is how many worlds there are in all.
func (l WorldList) TotalCount() (int, bool) { return l.total, l.total < maxList }

// ListWorlds returns the worlds of one agent or of all, the newest first. Codes: not_found
// (the agent), unavailable.
func (s *Service) ListWorlds(ctx context.Context, _ domain.Actor, r ListWorldsRequest) (WorldList, error) {
	if r.AgentID != "" {
		if err := s.requireAgent(r.AgentID); err != nil {
			return WorldList{}, err
		}
	}
	worlds, err := s.store.Worlds(ctx, WorldQuery{Agent: r.AgentID, Limit: maxList})
	out := WorldList{total: len(worlds)}
	worlds = page(worlds, r.Offset, clamp(r.Limit, maxList, maxList))
	out.Worlds = make([]WorldRow, len(worlds))
	for i, w := range worlds {
		out.Worlds[i] = newWorldRow(w)
	}
	return out, err
}

// CreateWorldRequest makes a world, or gives an agent a copy of one.
type CreateWorldRequest struct {
	AgentID  domain.AgentID  `json:"agentId"`
	Name     string          `json:"name"`
	ServerID string          `json:"serverId"`
	Metadata domain.Metadata `json:"metadata"`
	// WorldID, without a name, is a world of any agent, of which this one gets a copy.
	WorldID domain.WorldID `json:"worldId"`
}

// Validate returns every fault of the request.
func (r *CreateWorldRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	if r.WorldID == "" {
		f.Require("name", r.Name)
	}
	checkText(&f, "name", r.Name, maxName)
	checkText(&f, "serverId", r.ServerID, maxName)
	return f.Err()
}

// OneWorld is one world.
type OneWorld struct {
	World WorldRow `json:"world"`
}

// CreateWorld makes a world. Codes: invalid, not_found (the agent, the world to copy), unavailable.
func (s *Service) CreateWorld(ctx context.Context, _ domain.Actor, r CreateWorldRequest) (OneWorld, error) {
	_, release, known := s.hold(r.AgentID)
	if !known {
		return OneWorld{}, errNoAgent()
	}
	defer release()
	w, err := s.newWorld(ctx, &r)
	if err != nil {
		return OneWorld{}, err
	}
	if _, err := s.put(ctx, Scene{Worlds: []World{w}}); err != nil {
		return OneWorld{}, err
	}
	w, err = s.store.World(ctx, w.AgentID, w.ID) // the one that was there, of a copy made twice
	return OneWorld{World: newWorldRow(w)}, err
}

// newWorld builds the document of a request.
func (s *Service) newWorld(ctx context.Context, r *CreateWorldRequest) (World, error) {
	now := s.tick()
	if r.WorldID == "" || r.Name != "" {
		return World{
			ID: domain.UniqueUUID[domain.WorldID](r.AgentID, fmt.Sprintf("world-%d%s", now, s.mark)), AgentID: r.AgentID, Name: r.Name,
			ServerID: cmp.Or(r.ServerID, fmt.Sprintf("server-%d", now)), Metadata: r.Metadata, CreatedAt: domain.FromMillis(now),
		}, nil
	}
	found, err := s.store.Worlds(ctx, WorldQuery{World: r.WorldID, Limit: 1})
	if err != nil {
		return World{}, err
	}
	if len(found) == 0 {
		return World{}, domain.Errorf(domain.NotFound, "World not found")
	}
	w := found[0]
	w.AgentID, w.CreatedAt = r.AgentID, domain.FromMillis(now)
	return w, nil
}

// UpdateWorldRequest changes what is given of a world.
type UpdateWorldRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	WorldID domain.WorldID `json:"worldId"`
	Name    *string        `json:"name"`
	// Metadata is merged key by key.
	Metadata domain.Metadata `json:"metadata"`
	// Settings are merged key by key into the metadata's settings.
	Settings domain.Metadata `json:"settings"`
}

// Validate returns every fault of the request.
func (r *UpdateWorldRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("worldId", string(r.WorldID))
	if r.Name != nil {
		f.Require("name", *r.Name)
		checkText(&f, "name", *r.Name, maxName)
	}
	return f.Err()
}

// apply returns w with what the request gives.
func (r *UpdateWorldRequest) apply(w World) (World, error) {
	if r.Name != nil {
		w.Name = *r.Name
	}
	w.Metadata = w.Metadata.Clone()
	for key, value := range r.Metadata {
		w.Metadata[key] = value
	}
	if r.Settings == nil {
		return w, nil
	}
	var settings domain.Metadata
	if json.Unmarshal(w.Metadata["settings"], &settings) != nil || settings == nil {
		settings = domain.Metadata{}
	}
	for key, value := range r.Settings {
		settings[key] = value
	}
	w.Metadata.Set("settings", settings)
	return w, nil
}

// UpdateWorld changes a world. Codes: invalid, not_found, unavailable.
func (s *Service) UpdateWorld(ctx context.Context, _ domain.Actor, r UpdateWorldRequest) (OneWorld, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return OneWorld{}, err
	}
	w, err := s.store.UpdateWorld(ctx, r.AgentID, r.WorldID, r.apply)
	if err != nil {
		return OneWorld{}, notFoundAs(err, "World not found")
	}
	return OneWorld{World: newWorldRow(w)}, nil
}

// WorldRequest names a world of an agent.
type WorldRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	WorldID domain.WorldID `json:"worldId"`
}

// Validate returns every fault of the request.
func (r *WorldRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("worldId", string(r.WorldID))
	return f.Err()
}

// DeleteWorld removes a world with its rooms and their memories. Codes: not_found, timeout
// (repeat it to go on), unavailable.
func (s *Service) DeleteWorld(ctx context.Context, _ domain.Actor, r WorldRequest) (Gone, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return Gone{}, err
	}
	if _, err := s.store.World(ctx, r.AgentID, r.WorldID); err != nil {
		return Gone{}, notFoundAs(err, "World not found")
	}
	return Gone{}, s.dropWorld(ctx, r.AgentID, r.WorldID)
}

// dropWorld removes a world, its rooms first, so that what is left after a failure is
// still found by it.
func (s *Service) dropWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID) error {
	if _, err := s.dropRooms(ctx, RoomQuery{Agent: agent, World: id}); err != nil {
		return err
	}
	return s.store.DeleteWorld(ctx, agent, id)
}
