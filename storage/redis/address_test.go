package redis

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressesOfAllKindsAreRead(t *testing.T) {
	for address, want := range map[string]struct {
		addrs              []string
		master, user, pass string
		db                 int
		tls, cluster       bool
	}{
		"redis://localhost":                             {addrs: []string{"localhost:6379"}},
		"redis://:secret@10.0.0.1:7000/3":               {addrs: []string{"10.0.0.1:7000"}, pass: "secret", db: 3},
		"rediss://ann:secret@redis.example:6380":        {addrs: []string{"redis.example:6380"}, user: "ann", pass: "secret", tls: true},
		"redis+cluster://a:1,b:2,c:3":                   {addrs: []string{"a:1", "b:2", "c:3"}, cluster: true},
		"rediss+cluster://ann:secret@a:1":               {addrs: []string{"a:1"}, user: "ann", pass: "secret", tls: true, cluster: true},
		"redis+sentinel://ann:secret@a:1,b:2/main/2":    {addrs: []string{"a:1", "b:2"}, master: "main", user: "ann", pass: "secret", db: 2},
		"redis+sentinel://a:1/main?sentinel_password=x": {addrs: []string{"a:1"}, master: "main"},
	} {
		o, err := parseAddress(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if !slices.Equal(o.Addrs, want.addrs) || o.MasterName != want.master || o.Username != want.user || o.Password != want.pass ||
			o.DB != want.db || (o.TLSConfig != nil) != want.tls || o.IsClusterMode != want.cluster {
			t.Errorf("%s is read as %+v", address, o)
		}
	}
}

func TestAnAddressThatCannotBeReadIsNotRepeated(t *testing.T) {
	for _, address := range []string{"", "http://secret@x", "redis://:secret@host:port:x", "redis+moon://secret@a:1", "redis+sentinel://:secret@a:1", "redis+sentinel://a:1/main/secret",
		"redis://:secret@host/notanumber", "redis+cluster://:secret@a b:1"} {
		if _, err := parseAddress(address); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
