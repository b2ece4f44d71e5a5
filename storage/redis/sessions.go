package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/domain"
)

// Sessions keeps what the sockets of all replicas need to come back, one hash per session
// with the fields generation, identity, owner (who has it now), data, ttl (in ms) and saved
// (Unix ms by Redis's clock); the last three are of the last Save. It is the gateway's vault.
// Safe for concurrent use.
type Sessions struct{ client *Client }

// NewSessions returns the sessions in a Redis.
func NewSessions(c *Client) *Sessions { return &Sessions{client: c} }

// takenFor is how long the generation of a session that was taken is kept: a process that
// slept so long finds its connections gone.
const takenFor = 10 * time.Minute

// saveSession keeps a session unless somebody has taken it since.
var saveSession = redis.NewScript(`
local there = redis.call('HGET', KEYS[1], 'generation')
if there and tonumber(there) > tonumber(ARGV[1]) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'identity', ARGV[2], 'owner', ARGV[3], 'ttl', ARGV[4], 'data', ARGV[5], 'saved', now)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`)

// takeSession hands a session out and raises its generation. What was saved stays until the
// one who has it now saves: should that one die before, or its answer be lost, the session is
// not.
var takeSession = redis.NewScript(`
local there = redis.call('HMGET', KEYS[1], 'generation', 'identity', 'ttl', 'data', 'saved')
if not there[4] or there[1] ~= ARGV[1] or there[2] ~= ARGV[2] then return false end
local time = redis.call('TIME')
local age = math.max(0, time[1] * 1000 + math.floor(time[2] / 1000) - there[5])
if age > tonumber(there[3]) then return false end
redis.call('HSET', KEYS[1], 'generation', tonumber(there[1]) + 1, 'owner', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {there[4], age}`)

// dropSession forgets a session unless somebody has taken it since.
var dropSession = redis.NewScript(`
local there = redis.call('HGET', KEYS[1], 'generation')
if there and tonumber(there) <= tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end
return 1`)

// sessionKey is where a session is.
func sessionKey(key string) []string { return []string{"parley:session:" + key} }

// Save keeps data for ttl; kept is false if the session is of a higher generation by now.
func (s *Sessions) Save(ctx context.Context, key, identity, owner string, generation int64, ttl time.Duration, data []byte) (kept bool, err error) {
	n, err := saveSession.Run(ctx, s.client.redis, sessionKey(key), generation, identity, owner, ttl.Milliseconds(), data).Int()
	return n == 1, fault(err)
}

// Look tells who has a session of an identity, and its generation.
func (s *Sessions) Look(ctx context.Context, key, identity string) (owner string, generation int64, found bool, err error) {
	var there struct {
		Generation int64  `redis:"generation"`
		Identity   string `redis:"identity"`
		Owner      string `redis:"owner"`
	}
	if err := s.client.redis.HMGet(ctx, sessionKey(key)[0], "generation", "identity", "owner").Scan(&there); err != nil {
		return "", 0, false, fault(err)
	}
	if there.Owner == "" || there.Identity != identity {
		return "", 0, false, nil
	}
	return there.Owner, there.Generation, true, nil
}

// Take hands a session of a generation out to its next owner, once, with how long ago it was
// saved.
func (s *Sessions) Take(ctx context.Context, key, identity, owner string, generation int64) (data []byte, age time.Duration, found bool, err error) {
	answer, err := takeSession.Run(ctx, s.client.redis, sessionKey(key), generation, identity, takenFor.Milliseconds(), owner).Slice()
	if errors.Is(err, redis.Nil) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, fault(err)
	}
	text, okText := answer[0].(string)
	ms, okAge := answer[1].(int64)
	if !okText || !okAge {
		return nil, 0, false, domain.Wrap(domain.Internal, fmt.Errorf("answer of %T and %T", answer[0], answer[1]), "The session cannot be read")
	}
	return []byte(text), time.Duration(ms) * time.Millisecond, true, nil
}

// Drop forgets a session unless it is of a higher generation.
func (s *Sessions) Drop(ctx context.Context, key string, generation int64) error {
	return fault(dropSession.Run(ctx, s.client.redis, sessionKey(key), generation).Err())
}
