package storagetest

import (
	"sync"
	"testing"

	"parley/storage"
)

// testCase is one statement of the contract.
type testCase struct {
	name string
	run  func(k *kit)
}

// Run checks a backend. open returns a Set that is ready for use; Run closes it. It is
// called once for each group of cases, as some servers that stand in for a database read
// all of it for each query, and may return Sets of the same database if the backend can
// be opened twice. It gets Run's own t, or that of a case which closes its Set itself.
func Run(t *testing.T, open func(t *testing.T) *storage.Set) {
	for _, group := range [][]testCase{serverCases(), channelCases(), appendCases(), floodCases(), raceCases(), deleteCases(), editCases(),
		clearCases(), goneCases(), searchCases(), pageCases(),
		sinceCases(), dissolveCases(), readCases(), unreadCases(), dutyCases(), agentCases(), agentChangeCases(), agentLogCases(),
		turnCases(), memoryCases(), placeCases(), fileCases(), traceCases(), contextCases()} {
		set := sync.OnceValue(func() *storage.Set {
			set := open(t)
			t.Cleanup(func() {
				if err := set.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			return set
		})
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(&kit{T: t, set: set()})
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
