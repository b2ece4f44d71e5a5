package storagetest

import (
	"testing"

	"parley/storage"
)

// testCase is one statement of the contract.
type testCase struct {
	name string
	run  func(k *kit)
}

// Run checks a backend. open returns a Set that is ready for use; Run closes it. It is
// called more than once, and may return Sets of the same database if the backend can
// be opened twice.
func Run(t *testing.T, open func(t *testing.T) *storage.Set) {
	set := open(t)
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for _, group := range [][]testCase{serverCases(), channelCases(), appendCases(), raceCases(), deleteCases(), editCases(),
		clearCases(), goneCases(), searchCases(), pageCases(),
		sinceCases(), dissolveCases(), readCases(), dutyCases(), agentCases(), agentChangeCases(), agentLogCases(), turnCases(), memoryCases(), placeCases(),
		fileCases(), traceCases(), contextCases()} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(&kit{T: t, set: set})
			})
		}
	}
	for _, c := range closeCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(&kit{T: t, set: open(t)})
		})
	}
}
