package rest

import (
	"strconv"
	"testing"
	"time"
)

func TestLimiterRemembersNoMoreCallersThanItMay(t *testing.T) {
	l := &limiter{most: 1, window: time.Hour, now: time.Now}
	for i := range maxCallers + 10 {
		if left, _ := l.take(strconv.Itoa(i)); left != 0 {
			t.Fatalf("caller %d has %d left of one", i, left)
		}
	}
	if len(l.spent) > maxCallers {
		t.Errorf("it remembers %d callers", len(l.spent))
	}
	if left, _ := l.take(strconv.Itoa(maxCallers + 9)); left >= 0 {
		t.Errorf("the last caller has %d left after two requests", left)
	}
}
