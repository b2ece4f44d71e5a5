package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain/agents"
	"parley/domain/agents/agentstest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

func TestLeasesInRedisKeepTheContract(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int64
	agentstest.RunLeases(t, func(t *testing.T) agents.Leases {
		return redis.NewLeases(open(t, server, fmt.Sprint("r", n.Add(1))), 500*time.Millisecond)
	})
}

func TestTheQueueInRedisKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int64
	agentstest.RunHints(t, func(t *testing.T) agents.Hints {
		return redis.NewHints(open(t, server, fmt.Sprint("r", n.Add(1))), 500*time.Millisecond)
	})
}
