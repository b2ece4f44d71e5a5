package realtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain/messaging"
	"parley/realtime/sio/siotest"
)

// mirror is a client that keeps a copy of a channel as one should: by what it hears live,
// by catching up when it comes back, and by reading the history when that was too much.
type mirror struct {
	door *door
	dice *rand.Rand
	// steps counts what the writers have done.
	steps *atomic.Int64
	// rev is the number of the last event that it has.
	rev int64
	// upto is the last number that a clear covered.
	upto int64
	// live holds the numbers of the messages with their texts.
	live map[int64]string

	joins, truncated, events int
}

// change is what an event says about a channel, in whatever form.
type change struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Content string `json:"content"`
	Seq     int64  `json:"seq"`
	Rev     int64  `json:"rev"`
	Deleted bool   `json:"deleted"`
	Cleared bool   `json:"cleared"`
	Upto    int64  `json:"upto"`
}

// apply brings an event into the copy; it must come after all that are there.
func (m *mirror) apply(c change) error {
	if c.Rev <= m.rev {
		return fmt.Errorf("number %d comes after %d", c.Rev, m.rev)
	}
	m.rev = c.Rev
	m.events++
	switch {
	case c.Cleared:
		m.upto = c.Upto
		maps.DeleteFunc(m.live, func(seq int64, _ string) bool { return seq <= c.Upto })
	case c.Deleted:
		delete(m.live, c.Seq)
	case c.Seq <= m.upto:
		return fmt.Errorf("message %d comes back at %d after the clear of all up to %d", c.Seq, c.Rev, m.upto)
	default:
		m.live[c.Seq] = c.Text
	}
	return nil
}

// run connects again and again until the copy has come to the number that final gives,
// which is 0 as long as the channel still changes.
func (m *mirror) run(final *atomic.Int64) error {
	for {
		c, err := m.door.sockets.Dial(m.door.url, siotest.Options{})
		if err != nil {
			return err
		}
		err = m.follow(c, final, 1+m.dice.IntN(400))
		c.Close()
		if last := final.Load(); err != nil || last > 0 && m.rev >= last {
			return err
		}
		m.away(final)
	}
}

// away waits until the writers have gone on: mostly for a moment, at times so long that
// a catch-up cannot bring it all.
func (m *mirror) away(final *atomic.Int64) {
	until := m.steps.Load() + int64(m.dice.IntN(20))
	if m.dice.IntN(4) == 0 {
		until += 1000
	}
	for m.steps.Load() < until && final.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
}

// follow joins and takes up to n live events.
func (m *mirror) follow(c *siotest.Client, final *atomic.Int64, n int) error {
	if err := m.join(c); err != nil {
		return err
	}
	for n > 0 && (final.Load() == 0 || m.rev < final.Load()) {
		e, err := c.Next("", 100*time.Millisecond)
		if errors.Is(err, siotest.ErrClosed) {
			return err
		}
		if err != nil {
			continue // nothing came; perhaps it was the last one
		}
		if e.Name != "messageBroadcast" && e.Name != "messageDeleted" && e.Name != "channelCleared" {
			continue
		}
		if len(e.Args) == 1 {
			continue // of a message that was not there: no change
		}
		var heard change
		var place string
		if err := errors.Join(json.Unmarshal(e.Args[0], &heard), json.Unmarshal(e.Args[1], &place)); err != nil {
			return err
		}
		if place != fmt.Sprintf("%s:%d", channelID, heard.Rev) {
			return fmt.Errorf("%s at %s", e.Args[0], place)
		}
		heard.Deleted, heard.Cleared = e.Name == "messageDeleted", e.Name == "channelCleared"
		if err := m.apply(heard); err != nil {
			return fmt.Errorf("live: %w", err)
		}
		n--
	}
	return nil
}

// join catches up.
func (m *mirror) join(c *siotest.Client) error {
	var joined struct {
		Data struct {
			Messages  []change
			Head      int64
			Truncated bool
		}
	}
	if err := m.ask(c, "channels:join", fields{"channelId": channelID, "after": m.rev}, &joined); err != nil {
		return err
	}
	m.joins++
	if joined.Data.Truncated {
		m.truncated++
		if err := m.read(c); err != nil {
			return err
		}
		m.rev = joined.Data.Head
		return nil
	}
	for _, missed := range joined.Data.Messages {
		if err := m.apply(missed); err != nil {
			return fmt.Errorf("catch-up: %w", err)
		}
	}
	if m.rev > joined.Data.Head {
		return fmt.Errorf("number %d was caught up with head %d", m.rev, joined.Data.Head)
	}
	m.rev = joined.Data.Head
	return nil
}

// read replaces the copy by the history. What has happened since the head that the
// join told comes live once more, which changes nothing in the end.
func (m *mirror) read(c *siotest.Client) error {
	var list struct{ Data struct{ Messages []change } }
	if err := m.ask(c, "messages:list", fields{"channelId": channelID, "limit": 1000}, &list); err != nil {
		return err
	}
	clear(m.live)
	for _, row := range list.Data.Messages {
		m.live[row.Seq] = row.Content
	}
	return nil
}

// ask sends an operation and reads its ack.
func (m *mirror) ask(c *siotest.Client, event string, body fields, into any) error {
	e, err := c.EmitAck(patience, event, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(e.Args[0], into)
}

// scribble changes a channel at random, through both doors. What is gone already is no
// fault.
func scribble(d *door, dice *rand.Rand, steps int, done *atomic.Int64) error {
	c, err := d.sockets.Dial(d.url, siotest.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	var ids []string
	for n := range steps {
		name, body := "messages:send", send(fields{"message": fmt.Sprint("text ", n), "messageId": nil})
		if len(ids) > 0 {
			known := fields{"channelId": channelID, "messageId": recent(ids, dice), "content": fmt.Sprint("edit ", n)}
			switch roll := dice.IntN(100); {
			case roll < 2:
				name, body = "messages:clear", fields{"channelId": channelID}
			case roll < 25:
				name, body = "messages:update", known
			case roll < 40:
				name, body = "messages:delete", known
			}
		}
		id, err := d.either(c, dice, name, body)
		if err != nil {
			return err
		}
		if name == "messages:send" {
			ids = append(ids, id)
		}
		done.Add(1)
	}
	return nil
}

// recent is one of the last ids: older ones are mostly gone.
func recent(ids []string, dice *rand.Rand) string {
	return ids[len(ids)-1-dice.IntN(min(len(ids), 30))]
}

// either runs an operation through one of the doors and returns the id in its answer.
func (d *door) either(c *siotest.Client, dice *rand.Rand, name string, body fields) (string, error) {
	var answer struct {
		Success bool
		Data    struct{ ID string }
		Error   struct{ Code, Message string }
	}
	if dice.IntN(2) == 0 {
		res, failure := d.try(name, body)
		if failure != nil {
			answer.Error.Code, answer.Error.Message = failure.WireCode(), failure.Message
		} else if data, err := json.Marshal(res); err != nil || json.Unmarshal(data, &answer.Data) != nil {
			return "", errors.New("the answer of " + name + " cannot be read")
		}
	} else {
		e, err := c.EmitAck(patience, name, body)
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(e.Args[0], &answer); err != nil {
			return "", err
		}
	}
	if code := answer.Error.Code; code != "" && (name != "messages:update" || code != "NOT_FOUND") {
		return "", fmt.Errorf("%s: %s %s", name, code, answer.Error.Message)
	}
	return answer.Data.ID, nil
}

// lingering is a store in which the rows of cleared messages follow slowly.
type lingering struct{ messaging.Store }

// Sweep erases two messages at a time.
func (l lingering) Sweep(ctx context.Context, left messaging.Leftover, _ int) (messaging.Swept, error) {
	return l.Store.Sweep(ctx, left, 2)
}

// TestEveryCopyOfAChannelComesToTheSame lets writers post, edit, delete and clear at
// random through both doors, while clients come and go. In the end every client's copy
// must be what the store has.
func TestEveryCopyOfAChannelComesToTheSame(t *testing.T) {
	d := openDoorOn(t, nil, func(s messaging.Store) messaging.Store { return lingering{s} })
	steps, writers, readers := 1000, 4, 6
	if !testing.Short() {
		steps = 4000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var done, final atomic.Int64
	mirrors := make([]*mirror, readers)
	var reading, writing sync.WaitGroup
	for i := range mirrors {
		mirrors[i] = &mirror{door: d, dice: rand.New(rand.NewPCG(seed, uint64(i))), steps: &done, live: map[int64]string{}}
		if i == 0 {
			continue // comes when all is over
		}
		reading.Go(func() {
			if err := mirrors[i].run(&final); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	for i := range writers {
		writing.Go(func() {
			if err := scribble(d, rand.New(rand.NewPCG(seed, uint64(100+i))), steps, &done); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	writing.Wait()
	last := within(ask(t, d.dial(), "channels:join", fields{"channelId": channelID}), "data")["head"].(float64)
	final.Store(int64(last))
	reading.Wait()
	if t.Failed() {
		return
	}
	if err := mirrors[0].run(&final); err != nil {
		t.Fatal(err)
	}
	truth := &mirror{live: map[int64]string{}}
	if err := truth.read(d.dial()); err != nil {
		t.Fatal(err)
	}
	for i, m := range mirrors {
		t.Logf("client %d: %d joins, %d of them truncated, %d events", i, m.joins, m.truncated, m.events)
		if !maps.Equal(m.live, truth.live) {
			t.Errorf("client %d has %d messages at number %d, the store %d at %d", i, len(m.live), m.rev, len(truth.live), final.Load())
		}
	}
}
