package redis

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/domain"
	"parley/domain/quota"
)

// addToLimit adds to what a caller has spent. KEYS: the count, which lives as long as the
// window. ARGV: what to add, the most that is allowed, the milliseconds of a window; what
// the replica knows to be spent, and the milliseconds of that window that are left. It
// answers with what is spent and the milliseconds that are left. Whoever is over the limit
// costs no write.
var addToLimit = redis.NewScript(`
local add, most, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spent, left = tonumber(redis.call('GET', KEYS[1])), redis.call('PTTL', KEYS[1])
if not spent or left < 1 then spent, left = tonumber(ARGV[4]), tonumber(ARGV[5]) end
left = math.min(left, per)
if add > 0 and spent <= most then
  spent = math.min(spent + add, most + 1)
  redis.call('SET', KEYS[1], spent, 'PX', left)
end
return {spent, left}`)

// errSecretUnknown says that callers cannot be named in Redis yet.
var errSecretUnknown = domain.Errorf(domain.Unavailable, "The secret of the cluster is not known yet")

var _ quota.Counts = (*Limits)(nil)

// Limits are the counts of what callers have spent. A count is below the name of its limit
// and a hash of its caller, so that whoever can read Redis alone, or a copy of it, does not
// read who was here: without PARLEY_CLUSTER_SECRET the key of the hash lies in Redis too, and
// it keeps addresses from being seen by chance only. Safe for concurrent use.
type Limits struct {
	client *Client
	secret func() domain.Secret
}

// NewLimits returns the counts in a Redis. secret is the one that all replicas share, ""
// while it is not known.
func NewLimits(c *Client, secret func() domain.Secret) *Limits {
	return &Limits{client: c, secret: secret}
}

// Add is part of quota.Counts. It is one round trip.
func (l *Limits) Add(ctx context.Context, limit quota.Limit, caller string, n int, known quota.Account) (quota.Account, error) {
	key, err := l.key(limit.Name, caller)
	if err != nil {
		return quota.Account{}, err
	}
	left := max(known.Ends.Milliseconds(), 1) // Redis has no shorter time
	said, err := addToLimit.Run(ctx, l.client.redis, []string{key}, n, limit.Most, limit.Per.Milliseconds(), known.Spent, left).Int64Slice()
	if err != nil {
		return quota.Account{}, fault(err)
	}
	return quota.Account{Spent: int(said[0]), Ends: time.Duration(said[1]) * time.Millisecond}, nil
}

// key is where the count of a caller is.
func (l *Limits) key(name, caller string) (string, error) {
	secret := l.secret()
	if secret == "" {
		return "", errSecretUnknown
	}
	hash := hmac.New(sha256.New, []byte(secret.Reveal()))
	hash.Write([]byte("limit\x00" + name + "\x00" + caller))
	return "parley:limit:" + name + ":" + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16]), nil
}
