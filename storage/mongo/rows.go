package mongo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"

	"parley/domain"
	"parley/domain/messaging"
)

// messageDoc is an entry of a channel's log: a message, a tombstone or a clear. What is
// empty is left out.
type messageDoc struct {
	ID string `bson:"_id"`
	// Channel is the channel's key, not its id: see channelDoc.
	Channel int64 `bson:"ch"`
	Seq     int64 `bson:"seq"`
	Rev     int64 `bson:"rev"`
	// Numbers are all numbers that the entry has had: unique, so that none is used again.
	Numbers []int64       `bson:"numbers"`
	Dedupe  string        `bson:"dedupe"`
	At      bson.DateTime `bson:"at"`
	Updated bson.DateTime `bson:"updated"`
	// Live is 1 in a message that is not deleted.
	Live int64 `bson:"live,omitempty"`
	// Clear says that the entry is a clear up to Upto; Clears is Channel once more until
	// the messages have followed it.
	Clear  bool  `bson:"clear,omitempty"`
	Upto   int64 `bson:"upto,omitempty"`
	Clears int64 `bson:"clears,omitempty"`
	// Untold is 1 while dependents may not have heard of a change.
	Untold int64 `bson:"untold,omitempty"`
	// Awaiting are agents; beside it, Owing is Channel once more, and Owed the place in the
	// order of duties, which is that of Seq within a channel.
	Awaiting []string `bson:"awaiting,omitempty"`
	Owing    int64    `bson:"owing,omitempty"`
	Owed     string   `bson:"owed,omitempty"`
	// Change is the last change's own id, by which its writer knows whether it was done.
	Change     string  `bson:"change,omitempty"`
	Server     string  `bson:"server,omitempty"`
	Author     string  `bson:"author,omitempty"`
	AuthorName string  `bson:"authorName,omitempty"`
	InReplyTo  string  `bson:"inReplyTo,omitempty"`
	SourceType string  `bson:"sourceType,omitempty"`
	SourceID   string  `bson:"sourceId,omitempty"`
	Metadata   *string `bson:"metadata,omitempty"`
	Raw        *string `bson:"raw,omitempty"`
	Content    string  `bson:"content,omitempty"`
}

// newMessageDoc is m without what the store assigns.
func newMessageDoc(m messaging.Message) (messageDoc, error) {
	metadata, err := encodeMetadata(m.Metadata)
	if err != nil {
		return messageDoc{}, err
	}
	return messageDoc{
		ID: string(m.ID), Dedupe: m.Dedupe, Live: 1, Awaiting: texts(m.Awaiting), Server: string(m.ServerID), Author: string(m.AuthorID),
		AuthorName: m.AuthorName, InReplyTo: string(m.InReplyTo), SourceType: m.SourceType, SourceID: m.SourceID,
		Metadata: metadata, Raw: encodeRaw(m.Raw), Content: m.Content,
	}, nil
}

// assign gives the entry its number and time.
func (d *messageDoc) assign(channel, number int64, at bson.DateTime) {
	d.Channel, d.Seq, d.Rev, d.Numbers, d.At, d.Updated = channel, number, number, []int64{number}, at, at
	if len(d.Awaiting) > 0 {
		d.Owing, d.Owed = channel, owed(int64(at), d.ID)
	}
}

// owed is a place in the order of duties: by time, then by id. Bytes compare as these do.
func owed(at int64, id string) string { return fmt.Sprintf("%016x:%s", uint64(max(at, 0)), id) }

// message is the entry in a channel, as the channel's clears have left it.
func (d messageDoc) message(l line) (messaging.Message, error) {
	m := messaging.Message{
		ID: domain.MessageID(d.ID), ChannelID: l.id, ServerID: domain.ServerID(d.Server), Seq: d.Seq, Rev: d.Rev,
		AuthorID: domain.EntityID(d.Author), AuthorName: d.AuthorName, Content: d.Content, InReplyTo: domain.MessageID(d.InReplyTo),
		SourceType: d.SourceType, SourceID: d.SourceID, CreatedAt: timeOf(d.At), UpdatedAt: timeOf(d.Updated), Dedupe: d.Dedupe,
		Awaiting: ids[domain.AgentID](d.Awaiting), Deleted: d.Live == 0 && !d.Clear,
	}
	if d.Clear {
		m.Kind, m.Upto = messaging.KindClear, d.Upto
		return m, nil
	}
	if d.Seq <= l.cleared {
		tomb := m.Tombstone()
		return tomb, nil
	}
	if d.Raw != nil {
		m.Raw = json.RawMessage(*d.Raw)
	}
	if err := decodeJSON(d.Metadata, &m.Metadata); err != nil {
		return m, fmt.Errorf("read metadata of message %s: %w", d.ID, err)
	}
	return m, nil
}

// texts is a list of ids as texts.
func texts[T ~string](list []T) []string {
	var out []string
	for _, id := range list {
		out = append(out, string(id))
	}
	return out
}

// ids is a list of texts as ids, nil for none.
func ids[T ~string](list []string) []T {
	var out []T
	for _, id := range list {
		out = append(out, T(id))
	}
	return out
}

// decodeJSON decodes stored JSON into to; nil leaves it as it is.
func decodeJSON(data *string, to any) error {
	if data == nil {
		return nil
	}
	return json.Unmarshal([]byte(*data), to)
}

// encodeMetadata is the stored form of m, nil for nil: JSON, as MongoDB's own documents
// would not keep the values byte for byte, on which clients rely.
func encodeMetadata(m domain.Metadata) (*string, error) {
	if m == nil {
		return nil, nil
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for key, value := range m {
		if !json.Valid(value) {
			return nil, domain.Errorf(domain.Invalid, "The metadata's value of %q is not JSON", key)
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, domain.Wrap(domain.Invalid, err, "The metadata has no JSON form")
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	text := b.String()
	return &text, nil
}

// encodeRaw is the stored form of a payload, nil for nil.
func encodeRaw(raw json.RawMessage) *string {
	if raw == nil {
		return nil
	}
	text := string(raw)
	return &text
}

// beforeAll and afterAll bound nothing.
const (
	beforeAll = bson.DateTime(math.MinInt64)
	afterAll  = bson.DateTime(math.MaxInt64)
)
