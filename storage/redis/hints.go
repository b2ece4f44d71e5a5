package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/domain"
	"parley/domain/agents"
)

// The queue of hints. All of it is one key.
const (
	hintsKey   = "parley:hints"
	hintsGroup = "agents"
	// maxHints is about how many hints are kept; the oldest go first.
	maxHints = 10_000
	// hintsTTL is how long the queue is kept when nobody takes from it.
	hintsTTL = 24 * time.Hour
	// hintsBlock is how long Take waits for hints: longer would hold up a replica that stops.
	hintsBlock = 500 * time.Millisecond
	// claimAfter is how long a hint may be unfinished until another replica takes it; it is
	// longer than a lease lasts.
	claimAfter = 20 * time.Second
	// deadAfter is how long a consumer that asks for nothing is kept.
	deadAfter = 10 * time.Minute
)

// reapConsumers removes consumers of replicas that are gone, unless they still have hints:
// those are claimed first. KEYS: the queue. ARGV: the group, the milliseconds of silence.
var reapConsumers = redis.NewScript(`
local reaped = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for i = 1, #consumer, 2 do about[consumer[i]] = consumer[i + 1] end
  if about['pending'] == 0 and about['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about['name'])
    reaped = reaped + 1
  end
end
return reaped`)

var _ agents.Hints = (*Hints)(nil)

// Hints is the queue of hints that replicas share: a stream with one consumer group, in
// which each replica is a consumer.
type Hints struct {
	client *Client
	claim  time.Duration
	dead   time.Duration

	mu sync.Mutex
	// claimed is when this replica has looked for unfinished hints last.
	claimed time.Time
}

// NewHints returns the queue of a cluster. claim is how long a hint may be unfinished, 0
// meaning 20 s.
func NewHints(c *Client, claim time.Duration) *Hints {
	h := &Hints{client: c, claim: claim, dead: deadAfter}
	if claim == 0 {
		h.claim = claimAfter
	}
	return h
}

// Put is part of agents.Hints.
func (h *Hints) Put(ctx context.Context, lanes ...agents.Lane) error {
	if len(lanes) == 0 {
		return nil
	}
	_, err := h.client.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, l := range lanes {
			p.XAdd(ctx, &redis.XAddArgs{Stream: hintsKey, MaxLen: maxHints, Approx: true,
				Values: []string{"lane", string(l.Agent) + " " + string(l.Channel)}})
		}
		p.PExpire(ctx, hintsKey, hintsTTL)
		return nil
	})
	return fault(err)
}

// Take is part of agents.Hints.
func (h *Hints) Take(ctx context.Context, most int) ([]agents.Hint, error) {
	found, err := h.reclaim(ctx, most)
	if err == nil && len(found) == 0 {
		found, err = h.read(ctx, most)
	}
	if err != nil && strings.Contains(err.Error(), "NOGROUP") { // the first one, or Redis has lost everything
		return nil, h.group(ctx)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil //nolint:nilerr // nothing was taken, or it comes to somebody else
		}
		return nil, fault(err)
	}
	return h.hints(ctx, found)
}

// read waits for new hints.
func (h *Hints) read(ctx context.Context, most int) ([]redis.XMessage, error) {
	streams, err := h.client.redis.XReadGroup(ctx, &redis.XReadGroupArgs{Group: hintsGroup, Consumer: h.client.opts.Replica,
		Streams: []string{hintsKey, ">"}, Count: int64(most), Block: hintsBlock}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []redis.XMessage
	for _, s := range streams {
		found = append(found, s.Messages...)
	}
	return found, nil
}

// reclaim takes over, now and then, what others have not finished, and removes the
// consumers that are gone.
func (h *Hints) reclaim(ctx context.Context, most int) ([]redis.XMessage, error) {
	h.mu.Lock()
	due := time.Since(h.claimed) >= h.claim/4
	if due {
		h.claimed = time.Now()
	}
	h.mu.Unlock()
	if !due {
		return nil, nil
	}
	found, _, err := h.client.redis.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: hintsKey, Group: hintsGroup,
		Consumer: h.client.opts.Replica, MinIdle: h.claim, Start: "0-0", Count: int64(most)}).Result()
	if err != nil {
		return nil, err
	}
	if len(found) == most { // there may be more
		h.mu.Lock()
		h.claimed = time.Time{}
		h.mu.Unlock()
	}
	return found, reapConsumers.Run(ctx, h.client.redis, []string{hintsKey}, hintsGroup, h.dead.Milliseconds()).Err()
}

// group makes the queue with its group, which starts with what is in the queue.
func (h *Hints) group(ctx context.Context) error {
	err := h.client.redis.XGroupCreateMkStream(ctx, hintsKey, hintsGroup, "0").Err()
	if err != nil && !strings.Contains(err.Error(), "BUSYGROUP") { // another replica was quicker
		return fault(err)
	}
	return fault(h.client.redis.PExpire(ctx, hintsKey, hintsTTL).Err())
}

// hints are the hints in entries; what is none is removed.
func (h *Hints) hints(ctx context.Context, found []redis.XMessage) ([]agents.Hint, error) {
	var list, none []agents.Hint
	for _, m := range found {
		text, _ := m.Values["lane"].(string)
		agent, channel, ok := strings.Cut(text, " ")
		hint := agents.Hint{ID: m.ID, Lane: agents.Lane{Agent: domain.AgentID(agent), Channel: domain.ChannelID(channel)}}
		if ok {
			list = append(list, hint)
		} else {
			none = append(none, hint)
		}
	}
	return list, h.Done(ctx, none...)
}

// Done is part of agents.Hints.
func (h *Hints) Done(ctx context.Context, hints ...agents.Hint) error {
	if len(hints) == 0 {
		return nil
	}
	ids := make([]string, len(hints))
	for i, hint := range hints {
		ids[i] = hint.ID
	}
	_, err := h.client.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.XAck(ctx, hintsKey, hintsGroup, ids...)
		p.XDel(ctx, hintsKey, ids...)
		return nil
	})
	if err != nil && strings.Contains(err.Error(), "NOGROUP") {
		return nil // Redis has lost everything, and with it these
	}
	return fault(err)
}
