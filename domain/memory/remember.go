package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// maxRaw is how many bytes of a message's payload its memory repeats; one that is larger
// is left out of it.
const maxRaw = 64 << 10

// centralBus is the source of a message that tells none, in the reference's words.
const centralBus = "central-bus"

// actionIgnore is the action of a message that an agent let pass.
const actionIgnore = "IGNORE"

// place says in what words a channel's world and room are made.
type place struct {
	source, worldName, roomName string
	world, room                 domain.Metadata
}

// setting is the scene of a channel as one agent sees it, without anybody but the agent.
// owner is who has a direct conversation with it.
func (s *Service) setting(agent domain.AgentID, agentName string, c messaging.Channel, owner domain.EntityID, p place) Scene {
	now := s.stamp()
	server := cmp.Or(c.ServerID, domain.DefaultServer)
	world := World{
		ID: domain.UniqueUUID[domain.WorldID](agent, string(server)), AgentID: agent, ServerID: string(server),
		Name: cmp.Or(p.worldName, "Server "+string(server)[:8]), Metadata: p.world, CreatedAt: now,
	}
	if c.Type == messaging.TypeDM && owner != "" && owner != domain.EntityID(agent) {
		world.Metadata = p.world.Clone()
		world.Metadata.Set("ownership", map[string]domain.EntityID{"ownerId": owner})
		world.Metadata.Set("roles", map[domain.EntityID]string{owner: "OWNER"})
		world.Metadata.Set("settings", struct{}{})
	}
	room := Room{
		ID: domain.UniqueUUID[domain.RoomID](agent, string(c.ID)), AgentID: agent, WorldID: world.ID, ServerID: string(server),
		ChannelID: c.ID, Name: cmp.Or(c.Name, p.roomName, "Channel "+string(c.ID)[:8]), Source: cmp.Or(p.source, centralBus),
		Type: cmp.Or(c.Type, messaging.TypeGroup), Metadata: p.room, CreatedAt: now,
	}
	return Scene{
		Worlds: []World{world}, Rooms: []Room{room}, Entities: []Entity{s.self(agent, agentName)},
		Participants: []Participant{{AgentID: agent, RoomID: room.ID, EntityID: domain.EntityID(agent), State: Followed}},
	}
}

// admit adds somebody to a scene of one room.
func (scene *Scene) admit(e Entity) {
	scene.Entities = append(scene.Entities, e)
	scene.Participants = append(scene.Participants,
		Participant{AgentID: e.AgentID, RoomID: scene.Rooms[0].ID, EntityID: e.ID, State: Followed})
}

// known is the metadata of an entity as a source knows it.
func known(source, id, name string) domain.Metadata {
	m := domain.Metadata{}
	m.Set(cmp.Or(source, centralBus), struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		UserName string `json:"userName"`
	}{id, name, name})
	return m
}

// MemoryID is the id under which an agent remembers a message.
func MemoryID(agent domain.AgentID, message domain.MessageID) domain.MemoryID {
	return domain.UniqueUUID[domain.MemoryID](agent, string(message))
}

// of is a memory of a message in a scene of one room, without content.
func (scene *Scene) of(m messaging.Message) Memory {
	room := scene.Rooms[0]
	memory := Memory{
		ID: MemoryID(room.AgentID, m.ID), AgentID: room.AgentID, Table: TableMessages, RoomID: room.ID, WorldID: room.WorldID,
		EntityID: domain.UniqueUUID[domain.EntityID](room.AgentID, string(m.AuthorID)), Unique: true, CreatedAt: m.CreatedAt,
		Content: domain.Metadata{}, Metadata: domain.Metadata{},
		Origin: Origin{Message: m.ID, Channel: m.ChannelID, At: m.CreatedAt},
	}
	memory.Metadata.Set("type", "message")
	memory.Metadata.Set("source", cmp.Or(m.SourceType, centralBus))
	memory.Metadata.Set("sourceId", m.ID)
	return memory
}

// Received notes that an agent has seen a message, which must be as it is stored. The same
// again changes nothing, and so does a message that is gone. An agent that is not known
// remembers nothing. Codes: unavailable.
func (s *Service) Received(ctx context.Context, agent domain.AgentID, c messaging.Channel, m messaging.Message) error {
	name, release, known := s.hold(agent)
	if !known {
		return nil
	}
	defer release()
	scene := s.heard(agent, name, c, m)
	memory := scene.of(m)
	memory.Content = received(agent, m)
	memory.Metadata["raw"] = raw(m)
	scene.Memories = []Memory{memory}
	return s.keep(ctx, scene, m)
}

// heard is the scene of a channel in which an agent heard somebody.
func (s *Service) heard(agent domain.AgentID, name string, c messaging.Channel, m messaging.Message) Scene {
	if c.Type == "" {
		c.Type = messaging.ChannelType(m.Metadata.String("channelType"))
	}
	scene := s.setting(agent, name, c, m.AuthorID, place{source: m.SourceType,
		worldName: m.Metadata.String("serverName"), roomName: m.Metadata.String("channelName"),
		world: inner(m.Metadata["serverMetadata"]), room: inner(m.Metadata["channelMetadata"])})
	if m.AuthorID != domain.EntityID(agent) {
		author := cmp.Or(m.AuthorName, "User-"+first8(string(m.AuthorID)))
		scene.admit(Entity{
			ID: domain.UniqueUUID[domain.EntityID](agent, string(m.AuthorID)), AgentID: agent, Names: []string{author},
			Standin: m.AuthorName == "", Metadata: known(m.SourceType, string(m.AuthorID), author), CreatedAt: s.stamp(),
		})
	}
	return scene
}

// inner is an object in JSON, or in a text that is JSON; nil if it is none.
func inner(data json.RawMessage) (m domain.Metadata) {
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = json.RawMessage(text)
	}
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	return m
}

// first8 is the beginning of an id, as names are made of it.
func first8(id string) string { return id[:min(8, len(id))] }

// received is the content of the memory of a message that an agent has seen.
func received(agent domain.AgentID, m messaging.Message) domain.Metadata {
	content := domain.Metadata{}
	content.Set("text", m.Content)
	content.Set("source", cmp.Or(m.SourceType, centralBus))
	if attachments := m.Extras()["attachments"]; attachments != nil {
		content["attachments"] = attachments
	}
	if m.InReplyTo != "" {
		content.Set("inReplyTo", MemoryID(agent, m.InReplyTo))
	}
	return content
}

// raw is the payload of a message with its sender.
func raw(m messaging.Message) json.RawMessage {
	out := domain.Metadata{}
	if len(m.Raw) <= maxRaw {
		out = inner(m.Raw).Clone()
	}
	out.Set("senderName", cmp.Or(m.AuthorName, "User-"+first8(string(m.AuthorID))))
	out.Set("senderId", m.AuthorID)
	data, err := out.MarshalJSON()
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return data
}

// Replied notes what an agent has said: its messages, by their ids, in answer to question.
// They are read from the log; those that are gone are not remembered. The same again
// changes nothing. Codes: unavailable.
func (s *Service) Replied(ctx context.Context, agent domain.AgentID, c messaging.Channel, question messaging.Message, replies []domain.MessageID) error {
	name, release, known := s.hold(agent)
	if !known || len(replies) == 0 {
		if known {
			release()
		}
		return nil
	}
	defer release()
	scene := s.heard(agent, name, c, question)
	var said []messaging.Message
	for _, id := range replies {
		m, err := s.log.Message(ctx, c.ID, id)
		if domain.IsCode(err, domain.NotFound) || err == nil && m.Deleted {
			continue
		}
		if err != nil {
			return err
		}
		memory := scene.of(m)
		memory.Content = replied(agent, m, question.ID)
		said, scene.Memories = append(said, m), append(scene.Memories, memory)
	}
	return s.keep(ctx, scene, said...)
}

// replied is the content of the memory of what an agent has said.
func replied(agent domain.AgentID, m messaging.Message, question domain.MessageID) domain.Metadata {
	content := received(agent, m)
	content.Set("inReplyTo", MemoryID(agent, question))
	extras := m.Extras()
	for _, key := range []string{"thought", "actions"} {
		if value := extras[key]; value != nil {
			content[key] = value
		}
	}
	return content
}

// Ignored notes that an agent has let a message pass, and why. The same again changes
// nothing. Codes: unavailable.
func (s *Service) Ignored(ctx context.Context, agent domain.AgentID, c messaging.Channel, question messaging.Message, why string) error {
	name, release, known := s.hold(agent)
	if !known {
		return nil
	}
	defer release()
	scene := s.heard(agent, name, c, question)
	memory := scene.of(question)
	memory.ID = domain.UniqueUUID[domain.MemoryID](agent, string(question.ID)+":ignored")
	memory.EntityID = domain.EntityID(agent)
	memory.CreatedAt = question.CreatedAt.Add(time.Millisecond) // lists show it after what was ignored
	memory.Content.Set("thought", why)
	memory.Content.Set("actions", []string{actionIgnore})
	memory.Content.Set("inReplyTo", MemoryID(agent, question.ID))
	scene.Memories = []Memory{memory}
	return s.keep(ctx, scene, question)
}

// keep stores a scene with the memories of messages, and then looks whether these are
// still there, and still the same. One that was deleted or edited before is forgotten or
// changed here; with one that is later, that is done by the deletion or the edit, which
// finds the memory.
func (s *Service) keep(ctx context.Context, scene Scene, messages ...messaging.Message) error {
	if len(scene.Memories) == 0 {
		return nil
	}
	if _, err := s.put(ctx, scene); err != nil {
		return err
	}
	for _, m := range messages {
		now, err := s.log.Message(ctx, m.ChannelID, m.ID)
		switch {
		case domain.IsCode(err, domain.NotFound) || err == nil && now.Deleted:
			if err := s.forget(ctx, m); err != nil {
				return err
			}
		case err == nil && now.Rev != m.Rev:
			if err := s.MessageEdited(ctx, m.ChannelID, m.ID); err != nil {
				return err
			}
		case err != nil:
			return err
		}
	}
	return nil
}

// forget removes the memories of a message that is gone, and those of its channel and its
// server if these are gone too.
func (s *Service) forget(ctx context.Context, m messaging.Message) error {
	_, err := s.log.Channel(ctx, m.ChannelID)
	if domain.IsCode(err, domain.NotFound) {
		return s.forgetChannel(ctx, m.ChannelID, m.ServerID)
	}
	if err != nil {
		return err
	}
	return s.MessageDeleted(ctx, m.ChannelID, m.ID)
}

// forgetChannel removes the memories of a channel that is gone, and the worlds of its
// server if that is gone too: its deletion may not have found the one just written.
func (s *Service) forgetChannel(ctx context.Context, id domain.ChannelID, server domain.ServerID) error {
	if err := s.ChannelDeleted(ctx, id); err != nil || server == "" {
		return err
	}
	_, err := s.log.Server(ctx, server)
	if domain.IsCode(err, domain.NotFound) {
		return s.ServerDeleted(ctx, server)
	}
	return err
}
