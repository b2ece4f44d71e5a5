package quota_test

import (
	"strconv"
	"testing"
	"time"

	"parley/domain/quota"
	"parley/domain/quota/quotatest"
)

func TestTheLimitsOfOneProcessKeepTheContract(t *testing.T) {
	quotatest.Run(t, quota.Local(time.Now))
}

func TestAWindowCountsEachCallerUntilItEnds(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	w := &quota.Window{Limit: quota.Limit{Most: 2, Per: time.Minute}, Now: func() time.Time { return now }}
	if w.Exhausted(t.Context(), "a") {
		t.Error("a caller that did nothing has nothing left")
	}
	for i, want := range []int{1, 0, -1, -1} {
		if left, ends := w.Take(t.Context(), "a"); left != want || ends != time.Minute {
			t.Fatalf("step %d: %d left, ends in %v", i, left, ends)
		}
	}
	if !w.Exhausted(t.Context(), "a") || w.Exhausted(t.Context(), "b") {
		t.Error("the wrong caller is exhausted")
	}
	now = now.Add(time.Minute)
	if left, _ := w.Take(t.Context(), "a"); left != 1 || w.Exhausted(t.Context(), "a") {
		t.Errorf("%d left in the next window", left)
	}
}

func TestAWindowRemembersNoMoreCallersThanItMay(t *testing.T) {
	w := &quota.Window{Limit: quota.Limit{Most: 1, Per: time.Hour}, Now: time.Now}
	for i := range quota.MaxCallers + 10 {
		if left, _ := w.Take(t.Context(), strconv.Itoa(i)); left != 0 {
			t.Fatalf("caller %d has %d left of one", i, left)
		}
	}
	if w.Exhausted(t.Context(), "0") {
		t.Error("it remembers more callers than it may")
	}
	if left, _ := w.Take(t.Context(), strconv.Itoa(quota.MaxCallers+9)); left >= 0 {
		t.Errorf("the last caller has %d left after two", left)
	}
}

func TestNetworksCountAsOneCaller(t *testing.T) {
	for remote, want := range map[string]string{
		"203.0.113.1": "203.0.113.1", "::ffff:203.0.113.4": "::ffff:203.0.113.4", "2001:db8::1": "2001:db8::/64",
		"2001:db8:0:1::5": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64", "@": "@", "": "",
	} {
		if got := quota.Network(remote); got != want {
			t.Errorf("%s counts as %s, want %s", remote, got, want)
		}
	}
}
