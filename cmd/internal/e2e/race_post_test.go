package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// getJSON decodes the data of a reply, whatever its status.
func getJSON(url string, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var envelope struct{ Data json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&envelope); err != nil {
		return err
	}
	return json.Unmarshal(envelope.Data, out)
}

// TestRacingDuplicatesAreOneMessageWithOneAnswer posts one message very often at the same
// time, at all replicas, one of which is killed in the middle of it.
func TestRacingDuplicatesAreOneMessageWithOneAnswer(t *testing.T) {
	faulty(t, always)
	c := three.start(t, "RATE_LIMIT_API=0")
	k := newTalkers(t, c, 1)[0]
	posts, id := sized(100, 300, 1000), uuid.NewString()
	acks := make([]acked, posts)
	var done atomic.Int64
	var group sync.WaitGroup
	for i := range posts {
		group.Go(func() {
			one := &cluster{t: t, url: c.replicas[i%len(c.replicas)].url, client: c.client}
			for t.Context().Err() == nil {
				answer, err := post(t.Context(), one, k, id, "My cat is called Tiger")
				if err == nil {
					acks[i] = answer
					done.Add(1)
					return
				}
				one.url = c.url // its replica is dead: the balancer knows another one
				pauseFor(t.Context(), 50*time.Millisecond)
			}
		})
	}
	eventually(t, "some are acknowledged", func() error {
		if done.Load() < int64(posts/10) {
			return fmt.Errorf("%d are", done.Load())
		}
		return nil
	})
	c.replicas[1].kill()
	group.Wait()
	for i, a := range acks {
		if a != acks[0] || a.ID == "" {
			t.Fatalf("post %d was acknowledged as %+v, the first as %+v", i, a, acks[0])
		}
	}
	eventually(t, "the answer", func() error { return answeredOnce(t.Context(), c, k, acks[0].ID) })
	c.launch()
	if err := answeredOnce(t.Context(), c, k, acks[0].ID); err != nil {
		t.Error(err)
	}
}
