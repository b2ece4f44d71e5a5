package presence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/domain"
	"parley/domain/presence"
)

const (
	hall domain.ChannelID = "hall"
	den  domain.ChannelID = "den"
	ann  domain.EntityID  = "ann"
	bob  domain.EntityID  = "bob"
)

// house is a tracker that runs, and what its rooms have heard.
type house struct {
	*presence.Local
	t     *testing.T
	began time.Time

	mu    sync.Mutex
	heard []string
	// at is when each of heard was said.
	at []time.Duration
}

// inHouse runs a test with a house, on a clock of its own.
func inHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{Local: presence.NewLocal(time.Now), t: t, began: time.Now()}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := h.Run(ctx, h); err != nil {
				t.Error(err)
			}
		})
		test(h)
		stop()
		running.Wait()
	})
}

// Presence writes down what the rooms are told.
func (h *house) Presence(changes []presence.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range changes {
		state := "left"
		if c.Joined {
			state = "joined"
		}
		h.heard = append(h.heard, fmt.Sprintf("%s %s %s", c.EntityID, state, c.ChannelID))
		h.at = append(h.at, time.Since(h.began))
	}
}

// after lets time pass.
func (h *house) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wantHeard ends the test unless the rooms were told this since the last call.
func (h *house) wantHeard(want ...string) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.heard, want) {
		h.t.Fatalf("after %v the rooms heard %q, want %q", time.Since(h.began), h.heard, want)
	}
	h.heard, h.at = nil, nil
}

// listed describes who is in a channel.
func (h *house) listed(channel domain.ChannelID) string {
	h.t.Helper()
	found, err := h.List(h.t.Context(), channel)
	if err != nil {
		h.t.Fatal(err)
	}
	var parts []string
	for _, p := range found.Present {
		parts = append(parts, fmt.Sprintf("%s %q %d since %v", p.EntityID, p.Name, p.Sockets, p.Since.Sub(h.began)))
	}
	return strings.Join(parts, "; ")
}

func TestAChangeIsToldWhenItHasLastedASecond(t *testing.T) {
	inHouse(t, func(h *house) {
		h.Enter(hall, ann, "Ann", "s1")
		h.after(900 * time.Millisecond)
		h.wantHeard()
		h.after(300 * time.Millisecond)
		h.wantHeard("ann joined hall")
		h.LeaveAll("s1")
		h.after(900 * time.Millisecond)
		h.wantHeard()
		h.after(300 * time.Millisecond)
		h.wantHeard("ann left hall")
		h.after(time.Minute)
		h.wantHeard()
	})
}

func TestAReloadTellsNothing(t *testing.T) {
	inHouse(t, func(h *house) {
		h.Enter(hall, ann, "Ann", "s1")
		h.after(2 * time.Second)
		h.wantHeard("ann joined hall")
		for i := range 5 { // impatient, but never away for a second
			h.LeaveAll(fmt.Sprintf("s%d", i+1))
			h.after(800 * time.Millisecond)
			h.Enter(hall, ann, "", fmt.Sprintf("s%d", i+2))
			h.after(100 * time.Millisecond)
		}
		h.after(5 * time.Second)
		h.wantHeard()
		if got := h.listed(hall); got != `ann "Ann" 1 since 0s` {
			t.Errorf("listed: %s", got)
		}
	})
}

func TestAVisitShorterThanASecondTellsNothing(t *testing.T) {
	inHouse(t, func(h *house) {
		h.Enter(hall, ann, "Ann", "s1")
		h.after(700 * time.Millisecond)
		h.Leave(hall, "s1")
		h.after(5 * time.Second)
		h.wantHeard()
		if rooms, sockets := presence.Size(h.Local); rooms+sockets != 0 {
			t.Errorf("%d rooms and %d sockets are kept", rooms, sockets)
		}
	})
}

func TestTheFinalStateIsToldHoweverOftenItChanges(t *testing.T) {
	inHouse(t, func(h *house) {
		for i := range 51 { // ends inside
			if i%2 == 0 {
				h.Enter(hall, ann, "Ann", "s1")
			} else {
				h.Leave(hall, "s1")
			}
			h.after(time.Duration(i*37%400) * time.Millisecond)
		}
		h.after(2 * time.Second)
		h.wantHeard("ann joined hall")
		for i := range 51 { // ends outside
			if i%2 == 0 {
				h.Leave(hall, "s1")
			} else {
				h.Enter(hall, ann, "Ann", "s1")
			}
			h.after(time.Duration(i*37%400) * time.Millisecond)
		}
		h.after(2 * time.Second)
		h.wantHeard("ann left hall")
	})
}

func TestNobodyIsToldOfTwiceInASecond(t *testing.T) {
	inHouse(t, func(h *house) {
		for i := range 40 {
			h.Enter(hall, ann, "Ann", "s1")
			h.after(time.Duration(600+i*31) * time.Millisecond)
			h.Leave(hall, "s1")
			h.after(time.Duration(600+i*17) * time.Millisecond)
		}
		h.after(3 * time.Second)
		if len(h.heard) < 10 {
			t.Errorf("only %q was told", h.heard)
		}
		for i := range h.heard {
			if i > 0 && (h.at[i]-h.at[i-1] < time.Second || h.heard[i] == h.heard[i-1]) {
				t.Errorf("%q at %v follows %q at %v", h.heard[i], h.at[i], h.heard[i-1], h.at[i-1])
			}
		}
		if last := h.heard[len(h.heard)-1]; last != "ann left hall" {
			t.Errorf("the last that was told is %q", last)
		}
	})
}

func TestASecondTabIsTheSamePerson(t *testing.T) {
	inHouse(t, func(h *house) {
		h.Enter(hall, ann, "Ann", "s1")
		h.after(2 * time.Second)
		h.Enter(hall, ann, "Ann Lee", "s2")
		h.Enter(hall, ann, "", "s2") // a second join of the same socket
		h.after(2 * time.Second)
		h.wantHeard("ann joined hall")
		if got := h.listed(hall); got != `ann "Ann Lee" 2 since 0s` {
			t.Errorf("listed: %s", got)
		}
		h.LeaveAll("s1")
		h.after(2 * time.Second)
		h.wantHeard()
		if got := h.listed(hall); got != `ann "Ann Lee" 1 since 0s` {
			t.Errorf("listed: %s", got)
		}
		h.LeaveAll("s2")
		h.after(2 * time.Second)
		h.wantHeard("ann left hall")
	})
}

func TestASocketIsOnePersonInAChannel(t *testing.T) {
	inHouse(t, func(h *house) {
		h.Enter(hall, ann, "Ann", "s1")
		h.Enter(den, ann, "Ann", "s1")
		h.after(2 * time.Second)
		h.wantHeard("ann joined hall", "ann joined den")
		h.Enter(hall, bob, "Bob", "s1")
		h.after(2 * time.Second)
		h.wantHeard("bob joined hall", "ann left hall")
		h.Leave(hall, "s1")
		h.Leave(hall, "s1")
		h.Leave(hall, "nobody")
		h.LeaveAll("nobody")
		h.after(2 * time.Second)
		h.wantHeard("bob left hall")
		if got := h.listed(den); got != `ann "Ann" 1 since 0s` {
			t.Errorf("listed: %s", got)
		}
	})
}

func TestAListIsExactSortedAndBounded(t *testing.T) {
	inHouse(t, func(h *house) {
		const people = presence.MaxListed + 50
		for i := range people {
			h.Enter(hall, domain.EntityID(fmt.Sprintf("e%04d", i)), "", fmt.Sprintf("s%d", i))
			if i%100 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		found, err := h.List(t.Context(), hall)
		if err != nil {
			t.Fatal(err)
		}
		if found.Total != people || len(found.Present) != presence.MaxListed || len(found.Missing) != 0 {
			t.Fatalf("%d of %d, missing %v", len(found.Present), found.Total, found.Missing)
		}
		for i, p := range found.Present {
			if p.EntityID != domain.EntityID(fmt.Sprintf("e%04d", i)) {
				t.Fatalf("place %d has %s", i, p.EntityID)
			}
		}
		if found, err = h.List(t.Context(), den); err != nil || found.Total != 0 || len(found.Present) != 0 {
			t.Errorf("an empty channel: %+v, %v", found, err)
		}
	})
}

func TestACrowdThatLeavesAtOnceHoldsUpNobody(t *testing.T) {
	inHouse(t, func(h *house) {
		const crowd = 10_000
		for i := range 2 * crowd { // every other one stays
			h.Enter(hall, domain.EntityID(fmt.Sprintf("e%d", i)), "", fmt.Sprintf("s%d", i))
		}
		presence.MarkTold(h.Local)
		h.Enter(den, bob, "Bob", "d1")
		h.after(2 * time.Second)
		h.wantHeard("bob joined den")
		for i := range crowd {
			h.LeaveAll(fmt.Sprintf("s%d", 2*i))
		}
		h.Leave(den, "d1")
		h.after(1300 * time.Millisecond)
		// The small room hears at once; the large one at the pace that its size allows.
		if !slices.Contains(h.heard, "bob left den") || len(h.heard) > 10 {
			t.Errorf("after a second the rooms heard %d changes, of bob %v", len(h.heard), slices.Contains(h.heard, "bob left den"))
		}
		if found, err := h.List(t.Context(), hall); err != nil || found.Total != crowd {
			t.Errorf("%d are listed, %v", found.Total, err)
		}
		h.after(3 * time.Hour)
		if len(h.heard) != crowd+1 {
			t.Errorf("in the end the rooms heard of %d", len(h.heard))
		}
	})
}

func TestAnEmptyRoomHearsQuicklyAndIsForgotten(t *testing.T) {
	inHouse(t, func(h *house) {
		const crowd = 10_000
		for i := range crowd {
			h.Enter(hall, domain.EntityID(fmt.Sprintf("e%d", i)), "", fmt.Sprintf("s%d", i))
		}
		presence.MarkTold(h.Local)
		for i := range crowd {
			h.LeaveAll(fmt.Sprintf("s%d", i))
		}
		h.after(3 * time.Second)
		if len(h.heard) != crowd {
			t.Errorf("%d of %d departures were told", len(h.heard), crowd)
		}
		if rooms, sockets := presence.Size(h.Local); rooms+sockets != 0 {
			t.Errorf("%d rooms and %d sockets are kept", rooms, sockets)
		}
	})
}

func TestManyAtOnceAgreeInTheEnd(t *testing.T) {
	inHouse(t, func(h *house) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				socket := fmt.Sprintf("s%d", i)
				for j := range 50 {
					h.Enter(hall, domain.EntityID(fmt.Sprintf("e%d", (i+j)%7)), "", socket)
					time.Sleep(time.Duration(i*13+j*7) * time.Millisecond)
				}
				if i%2 == 0 {
					h.LeaveAll(socket)
				}
			})
		}
		all.Wait()
		h.after(2 * time.Second)
		told := map[string]bool{}
		for _, line := range h.heard {
			words := strings.Fields(line)
			told[words[0]] = words[1] == "joined"
		}
		found, err := h.List(t.Context(), hall)
		if err != nil {
			t.Fatal(err)
		}
		sockets := 0
		for _, p := range found.Present {
			sockets += p.Sockets
			if !told[string(p.EntityID)] {
				t.Errorf("%s is there, and the room believes otherwise", p.EntityID)
			}
			delete(told, string(p.EntityID))
		}
		for entity, there := range told {
			if there {
				t.Errorf("%s is gone, and the room believes otherwise", entity)
			}
		}
		if sockets != 10 {
			t.Errorf("%d sockets are there", sockets)
		}
	})
}
