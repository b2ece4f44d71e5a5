package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/bus"
	"parley/domain/cluster"
	"parley/domain/presence"
	"parley/domain/quota"
	"parley/domain/system"
	"parley/realtime"
	"parley/realtime/relay"
	"parley/storage/redis"
)

// farewellTime bounds what a replica does to leave the others when it has drained.
const farewellTime = 2 * time.Second

// shared is what replicas share; all of it is nil for a server that is alone.
type shared struct {
	bus    bus.Bus
	caches *bus.Caches
	logs   *system.LogShare
	// leases and hints share the agents' work.
	leases agents.Leases
	hints  agents.Hints
	// link carries the events of sockets, sessions what sockets need to come back.
	link     *redis.Link
	sessions realtime.Sessions
	// limits count what callers do.
	limits quota.Limits
	// presence knows who is where.
	presence *presence.Cluster
	// listener is where other replicas come in; relay serves it and owns it once it is there.
	listener net.Listener
	relay    *relay.Relay
	// gone wakes who makes up for what a replica that has gone may not have told.
	gone chan struct{}
	// run are what works on it while the server runs.
	run []func(context.Context) error
}

// tracker knows who is in which channel, and tells so while it runs.
type tracker interface {
	presence.Tracker
	Run(ctx context.Context, a presence.Announcer) error
}

// newPresence returns what knows who is in which channel.
func (a *App) newPresence() tracker {
	if a.redis == nil {
		return presence.NewLocal(a.now)
	}
	a.shared.presence = presence.NewCluster(presence.ClusterOptions{Replica: a.replica, Alive: a.memberNames,
		Registry: redis.NewPresence(a.redis), Now: a.now, Logger: a.log})
	return a.shared.presence
}

// openCluster opens what this replica shares with others, and takes its name: with REDIS_URL
// the client of Redis and what is built on it, without it the parts of a server that is alone.
func (a *App) openCluster(ctx context.Context, o Options) error {
	a.replica = cmp.Or(a.cfg.Replica, replicaName())
	members := cluster.Options{
		Self: cluster.Member{Name: a.replica, Version: cmp.Or(o.Version, "dev"), Started: domain.Instant{Time: a.now()}},
		Load: a.load, Secret: a.cfg.ClusterSecret, Now: a.now, Logger: a.log,
	}
	if a.cfg.RedisURL == "" {
		a.members = cluster.New(members)
		return nil
	}
	client, err := redis.New(redis.Options{URL: a.cfg.RedisURL, Replica: a.replica, Now: a.now, Logger: a.log})
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	a.redis = client
	notes := client.Bus()
	a.shared = shared{bus: notes, caches: bus.NewCaches(notes, a.log), logs: system.NewLogShare(a.logs, notes, a.replica),
		leases: redis.NewLeases(client, 0), hints: redis.NewHints(client, 0), link: client.Link(),
		sessions: realtime.NewVaultSessions(redis.NewSessions(client), a.replica, a.now), gone: make(chan struct{}, 1)}
	if members.Self.Address, err = a.listenForReplicas(ctx); err != nil {
		return err
	}
	members.Store = redis.NewMembers(client)
	a.members = cluster.New(members)
	a.shared.limits = quota.NewCluster(quota.ClusterOptions{Counts: redis.NewLimits(client, a.members.Secret), Now: a.now, Logger: a.log}).Limiter
	a.shared.run = []func(context.Context) error{
		notes.Run, a.shared.link.Run, a.shared.caches.Run, a.members.Run, a.makeUp, a.watchRedis,
		func(ctx context.Context) error { a.shared.logs.Run(ctx); return nil },
		func(context.Context) error { return a.shared.relay.Run() },
	}
	a.members.OnGone(a.replicaGone)
	err = a.members.Claim(ctx)
	if domain.IsCode(err, domain.Unavailable) {
		a.log.Warn().Err(err).Msg("Redis does not answer; this replica starts alone")
		return nil
	}
	return err
}

// listenForReplicas opens the private listener and returns the address to announce.
func (a *App) listenForReplicas(ctx context.Context) (string, error) {
	address := cmp.Or(a.cfg.ClusterAddress, "127.0.0.1:0")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("PARLEY_CLUSTER_ADDRESS: %w", err)
	}
	a.shared.listener = listener
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("PARLEY_CLUSTER_ADDRESS: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // what tcp gives
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// load is how busy this replica is.
func (a *App) load() cluster.Load {
	l := a.meter.Read()
	if a.gateway != nil {
		s := a.gateway.Stats()
		l.Connections, l.Sockets = s.Conns, s.Sockets
	}
	return l
}

// connectionName is with what the ids of connections begin.
func (a *App) connectionName() string {
	if a.redis == nil {
		return ""
	}
	return a.replica
}

// link makes the gateway one with those of the other replicas, and the way to them. It is
// called when the gateway is bound.
func (a *App) link() error {
	s := &a.shared
	if a.redis == nil {
		return nil
	}
	s.relay = relay.New(relay.Options{
		Replica: a.replica, Secret: a.members.Secret, Local: a.gateway, Release: a.gateway.ReleasePoll, Listener: s.listener, Logger: a.log,
		Find: func(ctx context.Context, name string) (relay.Owner, bool) {
			m, ok := a.members.Seek(ctx, name)
			return relay.Owner{Instance: m.Instance, Address: m.Address}, ok
		},
	})
	a.metrics.watchRelay(s.relay.Stats)
	a.metrics.watchCluster(func() int { return len(a.memberNames()) }, a.redis.Up, a.gateway.Counts)
	return a.gateway.Link(s.link, a.replica, a.memberNames)
}

// memberNames are the names of all replicas, as far as they are known.
func (a *App) memberNames() []string {
	members, _ := a.members.List()
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	return names
}

// degraded tells whether Redis does not answer; nil for a server that is alone.
func (a *App) degraded() func() bool {
	if a.redis == nil {
		return nil
	}
	return func() bool {
		_, stale := a.members.List() // at the start nobody has asked Redis yet but for this list
		return stale && !a.redis.Up()
	}
}

// replicaGone ends what is relayed to a replica that has gone, and wakes makeUp.
func (a *App) replicaGone(m cluster.Member) {
	a.shared.relay.Forget(m.Instance)
	a.shared.presence.Died(m.Name)
	select {
	case a.shared.gone <- struct{}{}:
	default: // it is known already that there is something to make up for
	}
}

// runCluster takes part in the cluster until leave is called, which tells the others. If that
// fails before, the server stops.
func (a *App) runCluster() (leave func() error) {
	s := &a.shared
	if a.redis == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group errgroup.Group
	for _, part := range s.run {
		group.Go(func() error {
			err := part(ctx)
			if err != nil {
				a.log.Error().Err(err).Msg("this replica cannot go on")
				a.ask()
			}
			return err
		})
	}
	return func() error {
		ctx, end := context.WithTimeout(context.Background(), farewellTime)
		defer end()
		if err := a.members.Leave(ctx); err != nil {
			a.log.Warn().Err(err).Msg("the other replicas could not be told that this one leaves")
		}
		s.relay.Close(ctx)
		cancel()
		return group.Wait()
	}
}

// watchRedis notices when Redis goes and comes.
func (a *App) watchRedis(ctx context.Context) error {
	a.redis.Watch(ctx, func(up bool) {
		if up {
			a.shared.presence.Renew()
		}
	})
	return nil
}

// makeUp looks, whenever a replica has gone, for what that may not have told, until ctx ends.
func (a *App) makeUp(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.shared.gone:
			a.gateway.Lapsed()
			a.agents.SweepSoon()
		}
	}
}

// drainCluster says that this replica is about to leave, and lets the clients whose requests
// it relays come back by another way.
func (a *App) drainCluster(ctx context.Context) error {
	if a.redis == nil {
		return nil
	}
	told, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellTime)
	defer cancel()
	if err := a.members.Drain(told); err != nil {
		a.log.Warn().Err(err).Msg("the other replicas could not be told that this one drains")
	}
	a.shared.relay.Drain(ctx)
	return nil
}

// closeCluster ends what openCluster opened.
func (a *App) closeCluster() error {
	s := &a.shared
	if a.redis == nil {
		return nil
	}
	var err error
	if s.listener != nil {
		if err = s.listener.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	return errors.Join(err, a.redis.Close())
}

// replicaName makes a name of eight letters up.
func replicaName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it would end the process instead
	for i := range b {
		b[i] = 'a' + b[i]%26
	}
	return string(b[:])
}
