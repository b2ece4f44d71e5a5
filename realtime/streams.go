package realtime

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/agents"
)

// streamShards is over how many locks the channels with open answers are spread.
const streamShards = 64

// streams are the answers that arise, so that who joins in the middle of one gets what
// was said so far. They are in memory only: after a crash the turn begins again, under a
// higher attempt.
type streams struct {
	seed   maphash.Seed
	shards [streamShards]streamShard
}

// streamShard holds the open answers of some channels. Its lock is held while a chunk
// goes to a room and while a socket enters one, so that for each socket a chunk is
// either in what it is told at the join or comes after it.
type streamShard struct {
	mu   sync.Mutex
	open map[domain.ChannelID][]*openAnswer
}

// openAnswer is an answer that arises.
type openAnswer struct {
	last agents.Chunk
	text strings.Builder
	// own says that it arises here; heard is when another replica told of it last.
	own   bool
	heard time.Time
	// first is the index of the first chunk that is known of an answer whose beginning is not,
	// 0 for all others; pieces are its chunks from there on.
	first  int
	pieces []string
}

// hear notes that another replica has told of an attempt at the answer, unless this one is at
// that attempt or a later one itself.
func (a *openAnswer) hear(attempt int64, now time.Time) {
	if !a.own && a.last.Attempt <= attempt {
		a.heard = now
	}
}

// newStreams returns no open answers.
func newStreams() *streams {
	s := &streams{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].open = map[domain.ChannelID][]*openAnswer{}
	}
	return s
}

// shard is where a channel's answers are.
func (s *streams) shard(channel domain.ChannelID) *streamShard {
	return &s.shards[maphash.String(s.seed, string(channel))%streamShards]
}

// find returns an open answer of the channel. The caller holds the lock.
func (s *streamShard) find(channel domain.ChannelID, answer domain.MessageID) *openAnswer {
	for _, a := range s.open[channel] {
		if a.last.MessageID == answer {
			return a
		}
	}
	return nil
}

// add notes a chunk. One of a higher attempt begins the answer anew; after one that is
// missing its beginning is not known any more. The caller holds the lock.
func (s *streamShard) add(c agents.Chunk) *openAnswer {
	a := s.find(c.ChannelID, c.MessageID)
	switch {
	case a == nil || a.last.Attempt < c.Attempt:
		s.remove(c.ChannelID, c.MessageID)
		a = &openAnswer{first: c.Index}
		s.open[c.ChannelID] = append(s.open[c.ChannelID], a)
	case a.last.Attempt > c.Attempt || c.Index <= a.last.Index:
		return a // it has come already
	case c.Index > a.last.Index+1:
		a.text.Reset()
		a.first, a.pieces = c.Index, nil
	}
	a.last = c
	if a.first == 0 {
		a.text.WriteString(c.Text)
	} else if len(a.pieces) < maxPieces {
		a.pieces = append(a.pieces, c.Text)
	}
	return a
}

// maxPieces bounds the chunks that are kept of an answer whose beginning is not known.
const maxPieces = 4096

// begin gives an answer its beginning, as the replica where it arises tells it. The caller
// holds the lock.
func (s *streamShard) begin(channel domain.ChannelID, so streamSoFar) *openAnswer {
	a := s.find(channel, so.MessageID)
	if a != nil && (a.last.Attempt > so.Attempt || a.last.Attempt == so.Attempt && !a.lacks(so.Index)) {
		return a // it has begun anew since, or there is nothing to add, or what is between is missing
	}
	var rest []string
	last := so.Index - 1
	if a != nil && a.last.Attempt == so.Attempt && a.last.Index >= so.Index {
		rest, last = a.pieces[min(so.Index-a.first, len(a.pieces)):], a.last.Index
	}
	s.remove(channel, so.MessageID)
	a = &openAnswer{last: agents.Chunk{ChannelID: channel, AgentID: so.AgentID, Name: so.AgentName, MessageID: so.MessageID,
		Question: so.InReplyTo, Attempt: so.Attempt, Index: last}}
	a.text.WriteString(so.Text)
	for _, piece := range rest {
		a.text.WriteString(piece)
	}
	s.open[channel] = append(s.open[channel], a)
	return a
}

// lacks reports whether a text of so many chunks from the beginning adds to what is known.
// What is known from the beginning may be of a time when this replica heard of the channel
// before.
func (a *openAnswer) lacks(chunks int) bool {
	if a.first == 0 {
		return a.last.Index+1 < chunks
	}
	return a.first <= chunks
}

// expire forgets the answers of other replicas of which nothing has come for long. The caller
// holds the lock.
func (s *streamShard) expire(channel domain.ChannelID, now time.Time) {
	s.drop(channel, func(a *openAnswer) bool { return !a.heard.IsZero() && now.Sub(a.heard) > remoteAnswerFor })
}

// remove forgets an answer. The caller holds the lock.
func (s *streamShard) remove(channel domain.ChannelID, answer domain.MessageID) {
	s.drop(channel, func(a *openAnswer) bool { return a.last.MessageID == answer })
}

// drop forgets answers of a channel. The caller holds the lock.
func (s *streamShard) drop(channel domain.ChannelID, gone func(*openAnswer) bool) {
	left := slices.DeleteFunc(s.open[channel], gone)
	if len(left) == 0 {
		delete(s.open, channel)
	} else {
		s.open[channel] = left
	}
}

// snapshot are the channel's open answers whose beginning is known, as a join tells them;
// own leaves out those of other replicas. The caller holds the lock.
func (s *streamShard) snapshot(channel domain.ChannelID, own bool) []streamSoFar {
	list := make([]streamSoFar, 0, len(s.open[channel]))
	for _, a := range s.open[channel] {
		if a.first > 0 || own && !a.heard.IsZero() {
			continue
		}
		list = append(list, streamSoFar{MessageID: a.last.MessageID, AgentID: a.last.AgentID, AgentName: a.last.Name,
			InReplyTo: a.last.Question, Attempt: a.last.Attempt, Index: a.last.Index + 1, Text: a.text.String()})
	}
	slices.SortFunc(list, func(a, b streamSoFar) int { return cmp.Compare(a.MessageID, b.MessageID) })
	return list
}

// streamSoFar is an open answer in the answer to a join.
type streamSoFar struct {
	MessageID domain.MessageID `json:"messageId"`
	AgentID   domain.AgentID   `json:"agentId"`
	AgentName string           `json:"agentName"`
	InReplyTo domain.MessageID `json:"inReplyTo"`
	Attempt   int64            `json:"attempt"`
	// Index is the number of the next chunk.
	Index int    `json:"index"`
	Text  string `json:"text"`
}

// streamChunk is the payload of messageStreamChunk.
type streamChunk struct {
	MessageID domain.MessageID `json:"messageId"`
	Chunk     string           `json:"chunk"`
	Index     int              `json:"index"`
	Attempt   int64            `json:"attempt"`
	AgentID   domain.AgentID   `json:"agentId"`
	AgentName string           `json:"agentName"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	InReplyTo domain.MessageID `json:"inReplyTo"`
}

// streamError is the payload of messageStreamError.
type streamError struct {
	MessageID   domain.MessageID `json:"messageId"`
	ChannelID   domain.ChannelID `json:"channelId"`
	RoomID      domain.ChannelID `json:"roomId"`
	AgentID     domain.AgentID   `json:"agentId"`
	InReplyTo   domain.MessageID `json:"inReplyTo"`
	Error       string           `json:"error"`
	PartialText string           `json:"partialText,omitempty"`
}

// Streamed brings one more chunk of an answer to the channel's room.
func (g *Gateway) Streamed(c agents.Chunk) {
	shard := g.streams.shard(c.ChannelID)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if a := shard.add(c); a.last.Attempt == c.Attempt {
		a.own, a.heard = true, time.Time{}
	}
	g.toRoom(c.ChannelID, "messageStreamChunk", "", newStreamChunk(c))
}

// newStreamChunk is the wire form of a chunk.
func newStreamChunk(c agents.Chunk) streamChunk {
	return streamChunk{MessageID: c.MessageID, Chunk: c.Text, Index: c.Index, Attempt: c.Attempt, AgentID: c.AgentID, AgentName: c.Name,
		ChannelID: c.ChannelID, RoomID: c.ChannelID, InReplyTo: c.Question}
}

// chunk is what the wire form says.
func (c streamChunk) chunk() agents.Chunk {
	return agents.Chunk{ChannelID: c.ChannelID, AgentID: c.AgentID, Name: c.AgentName, MessageID: c.MessageID, Question: c.InReplyTo,
		Attempt: c.Attempt, Index: c.Index, Text: c.Chunk}
}

// StreamEnded forgets an answer whose turn is over, on all replicas; the message itself, if
// there is one, has ended its stream before. One that another replica has begun anew is not
// over.
func (g *Gateway) StreamEnded(channel domain.ChannelID, answer domain.MessageID) {
	shard := g.streams.shard(channel)
	shard.mu.Lock()
	a := shard.find(channel, answer)
	own := a != nil && a.own
	if own {
		shard.remove(channel, answer)
	}
	shard.mu.Unlock()
	if own {
		g.tellReplicas(note{Kind: noteStreamEnded, Channel: channel, Message: answer, Number: a.last.Attempt})
	}
}

// streamEndedThere forgets an answer whose turn is over at another replica, unless it was begun
// anew since.
func (g *Gateway) streamEndedThere(n note) {
	shard := g.streams.shard(n.Channel)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if a := shard.find(n.Channel, n.Message); a != nil && a.last.Attempt <= n.Number {
		shard.remove(n.Channel, n.Message)
	}
}

// endStream forgets an answer here.
func (g *Gateway) endStream(channel domain.ChannelID, answer domain.MessageID) {
	shard := g.streams.shard(channel)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.remove(channel, answer)
}

// Failed tells the room that an agent could not answer, and what had been said by then.
func (g *Gateway) Failed(f agents.Failure) {
	shard := g.streams.shard(f.ChannelID)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	told := streamError{MessageID: f.MessageID, ChannelID: f.ChannelID, RoomID: f.ChannelID, AgentID: f.AgentID,
		InReplyTo: f.Question, Error: f.Error}
	if a := shard.find(f.ChannelID, f.MessageID); a != nil {
		told.PartialText = a.text.String()
		shard.remove(f.ChannelID, f.MessageID)
	}
	g.toRoom(f.ChannelID, "messageStreamError", "", told)
}

// enterHearing puts the socket into the channel's room and returns the answers that
// arise there at that moment.
func (s *session) enterHearing(channel domain.ChannelID, head int64) (fresh bool, open []streamSoFar, err error) {
	shard := s.gateway.streams.shard(channel)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if fresh, err = s.enter(channel, head); err != nil {
		return false, nil, err
	}
	shard.expire(channel, s.gateway.opts.Now())
	return fresh, shard.snapshot(channel, false), nil
}
