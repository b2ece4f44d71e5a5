package config_test

import (
	"strings"
	"testing"

	"parley/cmd/internal/config"
	"parley/domain"
)

func TestSettingsOfTheClusterThatContradictAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(c *config.Config)
		want string // "" if it is right
	}{
		"one server": {func(*config.Config) {}, ""},
		"MongoDB":    {func(c *config.Config) { c.MongoURI = "mongodb://u:pass@a:1,b:2/parley?replicaSet=rs" }, ""},
		"a cluster": {func(c *config.Config) {
			c.MongoURI, c.RedisURL, c.Replica, c.ClusterAddress = "mongodb+srv://db.example/parley", "rediss://user:pass@redis:6380/1", "one", "10.0.0.1:7000"
		}, ""},
		"Redis Cluster": {func(c *config.Config) { c.MongoURI, c.RedisURL = "mongodb://a/b", "redis+cluster://a:1,b:2,c:3" }, ""},
		"Sentinel": {func(c *config.Config) {
			c.MongoURI, c.RedisURL = "mongodb://a/b", "redis+sentinel://:pass@a:1,b:2/main/0"
		}, ""},
		"Redis with SQLite":   {func(c *config.Config) { c.RedisURL = "redis://localhost" }, "REDIS_URL needs MONGODB_URI"},
		"no MongoDB address":  {func(c *config.Config) { c.MongoURI = "localhost:27017 pass" }, "MONGODB_URI is not"},
		"no Redis address":    {func(c *config.Config) { c.MongoURI, c.RedisURL = "mongodb://a/b", "http://pass@x" }, "REDIS_URL is not"},
		"a name with a point": {func(c *config.Config) { c.Replica = "a.b" }, "PARLEY_REPLICA"},
		"no port":             {func(c *config.Config) { c.ClusterAddress = "10.0.0.1" }, "PARLEY_CLUSTER_ADDRESS"},
		"a short secret":      {func(c *config.Config) { c.ClusterSecret = domain.Secret("pass") }, "PARLEY_CLUSTER_SECRET"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default()
			c.set(&cfg)
			err := cfg.Validate()
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "pass") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}
