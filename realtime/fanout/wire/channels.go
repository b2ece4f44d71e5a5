package wire

import "strings"

// DefaultKey begins the names of the channels unless servers are told another.
const DefaultKey = "socket.io"

// Channels are the names of the channels of one namespace as one server sees them.
type Channels struct {
	// Namespace carries broadcasts to several rooms or to all; the channels of rooms
	// begin with it.
	Namespace string
	// Request carries requests to all servers, Response answers to all, and Own answers
	// to this server.
	Request, Response, Own string
}

// NewChannels names the channels of a namespace for the server uid.
func NewChannels(key, namespace, uid string) Channels {
	response := key + "-response#" + namespace + "#"
	return Channels{
		Namespace: key + "#" + namespace + "#",
		Request:   key + "-request#" + namespace + "#",
		Response:  response,
		Own:       response + uid + "#",
	}
}

// Room is the channel of broadcasts to exactly one room.
func (c Channels) Room(room string) string { return c.Namespace + room + "#" }

// For is the channel of a broadcast to rooms.
func (c Channels) For(rooms []string) string {
	if len(rooms) == 1 {
		return c.Room(rooms[0])
	}
	return c.Namespace
}

// RoomOf is the room of a channel of broadcasts, "" if that is the namespace's own; ok is
// false for every other channel.
func (c Channels) RoomOf(channel string) (room string, ok bool) {
	rest, ok := strings.CutPrefix(channel, c.Namespace)
	if !ok || rest == "" {
		return "", ok
	}
	return strings.CutSuffix(rest, "#")
}

// Owners is the pattern of the names of all servers' own channels.
func (c Channels) Owners() string { return escapePattern(c.Response) + "*#" }

// Owner is the server that a channel of answers belongs to, "" if it is nobody's.
func (c Channels) Owner(channel string) string {
	uid, ok := strings.CutPrefix(channel, c.Response)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(uid, "#")
}

// escapePattern makes a name mean itself in a pattern of Redis.
func escapePattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}
