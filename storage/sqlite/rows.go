package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"

	"parley/domain"
	"parley/domain/messaging"
)

// messageColumns are the columns that scanMessage reads.
const messageColumns = `m.place, m.revised, m.id, m.dedupe, m.created_at, m.updated_at, m.deleted, m.server, m.author,
	m.author_name, m.in_reply_to, m.source_type, m.source_id, m.awaiting, m.metadata, m.raw, m.content, m.upto`

// messageWidth is how many columns these are.
const messageWidth = 18

// clearEntry is the value of messages.deleted in the entry of a clear.
const clearEntry = 2

// scanMessage reads a row of messageColumns.
func scanMessage(r row, channel domain.ChannelID) (messaging.Message, error) {
	m := messaging.Message{
		Seq: numberOf(r.int(0)), Rev: numberOf(r.int(1)), ID: domain.MessageID(r.text(2)), ChannelID: channel,
		Dedupe: r.text(3), CreatedAt: domain.FromMillis(r.int(4)), UpdatedAt: domain.FromMillis(r.int(5)),
		Deleted: r.int(6) == 1, ServerID: domain.ServerID(r.text(7)), AuthorID: domain.EntityID(r.text(8)),
		AuthorName: r.text(9), InReplyTo: domain.MessageID(r.text(10)), SourceType: r.text(11), SourceID: r.text(12),
		Raw: r.json(15), Content: r.text(16),
	}
	if r.int(6) == clearEntry {
		m.Kind, m.Upto = messaging.KindClear, r.int(17)
	}
	if err := decode(r.json(13), &m.Awaiting); err != nil {
		return m, fmt.Errorf("read awaiting of message %s: %w", m.ID, err)
	}
	if err := decode(r.json(14), &m.Metadata); err != nil {
		return m, fmt.Errorf("read metadata of message %s: %w", m.ID, err)
	}
	return m, nil
}

// covered is m as a clear left it: a message that it covers is a tombstone, also while
// its row has not followed.
func covered(m messaging.Message, cleared int64) messaging.Message {
	if m.Seq > cleared || m.Deleted || m.Kind != messaging.KindPost {
		return m
	}
	return m.Tombstone()
}

// decode reads stored JSON into to; NULL leaves it as it is.
func decode(data []byte, to any) error {
	if data == nil {
		return nil
	}
	return json.Unmarshal(data, to)
}

// encode is the stored JSON of v. Texts stay as they are, < and > included.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", domain.Wrap(domain.Invalid, err, "The value has no JSON form")
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// encodeMetadata is the stored form of m, nil for nil. Package json would compact the
// values, but clients rely on getting back what they sent, byte for byte.
func encodeMetadata(m domain.Metadata) (any, error) {
	if m == nil {
		return nil, nil
	}
	size := 2
	for key, value := range m {
		size += len(key) + len(value) + 8
	}
	b := append(make([]byte, 0, size), '{')
	for key, value := range m {
		if !json.Valid(value) {
			return nil, domain.Errorf(domain.Invalid, "The metadata's value of %q is not JSON", key)
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, domain.Wrap(domain.Invalid, err, "The metadata has no JSON form")
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return string(append(b, '}')), nil
}

// encodeAgents is the stored form of a list of agents, nil for none.
func encodeAgents(agents []domain.AgentID) (any, error) {
	if len(agents) == 0 {
		return nil, nil
	}
	return encode(agents)
}

// encodeRaw is the stored form of a payload, nil for nil.
func encodeRaw(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}
