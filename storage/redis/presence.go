package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/domain"
	"parley/domain/presence"
)

var _ presence.Registry = (*Presence)(nil)

// presenceFor is how long what a process has noted counts without being refreshed.
const presenceFor = time.Minute

// maxBuried is how many channels of a dead process one call buries.
const maxBuried = 50

// Presence notes who is in which channel. A channel has a hash with a field for each process
// and entity, `<process>\0<entity>`, whose value is `<sockets>\0<since in ms>\0<name>`, and a set
// of the entities of whom its room was told that they are there. A process has a set of its
// channels, and there is one of all processes. Safe for concurrent use.
type Presence struct{ client *Client }

// NewPresence returns the notes in a Redis.
func NewPresence(c *Client) *Presence { return &Presence{client: c} }

// presenceLua begins the scripts of presence: of the entities of a list, told of until now,
// it returns those that no process alive has, with their names.
const presenceLua = `
local seats, told = KEYS[1], KEYS[2]
local function there(entity, from)
  for i = from, #ARGV do
    if redis.call('HEXISTS', seats, ARGV[i] .. '\0' .. entity) == 1 then return true end
  end
  return false
end
local function own(process)
  local found, prefix = {}, process .. '\0'
  local all = redis.call('HGETALL', seats)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, #prefix) == prefix then
      found[#found + 1] = {string.sub(all[i], #prefix + 1), all[i + 1], all[i]}
    end
  end
  return found
end
`

// settlePresence notes one state and says whether it is news. ARGV: the field, the entity,
// the value or "", the time to live, and the processes that count.
const settlePresence = presenceLua + `
if ARGV[3] == '' then redis.call('HDEL', seats, ARGV[1]) else redis.call('HSET', seats, ARGV[1], ARGV[3]) end
local news
if ARGV[3] ~= '' or there(ARGV[2], 5) then news = redis.call('SADD', told, ARGV[2]) else news = redis.call('SREM', told, ARGV[2]) end
redis.call('PEXPIRE', seats, ARGV[4])
redis.call('PEXPIRE', told, ARGV[4])
return news`

// replacePresence notes the states of a process in place of those it had. ARGV: the process,
// the time to live, the number of states, for each an entity, a value and whether the room was
// told, and the processes that count.
const replacePresence = presenceLua + `
local n, now = tonumber(ARGV[3]), {}
for i = 0, n - 1 do
  local entity = ARGV[4 + 3 * i]
  now[entity] = true
  redis.call('HSET', seats, ARGV[1] .. '\0' .. entity, ARGV[5 + 3 * i])
  if ARGV[6 + 3 * i] == '1' then redis.call('SADD', told, entity) end
end
local gone = {}
for _, seat in ipairs(own(ARGV[1])) do
  if not now[seat[1]] then
    redis.call('HDEL', seats, seat[3])
    if not there(seat[1], 4 + 3 * n) and redis.call('SREM', told, seat[1]) == 1 then
      gone[#gone + 1] = seat[1]
      gone[#gone + 1] = seat[2]
    end
  end
end
redis.call('PEXPIRE', seats, ARGV[2])
redis.call('PEXPIRE', told, ARGV[2])
return gone`

// buryPresence removes what a process has noted, and of whom the room was told and nobody has
// noted anything. ARGV: the process, and those that count.
const buryPresence = presenceLua + `
local gone = {}
for _, seat in ipairs(own(ARGV[1])) do
  redis.call('HDEL', seats, seat[3])
  if not there(seat[1], 2) and redis.call('SREM', told, seat[1]) == 1 then
    gone[#gone + 1] = seat[1]
    gone[#gone + 1] = seat[2]
  end
end
local seated = {}
for _, field in ipairs(redis.call('HKEYS', seats)) do
  seated[string.sub(field, string.find(field, '\0', 1, true) + 1)] = true
end
for _, entity in ipairs(redis.call('SMEMBERS', told)) do
  if not seated[entity] then
    redis.call('SREM', told, entity)
    gone[#gone + 1] = entity
    gone[#gone + 1] = ''
  end
end
return gone`

// presenceKeys are the keys of a channel, in one slot of a cluster.
func presenceKeys(channel domain.ChannelID) []string {
	key := "parley:presence:{" + string(channel) + "}"
	return []string{key, key + ":told"}
}

// presenceOf is the key of a process's channels.
func presenceOf(process string) string { return "parley:presence-of:" + process }

// presenceProcesses is the key of the processes that have noted something.
const presenceProcesses = "parley:presence-processes"

// field is where a process notes an entity.
func (p *Presence) field(entity domain.EntityID) string {
	return p.client.opts.Replica + "\x00" + string(entity)
}

// presenceValue is the form of a state, "" for nobody.
func presenceValue(s presence.State) string {
	if s.Sockets == 0 {
		return ""
	}
	return fmt.Sprintf("%d\x00%d\x00%s", s.Sockets, domain.Millis(s.Since), s.Name)
}

// parsePresence reads a state, that of nobody if it cannot be read.
func parsePresence(channel domain.ChannelID, entity, value string) presence.State {
	s := presence.State{ChannelID: channel, EntityID: domain.EntityID(entity)}
	if parts := strings.SplitN(value, "\x00", 3); len(parts) == 3 {
		ms, _ := strconv.ParseInt(parts[1], 10, 64)
		s.Sockets, _ = strconv.Atoi(parts[0])
		s.Since, s.Name = time.UnixMilli(ms).UTC(), parts[2]
	}
	return s
}

// Put is part of presence.Registry.
func (p *Presence) Put(ctx context.Context, states []presence.State) error {
	_, err := p.client.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, s := range states {
			key := presenceKeys(s.ChannelID)[0]
			if s.Sockets == 0 {
				pipe.HDel(ctx, key, p.field(s.EntityID))
				continue
			}
			pipe.HSet(ctx, key, p.field(s.EntityID), presenceValue(s))
			pipe.PExpire(ctx, key, presenceFor)
		}
		p.note(ctx, pipe, states)
		return nil
	})
	return fault(err)
}

// note notes the channels of states as this process's.
func (p *Presence) note(ctx context.Context, pipe redis.Pipeliner, states []presence.State) {
	own := presenceOf(p.client.opts.Replica)
	for _, s := range states {
		if s.Sockets > 0 {
			pipe.SAdd(ctx, own, string(s.ChannelID))
		}
	}
	p.refresh(ctx, pipe)
}

// refresh keeps the channels of this process from expiring.
func (p *Presence) refresh(ctx context.Context, pipe redis.Pipeliner) {
	pipe.PExpire(ctx, presenceOf(p.client.opts.Replica), presenceFor)
	pipe.SAdd(ctx, presenceProcesses, p.client.opts.Replica)
	pipe.PExpire(ctx, presenceProcesses, presenceFor)
}

// Settle is part of presence.Registry.
func (p *Presence) Settle(ctx context.Context, states []presence.State, alive []string) ([]bool, error) {
	answers := make([]*redis.Cmd, len(states))
	_, err := p.client.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, s := range states {
			args := append([]any{p.field(s.EntityID), string(s.EntityID), presenceValue(s), presenceFor.Milliseconds()}, anys(alive)...)
			answers[i] = pipe.Eval(ctx, settlePresence, presenceKeys(s.ChannelID), args...)
		}
		p.note(ctx, pipe, states)
		return nil
	})
	if err != nil {
		return nil, fault(err)
	}
	news := make([]bool, len(states))
	for i, a := range answers {
		n, err := a.Int()
		if err != nil {
			return nil, fault(err)
		}
		news[i] = n == 1
	}
	return news, nil
}

// anys are texts as arguments.
func anys(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// Replace is part of presence.Registry.
func (p *Presence) Replace(ctx context.Context, channel domain.ChannelID, states []presence.State, alive []string) ([]presence.State, error) {
	args := []any{p.client.opts.Replica, presenceFor.Milliseconds(), len(states)}
	for _, s := range states {
		args = append(args, string(s.EntityID), presenceValue(s), s.Told)
	}
	args = append(args, anys(alive)...)
	gone, err := p.client.redis.Eval(ctx, replacePresence, presenceKeys(channel), args...).StringSlice()
	if err != nil {
		return nil, fault(err)
	}
	_, err = p.client.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		p.note(ctx, pipe, states)
		return nil
	})
	return left(channel, gone), fault(err)
}

// left are the states of who has gone, from entities and values in turn.
func left(channel domain.ChannelID, pairs []string) []presence.State {
	list := make([]presence.State, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, parsePresence(channel, pairs[i], pairs[i+1]))
	}
	return list
}

// Refresh is part of presence.Registry.
func (p *Presence) Refresh(ctx context.Context, channels []domain.ChannelID) error {
	_, err := p.client.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, channel := range channels {
			for _, key := range presenceKeys(channel) {
				pipe.PExpire(ctx, key, presenceFor)
			}
		}
		p.refresh(ctx, pipe)
		return nil
	})
	return fault(err)
}

// Noted is part of presence.Registry.
func (p *Presence) Noted(ctx context.Context) ([]string, error) {
	processes, err := p.client.redis.SMembers(ctx, presenceProcesses).Result()
	if err != nil || len(processes) == 0 {
		return nil, fault(err)
	}
	_, err = p.client.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, process := range processes {
			pipe.PExpire(ctx, presenceOf(process), presenceFor)
		}
		pipe.PExpire(ctx, presenceProcesses, presenceFor)
		return nil
	})
	return processes, fault(err)
}

// Seats is part of presence.Registry.
func (p *Presence) Seats(ctx context.Context, channel domain.ChannelID) (map[string][]presence.State, error) {
	all, err := p.client.redis.HGetAll(ctx, presenceKeys(channel)[0]).Result()
	if err != nil {
		return nil, fault(err)
	}
	seats := map[string][]presence.State{}
	for field, value := range all {
		process, entity, _ := strings.Cut(field, "\x00")
		if s := parsePresence(channel, entity, value); s.Sockets > 0 {
			seats[process] = append(seats[process], s)
		}
	}
	return seats, nil
}

// Bury is part of presence.Registry.
func (p *Presence) Bury(ctx context.Context, process string, alive []string) (gone []presence.State, more bool, err error) {
	channels, err := p.client.redis.SRandMemberN(ctx, presenceOf(process), maxBuried).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, false, fault(err)
	}
	if len(channels) == 0 {
		return nil, false, fault(p.client.redis.SRem(ctx, presenceProcesses, process).Err())
	}
	for _, channel := range channels {
		id := domain.ChannelID(channel)
		pairs, err := p.client.redis.Eval(ctx, buryPresence, presenceKeys(id), append([]any{process}, anys(alive)...)...).StringSlice()
		if err != nil {
			return gone, false, fault(err)
		}
		gone = append(gone, left(id, pairs)...)
	}
	if err := p.client.redis.SRem(ctx, presenceOf(process), anys(channels)...).Err(); err != nil {
		return gone, false, fault(err)
	}
	return gone, true, nil
}
