package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

// limitFor is how many requests an address of TestAnAddressHasOneLimit may send.
const limitFor = 6

// askFrom sends a request of an address to a replica, and reports whether it was refused
// because there were too many.
func (p *process) askFrom(ctx context.Context, address string) (over bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/server/ping", http.NoBody)
	if err != nil {
		return false, err
	}
	r.Header.Set("X-Forwarded-For", address)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusTooManyRequests {
		return false, fmt.Errorf("status %d", resp.StatusCode)
	}
	return resp.StatusCode == http.StatusTooManyRequests, nil
}

// spend sends as many requests of an address as it may send, to the replicas in turn, and
// returns an error unless these pass and no replica takes one more.
func (c *cluster) spend(ctx context.Context, address string) error {
	for i := range limitFor + len(c.replicas) {
		over, err := c.replicas[i%len(c.replicas)].askFrom(ctx, address)
		if err != nil {
			return err
		}
		if over != (i >= limitFor) {
			return fmt.Errorf("request %d of %s refused: %v", i, address, over)
		}
	}
	return nil
}

func TestAnAddressHasOneLimitHoweverManyReplicas(t *testing.T) {
	scenario(t, inFull, func(t *testing.T, on topology) {
		c := on.start(t, "TRUST_PROXY=true", fmt.Sprint("RATE_LIMIT_API=", limitFor))
		addresses := 0
		fresh := func() string {
			addresses++
			return fmt.Sprintf("203.0.%d.%d", addresses/256%256, addresses%256)
		}
		spent := ""
		// A machine that is busy may be too slow for Redis once, and a replica then counts alone.
		shared := func() error { spent = fresh(); return c.spend(t.Context(), spent) }
		eventually(t, "an address is refused everywhere when it has spent its limit", shared)
		if on == one {
			return
		}
		c.redis.Kill()
		for _, p := range c.replicas {
			if over, err := p.askFrom(t.Context(), spent); err != nil || !over {
				t.Errorf("without Redis, who was refused is refused: %v, %v", over, err)
			}
		}
		alone := fresh()
		for i := range limitFor + 1 {
			if over, err := c.replicas[0].askFrom(t.Context(), alone); err != nil || over != (i >= limitFor) {
				t.Errorf("without Redis, request %d refused: %v, %v", i, over, err)
			}
		}
		c.redis.Restart()
		eventually(t, "the replicas count together again", shared)
	})
}
