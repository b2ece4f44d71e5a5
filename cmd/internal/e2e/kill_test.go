package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	defaultServer = "00000000-0000-0000-0000-000000000000"
	eliza         = "b850bc30-45f8-0041-a00a-83df46d8555d"
)

// acked is a message that the server has acknowledged.
type acked struct {
	ID  string `json:"id"`
	Seq int64  `json:"seq"`
}

// row is a message of a history page.
type row struct {
	ID        string  `json:"id"`
	Seq       int64   `json:"seq"`
	AuthorID  string  `json:"authorId"`
	InReplyTo *string `json:"inReplyToRootMessageId"`
	SourceID  string  `json:"sourceId"`
	CreatedAt int64   `json:"created_at"`
}

// call sends a JSON request and decodes the data of the envelope into out.
func (c *cluster) call(ctx context.Context, method, path string, body, out any) error {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, &payload)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.client().Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var envelope struct {
		Success bool
		Data    json.RawMessage
		Error   json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&envelope); err != nil {
		return err
	}
	if !envelope.Success {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, envelope.Error)
	}
	return json.Unmarshal(envelope.Data, out)
}

// history returns all messages of a channel that has at most 1000.
func (c *cluster) history(ctx context.Context, channel string) ([]row, error) {
	var page struct{ Messages []row }
	err := c.call(ctx, http.MethodGet, "/api/messaging/central-channels/"+channel+"/messages?limit=1000", nil, &page)
	return page.Messages, err
}

// talker posts to one channel until it is told to stop, and remembers what was
// acknowledged. It retries with the same client id after a failure, as clients do.
type talker struct {
	channel, user string
	mu            sync.Mutex
	acked         map[string]acked // by client message id
	sent          int
}

// acknowledged is how many messages were acknowledged so far.
func (k *talker) acknowledged() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.acked)
}

func (k *talker) talk(ctx context.Context, p *cluster, pause time.Duration) {
	for ctx.Err() == nil {
		k.mu.Lock()
		client := fmt.Sprintf("m-%d", k.sent)
		k.mu.Unlock()
		var a acked
		err := p.call(ctx, http.MethodPost, "/api/messaging/central-channels/"+k.channel+"/messages", map[string]any{
			"author_id": k.user, "server_id": defaultServer, "content": "I feel fine, number " + client,
			"messageId": client, "source_type": "client_chat",
		}, &a)
		if err == nil {
			k.mu.Lock()
			k.acked[client] = a
			k.sent++
			k.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// TestKillLosesNothingAcknowledged kills the server at random moments under load and
// checks, after the last restart, that every acknowledged message stands in the
// history under its number, and that every question was answered exactly once.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	scenario(t, inFull, func(t *testing.T, on topology) {
		people := 8
		if on == three { // for what the tests' database bears
			people, rounds = 3, 2
		}
		killRounds(t, on.start(t, "RATE_LIMIT_SOCKET=0"), people, rounds)
	})
}

// killRounds kills all replicas, again and again; see the test.
func killRounds(t *testing.T, p *cluster, people, rounds int) {
	t.Helper()
	talkers := newTalkers(t, p, people)
	pause := 20 * time.Millisecond
	if len(p.replicas) > 1 {
		pause = 300 * time.Millisecond
	}
	for range rounds {
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		before := make([]int, len(talkers))
		for i, k := range talkers {
			before[i] = k.acknowledged()
			wg.Go(func() { k.talk(ctx, p, pause) })
		}
		eventually(t, "everybody is acknowledged", func() error {
			for i, k := range talkers {
				if k.acknowledged() <= before[i] {
					return fmt.Errorf("channel %s is not", k.channel)
				}
			}
			return nil
		})
		time.Sleep(rand.N(time.Second)) // a random moment, not a wait
		p.kill()
		stop()
		wg.Wait()
		p.launch()
	}
	total := 0
	for _, k := range talkers {
		eventually(t, "channel "+k.channel+" is complete", func() error { return k.complete(t.Context(), p) })
		total += len(k.acked)
	}
	t.Logf("%d messages acknowledged over %d kills, none lost, each answered once", total, rounds)
}

// newTalkers makes direct channels between people and the first agent.
func newTalkers(t *testing.T, p *cluster, n int) []*talker {
	t.Helper()
	list := make([]*talker, n)
	for i := range list {
		user := uuid.NewString()
		var created struct{ ID string }
		err := p.call(t.Context(), http.MethodPost, "/api/messaging/central-channels", map[string]any{
			"name": "Kill", "server_id": defaultServer, "type": "DM", "participantCentralUserIds": []string{user, eliza},
			"metadata": map[string]any{"isDm": true},
		}, &created)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = &talker{channel: created.ID, user: user, acked: map[string]acked{}}
	}
	return list
}

// complete checks one channel's history; see the test.
func (k *talker) complete(ctx context.Context, p *cluster) error {
	rows, err := p.history(ctx, k.channel)
	if err != nil {
		return err
	}
	answers := map[string]int{}
	bySource := map[string][]row{}
	seqs := map[int64]bool{}
	for _, r := range rows {
		if seqs[r.Seq] {
			return fmt.Errorf("number %d stands twice", r.Seq)
		}
		seqs[r.Seq] = true
		if r.AuthorID == eliza && r.InReplyTo != nil {
			answers[*r.InReplyTo]++
		}
		if r.AuthorID == k.user {
			bySource[r.SourceID] = append(bySource[r.SourceID], r)
		}
	}
	for client, a := range k.acked {
		found := bySource[client]
		if len(found) != 1 || found[0].ID != a.ID || found[0].Seq != a.Seq {
			return fmt.Errorf("%s was acknowledged as %+v, the history has %+v", client, a, found)
		}
	}
	for client, found := range bySource {
		if n := answers[found[0].ID]; n != 1 {
			return fmt.Errorf("%s was answered %d times", client, n)
		}
	}
	if len(k.acked) == 0 {
		return errors.New("nothing was acknowledged; the test proves nothing")
	}
	return nil
}

// TestTermStopsGracefully checks that a stop is quick, clean and keeps everything.
func TestTermStopsGracefully(t *testing.T) {
	scenario(t, inFull, func(t *testing.T, on topology) { stops(t, on.start(t)) })
}

// stops stops a server that is being talked to; see the test.
func stops(t *testing.T, p *cluster) {
	t.Helper()
	talkers := newTalkers(t, p, 1)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { talkers[0].talk(ctx, p, 5*time.Millisecond) })
	eventually(t, "some messages are acknowledged", func() error {
		if talkers[0].acknowledged() < 5 {
			return errors.New("too few")
		}
		return nil
	})
	if err := p.terminate(30 * time.Second); err != nil {
		t.Fatalf("the stop was not clean: %v", err)
	}
	stop()
	wg.Wait()
	p.launch()
	eventually(t, "the channel is complete", func() error { return talkers[0].complete(t.Context(), p) })
}

// TestASecondServerOnTheSameFolderIsRefused checks that the refusal names the process.
func TestASecondServerOnTheSameFolderIsRefused(t *testing.T) {
	p := one.start(t)
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := runUntilEnd(t, bin, p.replicas[0].dir+"/data", freePort(t))
	if err == nil {
		t.Fatal("a second server started on the same folder")
	}
	if want := fmt.Sprint(p.replicas[0].cmd.Process.Pid); !bytes.Contains(out, []byte(want)) {
		t.Fatalf("the refusal does not name process %s:\n%s", want, out)
	}
}
