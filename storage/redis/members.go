package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/domain"
	"parley/domain/cluster"
)

// The keys of the list of members, on one node of a Redis Cluster.
const (
	membersKey = "parley:{members}"
	secretKey  = "parley:{members}:secret" //nolint:gosec // the name of a key, no secret
)

// secretLifetime is how long the secret of the replicas outlives the last of them.
const secretLifetime = 30 * 24 * time.Hour

var _ cluster.Store = (*Members)(nil)

// Members keeps the list of replicas: one hash, whose fields are "<end of life in ms> <instance>
// <beat> <entry>". The clock is that of Redis.
type Members struct{ client *Client }

// NewMembers returns the list that is kept in the client's Redis.
func NewMembers(c *Client) *Members { return &Members{client: c} }

// announceScript does one round. KEYS: the members, the secret. ARGV: name, instance, beat,
// entry, life of the entry in ms, instance and beat of the entry that may be replaced, secret
// to propose or "", life of the secret in ms. It returns {0, holder's entry} if another
// instance has the name, else {1, 1 if the entry was there, secret or "", all entries ...}.
var announceScript = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields = redis.call('HGETALL', KEYS[1])
local answer = {1, 0, '', ARGV[4]}
for i = 1, #fields, 2 do
  local ends, instance, beat, entry = string.match(fields[i + 1], '^(%d+) (%S+) (%d+) (.*)$')
  if not ends or tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], fields[i])
  elseif fields[i] ~= ARGV[1] then
    answer[#answer + 1] = entry
  elseif instance == ARGV[2] then
    answer[2] = 1
  elseif instance ~= ARGV[6] or beat ~= ARGV[7] then
    return {0, entry}
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %s %s %s', now + ARGV[5], ARGV[2], ARGV[3], ARGV[4]))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if ARGV[8] ~= '' then
  redis.call('SET', KEYS[2], ARGV[8], 'NX')
  redis.call('PEXPIRE', KEYS[2], ARGV[9])
  answer[3] = redis.call('GET', KEYS[2])
end
return answer
`)

// withdrawScript removes an entry if it is this instance's. KEYS: the members. ARGV: name, instance.
var withdrawScript = redis.NewScript(`
local field = redis.call('HGET', KEYS[1], ARGV[1])
if field and string.match(field, '^%d+ (%S+) ') == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 0
`)

// Announce is part of cluster.Store.
func (m *Members) Announce(ctx context.Context, a cluster.Announcement) (cluster.Round, error) {
	entry, err := json.Marshal(a.Member)
	if err != nil {
		return cluster.Round{}, fmt.Errorf("encode the entry of a replica: %w", err)
	}
	reply, err := announceScript.Run(ctx, m.client.redis, []string{membersKey, secretKey},
		a.Member.Name, a.Member.Instance, a.Member.Beat, entry, a.TTL.Milliseconds(),
		a.Instead.Instance, a.Instead.Beat, a.Secret.Reveal(), secretLifetime.Milliseconds()).Slice()
	if err != nil {
		return cluster.Round{}, fault(err)
	}
	return parseRound(reply)
}

// Withdraw is part of cluster.Store.
func (m *Members) Withdraw(ctx context.Context, member cluster.Member) error {
	return fault(withdrawScript.Run(ctx, m.client.redis, []string{membersKey}, member.Name, member.Instance).Err())
}

// errRound says that the script's answer has no form that it gives.
var errRound = errors.New("the list of replicas cannot be read")

// parseRound reads what announceScript returned.
func parseRound(reply []any) (cluster.Round, error) {
	var round cluster.Round
	if len(reply) == 2 {
		holder, err := parseMember(reply[1])
		round.Holder = &holder
		return round, err
	}
	if len(reply) < 4 {
		return round, errRound
	}
	secret, _ := reply[2].(string)
	round.Known, round.Secret = reply[1] == int64(1), domain.Secret(secret)
	for _, entry := range reply[3:] {
		member, err := parseMember(entry)
		if err != nil {
			return round, err
		}
		round.Members = append(round.Members, member)
	}
	return round, nil
}

// parseMember reads an entry.
func parseMember(entry any) (cluster.Member, error) {
	var member cluster.Member
	text, ok := entry.(string)
	if !ok || json.Unmarshal([]byte(text), &member) != nil {
		return member, errRound
	}
	return member, nil
}
