package realtime_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/sio/siotest"
	"parley/storage/redis/redistest"
)

// wanderer is a client whose connection is lost over and over; it notes the numbers of all
// channel events that it hears.
type wanderer struct {
	doors  []*door // it comes back to any of them
	client *siotest.Client
	way    string
	random *rand.Rand
	heard  map[string][]int64 // by channel
	ended  int
	cuts   int
	sent   int
	halted bool // the last upgrade was cut
	halts  int
	err    error
}

// take notes an event; true says that it was the last of a channel.
func (w *wanderer) take(e siotest.Event) {
	if len(e.Args) != 2 || e.Name == "connection_established" {
		return
	}
	var at string
	if err := json.Unmarshal(e.Args[1], &at); err != nil {
		w.err = err
		return
	}
	channel, number, _ := strings.Cut(at, ":")
	rev, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		w.err = err
		return
	}
	w.heard[channel] = append(w.heard[channel], rev)
	var m struct{ Text string }
	if json.Unmarshal(e.Args[0], &m) == nil && m.Text == "end" {
		w.ended++
	}
}

// halt is where the next upgrade is cut, in half of the cases nowhere, but somewhere at first.
func (w *wanderer) halt() string {
	steps := []string{siotest.HaltOpen, siotest.HaltProbed, siotest.HaltPaused, siotest.HaltUpgrade}
	w.halted = w.way == siotest.Upgrade && (w.halts == 0 || w.random.IntN(2) == 0)
	if !w.halted {
		return ""
	}
	w.halts++
	return steps[w.random.IntN(len(steps))]
}

// wander listens until all channels have ended, and loses its connection now and then:
// closed, or silent, and now and then before it has heard anything.
func (w *wanderer) wander(channels []string) {
	deadline := time.Now().Add(3 * patience)
	for w.ended < len(channels) && w.err == nil {
		if time.Now().After(deadline) {
			w.err = fmt.Errorf("it has not heard the end of every channel, after %d cuts", w.cuts)
		}
		for range w.random.IntN(25) {
			if w.halted {
				break // it hears nothing any more
			}
			e, err := w.client.Next("", patience)
			if err != nil {
				w.err = err
				return
			}
			if w.take(e); w.ended == len(channels) {
				return
			}
		}
		if w.random.IntN(3) == 0 {
			w.sent++
			_ = w.client.Emit("messages:send", send(fields{"channelId": channels[w.random.IntN(len(channels))],
				"messageId": fmt.Sprint(w.way, w.client.ID(), w.sent)}))
		}
		w.client.Freeze()
		for _, e := range w.client.Events() {
			w.take(e)
		}
		if w.random.IntN(2) == 0 {
			w.client.Close()
		}
		door := w.doors[w.random.IntN(len(w.doors))]
		back, err := door.sockets.Dial(door.url, siotest.Options{Transport: w.way, Auth: w.client.Back(fields{"entityId": ann}), Halt: w.halt()})
		if err != nil {
			w.err = err
			return
		}
		if back.ID() != w.client.ID() {
			w.err = fmt.Errorf("the session did not come back at cut %d", w.cuts)
			back.Close()
			return
		}
		w.client.Close()
		w.client = back
		w.cuts++
	}
}

// TestNothingIsLostOrDoubledOverCuts has clients on all transports lose their connections at
// random while others post, change and delete. Each client must have heard every number of
// every channel that the store holds at the end, rising, each once.
func TestNothingIsLostOrDoubledOverCuts(t *testing.T) {
	t.Run("one", func(t *testing.T) { testCuts(t, openDoor(t, nil)) })
	t.Run("three", func(t *testing.T) { testCuts(t, openReplicas(t, redistest.Start(t), "one", "two", "three")...) })
}

// testCuts does it with a door for each replica.
func testCuts(t *testing.T, doors ...*door) {
	channels := []string{channelID, otherChannel, "77777777-7777-4777-8777-777777777777"}
	posts, seed := 150, uint64(time.Now().UnixNano())
	if testing.Short() {
		posts = 40
	}
	t.Logf("seed %d", seed)
	var wanderers []*wanderer
	var walking sync.WaitGroup
	for i := range 9 {
		w := &wanderer{doors: doors, client: doors[i%len(doors)].enter(ways[i%3], channels...), way: ways[i%3], heard: map[string][]int64{},
			random: rand.New(rand.NewPCG(seed, uint64(i)))}
		wanderers = append(wanderers, w)
	}
	for _, w := range wanderers { // they post too, so all must be in the rooms before the first one sets out
		walking.Go(func() { w.wander(channels) })
	}
	var writing sync.WaitGroup
	for i, channel := range channels {
		random := rand.New(rand.NewPCG(seed, uint64(100+i)))
		writing.Go(func() { doors[i%len(doors)].write(channel, posts, random) })
	}
	writing.Wait()
	for _, channel := range channels {
		doors[0].say(channel, "end")
	}
	walking.Wait()
	cuts, halts := 0, 0
	for i, w := range wanderers {
		cuts, halts = cuts+w.cuts, halts+w.halts
		w.client.Close()
		if w.err != nil {
			t.Errorf("client %d over %s: %v", i, w.way, w.err)
		}
		for _, channel := range channels {
			doors[0].check(fmt.Sprintf("client %d over %s", i, w.way), channel, w.heard[channel])
		}
	}
	t.Logf("%d cuts, %d of them during an upgrade", cuts, halts)
	if cuts < posts/10 || halts == 0 {
		t.Errorf("only %d cuts, %d during an upgrade", cuts, halts)
	}
}

// write posts to a channel, and changes and deletes some of what it posted.
func (d *door) write(channel string, posts int, random *rand.Rand) {
	var ids []string
	for i := range posts {
		ids = append(ids, d.say(channel, fmt.Sprint(i)))
		change := fields{"channelId": channel, "messageId": ids[random.IntN(len(ids))], "content": "changed"}
		switch random.IntN(6) {
		case 0:
			_, _ = d.try("messages:update", change) // it may be deleted
		case 1:
			_, _ = d.try("messages:delete", change)
		}
	}
}

// check compares the numbers that a client heard of a channel with what the store holds.
func (d *door) check(who, channel string, heard []int64) {
	d.t.Helper()
	had := map[int64]bool{}
	for i, rev := range heard {
		if i > 0 && rev <= heard[i-1] {
			d.t.Errorf("%s heard %d after %d", who, rev, heard[i-1])
		}
		had[rev] = true
	}
	stored := []messaging.Message{}
	for after := int64(0); ; {
		page, err := d.service.Since(d.t.Context(), domain.ChannelID(channel), after, 1<<40, 500)
		if err != nil {
			d.t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		stored = append(stored, page...)
		after = page[len(page)-1].Rev
	}
	end := heard[max(0, len(heard)-1):]
	for _, m := range stored {
		if len(end) == 1 && m.Rev <= end[0] && !had[m.Rev] {
			d.t.Errorf("%s did not hear %d", who, m.Rev)
		}
	}
	if len(end) == 0 {
		d.t.Errorf("%s heard nothing", who)
	}
}
