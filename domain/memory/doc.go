// Package memory holds what agents know: their worlds, rooms and entities, which are
// message servers, channels and authors as one agent sees them, and the memories that they
// have there.
//
// # The agent's side of a message
//
// Everything here belongs to one agent and is named by (agent, id): the ids of worlds,
// rooms, authors and memories are derived from the central ones (domain.UniqueUUID), so
// that writing them again after a crash changes nothing, and each keeps the central id that
// it came from, which is the way back. A memory belongs to a table (messages, facts,
// documents or any other name), a room and an entity; the agent's own entity has the
// agent's id.
//
// Received, Replied and Ignored write what an agent sees and says; Joined, through a
// bounded queue that Run serves, who comes into a channel. Whatever is written with a
// memory (world, room, entities, participants) is one Scene and one call of the store.
//
// # How things go away
//
// The Service hangs on messages and channels (messaging.Dependents) and on agents
// (AgentDeleted). Rows go in batches, so that others write in between. What was written
// while its message was being deleted is found by looking at the message again after the
// write: either the deletion is seen there, or it came later and finds the memory. The same
// holds for edits, whose text the memory follows (MessageEdited). Writes
// for an agent hold a lock that AgentDeleted takes before it begins, after the agent is
// known no more.
//
// # Why it is so
//
// A world or room id may be given by a caller and shared by several agents (groups), and
// an entity joins under its central id: only the pair with the agent is unique. Groups are
// not stored: the rooms of a group carry its id, so that no deletion can leave an empty one.
//
// The participants of a room are documents of their own, as a lobby has any number of
// them. Embeddings are kept and returned, but not made and not searched here.
package memory
