package redis

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// errAddress says that an address cannot be read. It does not repeat it: there may be a
// password in it.
var errAddress = errors.New("the address of Redis cannot be read: it must be redis://[user:password@]host:port[/database], " +
	"redis+cluster://[user:password@]host:port,host:port or redis+sentinel://[user:password@]host:port,host:port/master[/database], " +
	"with rediss for TLS")

// parseAddress reads an address into the options of a client. The forms:
//
//	redis://user:password@host:port/database            one server
//	redis+cluster://user:password@host:port,host:port   Redis Cluster; any of its nodes
//	redis+sentinel://user:password@host:port,host:port/master/database?sentinel_username=&sentinel_password=
//
// rediss stands for TLS to all of them; ca_file names a file with the certificates of whom to
// trust, if that is nobody whom the system trusts. Further parameters are those of go-redis,
// such as pool_size and dial_timeout.
func parseAddress(address string) (*redis.UniversalOptions, error) {
	address, authorities, err := cutAuthorities(address)
	if err != nil {
		return nil, err
	}
	o, err := parseKind(address)
	if err != nil || authorities == nil {
		return o, err
	}
	if o.TLSConfig == nil {
		return nil, errAddress
	}
	o.TLSConfig.RootCAs = authorities
	return o, nil
}

// cutAuthorities takes the parameter ca_file out of an address and reads the file; nil if
// there is none.
func cutAuthorities(address string) (string, *x509.CertPool, error) {
	head, tail, _ := strings.Cut(address, "?")
	query, err := url.ParseQuery(tail)
	if err != nil {
		return "", nil, errAddress
	}
	name := query.Get("ca_file")
	if name == "" {
		return address, nil, nil
	}
	query.Del("ca_file")
	pem, err := os.ReadFile(name) //nolint:gosec // named by whoever runs the server
	if err != nil {
		return "", nil, fmt.Errorf("certificates of Redis: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return "", nil, fmt.Errorf("certificates of Redis: %s holds none", name)
	}
	if len(query) > 0 {
		head += "?" + query.Encode()
	}
	return head, pool, nil
}

// parseKind reads an address of one of the forms.
func parseKind(address string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	plain, kind, _ := strings.Cut(scheme, "+")
	if !ok || plain != "redis" && plain != "rediss" {
		return nil, errAddress
	}
	switch kind {
	case "":
		return parseSingle(address)
	case "cluster":
		return parseCluster(plain, rest)
	case "sentinel":
		return parseSentinel(plain, rest)
	default:
		return nil, errAddress
	}
}

// parseSingle reads the address of one server.
func parseSingle(address string) (*redis.UniversalOptions, error) {
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, errAddress
	}
	return &redis.UniversalOptions{
		Addrs: []string{o.Addr}, DB: o.DB, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
		ClientName: o.ClientName, DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolSize: o.PoolSize,
	}, nil
}

// hosts takes the list of hosts out of the part of an address after its scheme. What is
// returned has the first one alone, as a URL may have.
func hosts(rest string) (list []string, single string) {
	head, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		head, tail = rest[:i], rest[i:]
	}
	user := ""
	if at := strings.LastIndexByte(head, '@'); at >= 0 {
		user, head = head[:at+1], head[at+1:]
	}
	list = strings.Split(head, ",")
	return list, user + list[0] + tail
}

// parseCluster reads the address of a Redis Cluster.
func parseCluster(plain, rest string) (*redis.UniversalOptions, error) {
	list, single := hosts(rest)
	o, err := redis.ParseClusterURL(plain + "://" + single)
	if err != nil {
		return nil, errAddress
	}
	return &redis.UniversalOptions{
		Addrs: append(o.Addrs, list[1:]...), IsClusterMode: true, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
		ClientName: o.ClientName, DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolSize: o.PoolSize,
	}, nil
}

// parseSentinel reads the address of servers that sentinels watch.
func parseSentinel(plain, rest string) (*redis.UniversalOptions, error) {
	list, single := hosts(rest)
	u, err := url.Parse(plain + "://" + single)
	if err != nil {
		return nil, errAddress
	}
	master, database, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	query := u.Query()
	user, password := query.Get("sentinel_username"), query.Get("sentinel_password")
	query.Del("sentinel_username")
	query.Del("sentinel_password")
	u.Path, u.RawQuery = "/"+database, query.Encode()
	o, err := parseSingle(u.String())
	if err != nil || master == "" {
		return nil, errAddress
	}
	if _, err := strconv.Atoi(database); database != "" && err != nil {
		return nil, errAddress
	}
	o.Addrs, o.MasterName = append(o.Addrs, list[1:]...), master
	o.SentinelUsername, o.SentinelPassword = user, password
	return o, nil
}
