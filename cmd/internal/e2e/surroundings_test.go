package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/cmd/internal/composetest"
	"parley/cmd/internal/netfault"
	"parley/storage/mongo/mongotest"
	"parley/storage/redis/redistest"
)

// clusterSecret is what the replicas of the tests know one another by.
const clusterSecret = "a-secret-of-replicas-for-the-tests-only"

// surroundings are what several replicas share, all processes of their own, and the network
// between the replicas and it.
type surroundings struct {
	redis    *redistest.Server
	mongo    *mongotest.Server
	balancer *balancer
	// toRedis and toMongo are the ways of each replica.
	toRedis, toMongo []*netfault.Link
}

// surround starts all but the replicas, and prepares these with the settings that they have
// in docker-compose.yml. Of those only the addresses differ, and the keys, which are not in
// the file; env goes before both.
func (c *cluster) surround(env []string) {
	c.t.Helper()
	file, err := composetest.Read()
	if err != nil {
		c.t.Fatal(err)
	}
	c.surroundings = &surroundings{mongo: mongotest.Start(c.t), redis: redistest.Start(c.t, "--appendonly", "yes")}
	mongoAddr := strings.Trim(strings.TrimPrefix(c.mongo.URI, "mongodb://"), "/")
	var addresses []string
	for _, name := range file.Replicas() {
		toMongo, toRedis := openLink(c.t, mongoAddr), openLink(c.t, c.redis.Addr())
		c.toMongo, c.toRedis = append(c.toMongo, toMongo), append(c.toRedis, toRedis)
		p := newProcess(c.t, append(file.Environment(name),
			"MONGODB_URI=mongodb://"+toMongo.Addr()+"/parley", "REDIS_URL=redis://"+toRedis.Addr()+"/0",
			"PARLEY_CLUSTER_ADDRESS="+freeAddress(c.t), "PARLEY_CLUSTER_SECRET="+clusterSecret)...)
		p.env = append(p.env, env...)
		c.replicas = append(c.replicas, p)
		addresses = append(addresses, strings.TrimPrefix(p.url, "http://"))
	}
	c.balancer = startBalancer(c.t, file, addresses)
	c.url = c.balancer.url
}

// openLink opens a network that ends with the test.
func openLink(t *testing.T, target string) *netfault.Link {
	t.Helper()
	l, err := netfault.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// await waits until clients reach every replica.
func (c *cluster) await() {
	c.t.Helper()
	if c.surroundings == nil {
		return
	}
	for i := range c.replicas {
		c.awaitState(i, stateUp)
	}
	eventually(c.t, "the balancer answers", func() error { return expectStatus(c.url+"/readyz", http.StatusOK) })
}

// awaitState waits until the balancer sees a replica in one of the states.
func (c *cluster) awaitState(replica int, states ...string) {
	c.t.Helper()
	eventually(c.t, "the balancer notices", func() error { return c.balancer.expect(replica, states...) })
}

// partition takes a replica away from MongoDB and Redis: nothing gets through, and nobody is
// told. Clients still reach it.
func (c *cluster) partition(replica int) {
	c.toRedis[replica].Silence()
	c.toMongo[replica].Silence()
}

// heal makes all networks as they were.
func (c *cluster) heal() {
	for i := range c.replicas {
		c.toRedis[i].Heal()
		c.toMongo[i].Heal()
	}
}
