package agents_test

import (
	"testing"
	"time"

	"parley/domain/agents"
	"parley/domain/agents/agentstest"
)

func TestTheLeasesOfOneProcessKeepTheContract(t *testing.T) {
	leases := agents.NewLocalLeases(300 * time.Millisecond)
	agentstest.RunLeases(t, func(*testing.T) agents.Leases { return leases })
}

func TestTheQueueOfOneProcessKeepsTheContract(t *testing.T) {
	hints := agents.NewLocalHints(300 * time.Millisecond)
	agentstest.RunHints(t, func(*testing.T) agents.Hints { return hints })
}
