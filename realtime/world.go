package realtime

import (
	"context"
	"encoding/json"
	"slices"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/domain/presence"
	"parley/realtime/sio"
)

// worldMessages is how many of a channel's last messages a world state holds.
const worldMessages = 50

// WorldRequest names the channel whose surroundings are asked for.
type WorldRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
}

// Validate returns every fault of the request.
func (r *WorldRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// World is what surrounds a channel. A channel that does not exist yet has no messages.
type World struct {
	ChannelID domain.ChannelID  `json:"channelId"`
	RoomID    domain.ChannelID  `json:"roomId"`
	Agents    []agents.ListItem `json:"agents"`
	// Users are the people who are in the room now.
	Users []WorldUser `json:"users"`
	// Channels are those of the channel's server.
	Channels []messaging.ChannelRow `json:"channels"`
	// Messages are the last ones of the channel, the newest first, as in its history.
	Messages []messaging.MessageRow `json:"messages"`
}

// WorldUser is somebody who is in a room.
type WorldUser struct {
	ID      domain.EntityID `json:"id"`
	Name    string          `json:"name"`
	Sockets int             `json:"sockets"`
}

// defineWorldOp declares the operation on worlds.
func (g *Gateway) defineWorldOp(r *op.Registry) {
	op.Define(r, op.Spec{Name: "worlds:state", Routes: op.ChannelRoutes("GET", "/world-state"),
		Help:    "Returns what surrounds a channel: agents, who is there, channels of its server, last messages.",
		Example: WorldRequest{ChannelID: "11111111-1111-4111-8111-111111111111"}}, g.worldState)
}

// worldState asks the operations that know the parts, as the caller, so that each tells
// what the caller may know.
func (g *Gateway) worldState(ctx context.Context, a domain.Actor, r WorldRequest) (World, error) {
	w := World{ChannelID: r.ChannelID, RoomID: r.ChannelID, Agents: []agents.ListItem{}, Users: []WorldUser{},
		Channels: []messaging.ChannelRow{}, Messages: []messaging.MessageRow{}}
	history, err := part[messaging.MessageList](ctx, g, a, "messages:list", map[string]any{"channelId": r.ChannelID, "limit": worldMessages})
	if err != nil {
		return w, err
	}
	all, err := part[agents.List](ctx, g, a, "agents:list", map[string]any{})
	if err != nil {
		return w, err
	}
	there, err := part[presence.List](ctx, g, a, "presence:list", map[string]any{"channelId": r.ChannelID})
	if err != nil {
		return w, err
	}
	server := domain.DefaultServer
	if channel, err := part[messaging.ChannelRow](ctx, g, a, "channels:get", map[string]any{"channelId": r.ChannelID}); err == nil {
		server = channel.MessageServerID
	} else if !domain.IsCode(err, domain.NotFound) {
		return w, err
	}
	channels, err := part[messaging.ChannelList](ctx, g, a, "channels:list", map[string]any{"serverId": server})
	if err != nil {
		return w, err
	}
	for _, e := range there.Entities {
		if !slices.ContainsFunc(all.Agents, func(a agents.ListItem) bool { return string(a.ID) == string(e.EntityID) }) {
			w.Users = append(w.Users, WorldUser{ID: e.EntityID, Name: e.Name, Sockets: e.Sockets})
		}
	}
	w.Agents = append(w.Agents, all.Agents...)
	w.Channels = append(w.Channels, channels.Channels...)
	w.Messages = append(w.Messages, history.Messages...)
	return w, nil
}

// part is the answer of an operation, as the caller gets it; the zero value where the
// server has no such operation.
func part[T any](ctx context.Context, g *Gateway, a domain.Actor, name string, request map[string]any) (out T, err error) {
	o := g.registry.Lookup(name)
	if o == nil {
		return out, nil
	}
	body, err := json.Marshal(request)
	if err != nil {
		return out, err
	}
	answer, failure := o.Call(ctx, a, op.Input{Body: body})
	if failure != nil {
		return out, failure
	}
	out, _ = answer.(T)
	return out, nil
}

// onWorldState answers with the event world-state, and the ack.
func (s *session) onWorldState(body json.RawMessage, e *sio.Event) {
	s.run(s.gateway.registry.Lookup("worlds:state"), e, body, func(res any, failure *domain.Error) {
		if failure != nil {
			s.emit("messageError", newMessageError(body, failure))
			s.failAck(e, failure)
			return
		}
		s.emit("world-state", res)
		s.ack(e, res)
	})
}
