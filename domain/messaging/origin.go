package messaging

import "parley/domain"

// socketKey is where a message says which socket sent it. Only the server may say that: the
// socket gets the message with its own id instead of the room's, so who names another's
// would keep the message from it.
const socketKey = "socket_id"

// metadataOf is what a caller says of a message, to be changed freely.
func metadataOf(given domain.Metadata) domain.Metadata {
	m := given.Clone()
	delete(m, socketKey)
	return m
}

// withMetadata is m with the values that a caller gives to some keys.
func (m Message) withMetadata(given domain.Metadata) Message {
	m.Metadata = m.Metadata.Clone()
	for key, value := range metadataOf(given) {
		m.Metadata[key] = value
	}
	return m
}
