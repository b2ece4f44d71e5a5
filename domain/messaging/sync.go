package messaging

import (
	"context"
	"fmt"

	"parley/domain"
)

// SyncChannel is a channel as another platform has it.
type SyncChannel struct {
	Name string      `json:"name"`
	Type ChannelType `json:"type"`
	// SourceID is the platform's own id of it.
	SourceID string `json:"sourceId"`
}

// SyncRequest brings the channels of a server in line with those of another platform.
type SyncRequest struct {
	ServerID domain.ServerID `json:"serverId" alias:"messageServerId,server_id,message_server_id"`
	// Channels are those of the platform, at most 500; they are told apart by their sourceId.
	Channels []SyncChannel `json:"channels"`
}

// maxSync bounds the channels of one request.
const maxSync = 500

// Validate returns every fault of the request.
func (r *SyncRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.ServerID))
	switch {
	case r.Channels == nil:
		f.Add("channels", "is required")
	case len(r.Channels) > maxSync:
		f.Add("channels", "has more than %d entries", maxSync)
	}
	seen := map[string]bool{}
	for i, c := range r.Channels {
		path := fmt.Sprintf("channels.%d.", i)
		f.Require(path+"name", c.Name)
		f.Require(path+"sourceId", c.SourceID)
		checkNames(&f, map[string]string{path + "name": c.Name, path + "sourceId": c.SourceID})
		if c.Type != "" && !c.Type.Valid() {
			f.Add(path+"type", "is not a channel type")
		}
		if seen[c.SourceID] {
			f.Add(path+"sourceId", "is given twice")
		}
		seen[c.SourceID] = true
	}
	return f.Err()
}

// Synced answers servers:sync.
type Synced struct {
	// Created and Updated count the channels that were made and changed.
	Created  int          `json:"created"`
	Updated  int          `json:"updated"`
	Channels []ChannelRow `json:"channels"`
}

// SyncChannels makes the channels that a server lacks and changes those that are named or
// typed otherwise; others stay. They are matched by the platform's own id. It can be
// repeated, also at the same time. Codes: invalid, not_found (unknown server), unavailable.
func (s *Service) SyncChannels(ctx context.Context, _ domain.Actor, r SyncRequest) (Synced, error) {
	server, err := s.store.Server(ctx, r.ServerID)
	if err != nil {
		return Synced{}, serverError(err, r.ServerID)
	}
	out := Synced{Channels: make([]ChannelRow, len(r.Channels))}
	for i, want := range r.Channels {
		c, created, updated, err := s.syncChannel(ctx, server, want)
		if err != nil {
			return out, err
		}
		out.Channels[i] = newChannelRow(c)
		out.Created += count(created)
		out.Updated += count(updated)
	}
	return out, nil
}

// count is 1 for what is so.
func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// syncChannel makes or changes one channel. A new one has an id made of the platform's.
func (s *Service) syncChannel(ctx context.Context, server Server, want SyncChannel) (c Channel, created, updated bool, err error) {
	found, err := s.store.Channels(ctx, ChannelQuery{Server: server.ID, SourceID: want.SourceID, Limit: 1})
	if err != nil {
		return c, false, false, err
	}
	if len(found) > 0 {
		c = found[0]
	} else {
		id := domain.DerivedID[domain.ChannelID](server.ID, "source", want.SourceID)
		c, created, err = s.ensureChannel(ctx, Channel{ID: id, ServerID: server.ID, Name: want.Name, Type: want.typed(),
			SourceType: server.SourceType, SourceID: want.SourceID})
		if err != nil {
			return c, false, false, err
		}
	}
	if c.Name == want.Name && (want.Type == "" || c.Type == want.Type) {
		return c, created, false, nil
	}
	_, err = s.change(ctx, c.ID, func() (Channel, error) {
		c, err = s.store.UpdateChannel(ctx, c.ID, func(c Channel) (Channel, error) {
			c.Name = want.Name
			if want.Type != "" {
				c.Type = want.Type
			}
			return c, nil
		})
		return c, err
	})
	return c, created, !created, err
}

// typed is the type of a new channel.
func (c SyncChannel) typed() ChannelType {
	if c.Type == "" {
		return TypeGroup
	}
	return c.Type
}
