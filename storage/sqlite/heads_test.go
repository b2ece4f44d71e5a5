package sqlite

import (
	"strconv"
	"testing"

	"parley/domain"
)

func TestHeadsKeepTheChannelsUsedLast(t *testing.T) {
	h := newHeads(10)
	id := func(n int) domain.ChannelID { return domain.ChannelID(strconv.Itoa(n)) }
	for n := range 1000 {
		h.put(id(n), &head{last: int64(n)})
		h.get(id(0)) // used all the time
		if size := len(h.recent) + len(h.earlier); size > 20 {
			t.Fatalf("%d heads are kept", size)
		}
	}
	for _, n := range []int{0, 995, 999} {
		if got := h.get(id(n)); got == nil || got.last != int64(n) {
			t.Errorf("head %d is %+v", n, got)
		}
	}
	if h.get(id(5)) != nil {
		t.Error("a channel not used for long is still there")
	}
	h.clear()
	if h.get(id(0)) != nil || h.get(id(999)) != nil {
		t.Error("clear left something")
	}
}
