package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// minClusterSecret is the least length of the secret that replicas share, in bytes.
const minClusterSecret = 16

// replicaName is what a replica may be called: its name begins the ids of its sessions.
var replicaName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// cluster is where the data is if not in a file, and how replicas find one another.
func (c *Config) cluster() []setting {
	return []setting{
		{name: "MONGODB_URI", value: secret(&c.MongoURI), shown: "SQLite in PARLEY_DATA_DIR",
			help: "Address of MongoDB 7 or later (secret), with the name of the database, such as mongodb://host/parley: all data is kept there instead of in the data folder."},
		{name: "REDIS_URL", value: secret(&c.RedisURL), shown: "none",
			help: "Address of Redis 7 or later (secret), which makes this server one of several replicas and needs MONGODB_URI: redis:// or rediss:// (TLS), redis+cluster:// with all nodes as host:port,host:port, or redis+sentinel:// with the sentinels and /name-of-the-master."},
		{name: "PARLEY_REPLICA", value: text(&c.Replica), shown: "made up at the start",
			help: "Name of this replica in the cluster: letters, digits, _ and -, at most 32; no two that run may have the same."},
		{name: "PARLEY_CLUSTER_ADDRESS", value: text(&c.ClusterAddress), shown: "127.0.0.1 and a free port",
			help: "Private host:port where this replica listens for the others, and where they reach it; keep it from the public. Replicas on several machines need it. Only for REDIS_URL."},
		{name: "PARLEY_CLUSTER_SECRET", value: secret(&c.ClusterSecret), shown: "made by the first replica and kept in Redis",
			help: "What replicas know one another by (secret), the same for all, at least 16 bytes."},
	}
}

// checkCluster reports settings of the cluster that contradict one another. No address is
// repeated, for there may be a password in it.
func (c *Config) checkCluster() error {
	var errs []error
	if c.RedisURL != "" && c.MongoURI == "" {
		errs = append(errs, errors.New("REDIS_URL needs MONGODB_URI: several replicas share their data, and the embedded SQLite belongs to one process. "+
			"Set MONGODB_URI, or run one replica without REDIS_URL"))
	}
	if c.MongoURI != "" && !hasScheme(c.MongoURI.Reveal(), "mongodb", "mongodb+srv") {
		errs = append(errs, errors.New("MONGODB_URI is not an address such as mongodb://host:27017/parley"))
	}
	if c.RedisURL != "" && !hasScheme(c.RedisURL.Reveal(), "redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel") {
		errs = append(errs, errors.New("REDIS_URL is not an address such as redis://host:6379/0"))
	}
	if c.Replica != "" && !replicaName.MatchString(c.Replica) {
		errs = append(errs, fmt.Errorf("PARLEY_REPLICA must be 1 to 32 letters, digits, _ and -, not %q", c.Replica))
	}
	if c.ClusterAddress != "" {
		if host, port, err := net.SplitHostPort(c.ClusterAddress); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("PARLEY_CLUSTER_ADDRESS must be host:port, not %q", c.ClusterAddress))
		}
	}
	if n := len(c.ClusterSecret.Reveal()); n > 0 && n < minClusterSecret {
		errs = append(errs, fmt.Errorf("PARLEY_CLUSTER_SECRET must have at least %d bytes, not %d", minClusterSecret, n))
	}
	return errors.Join(errs...)
}

// hasScheme reports whether an address with a host begins in one of the ways.
func hasScheme(address string, schemes ...string) bool {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || !slices.Contains(schemes, scheme) || rest == "" {
		return false
	}
	// Several hosts are no URL in Go's eyes: one of them stands for all.
	head, tail, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(head, ","); at >= 0 {
		user := ""
		if i := strings.LastIndex(head, "@"); i >= 0 {
			user = head[:i+1]
		}
		head = user + head[at+1:]
	}
	u, err := url.Parse(scheme + "://" + head + "/" + tail)
	return err == nil && u.Host != ""
}
