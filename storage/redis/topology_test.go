package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// openURL returns a client of an address, closed at the test's end.
func openURL(t *testing.T, address, replica string) *redis.Client {
	t.Helper()
	c, err := redis.New(redis.Options{URL: domain.Secret(address), Replica: replica, Now: time.Now, Logger: zerolog.New(zerolog.NewTestWriter(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// talk checks that links of two clients hear of one another.
func talk(t *testing.T, one, two *hearer) {
	t.Helper()
	for i := range 20 { // channels of several slots
		channel := fmt.Sprintf("channel-%d", i)
		two.Subscribe(channel)
		await(t, two.subscribed)
		publishUntilSent(t, one, channel, channel)
		if m := await(t, two.messages); m.payload != channel {
			t.Errorf("came %q", m)
		}
	}
	if n, err := one.Subscribers(t.Context(), "channel-1"); n != 1 || err != nil {
		t.Errorf("subscribers are %d, %v", n, err)
	}
	if names, err := one.Channels(t.Context(), "channel-*"); len(names) != 20 || err != nil {
		t.Errorf("channels are %v, %v", names, err)
	}
}

// cli runs redis-cli on a server.
func cli(t *testing.T, port int, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "redis-cli", append([]string{"-p", strconv.Itoa(port)}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestAUserOfAnACLIsLetIn(t *testing.T) {
	server := redistest.Start(t, "--user", "default", "off", "--user", "parley", "on", ">geheim", "~*", "&*", "+@all")
	address := fmt.Sprintf("redis://parley:geheim@%s", server.Addr())
	talk(t, openLink(t, openURL(t, address, "one")), openLink(t, openURL(t, address, "two")))
	err := openURL(t, fmt.Sprintf("redis://parley:falsch@%s", server.Addr()), "three").Ping(t.Context())
	if err == nil || strings.Contains(fmt.Sprint(err), "falsch") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// certificate writes a certificate for loopback that signs itself, and its key.
func certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestTLSWithACertificateOfOurOwnAuthority(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // what tcp gives
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := certificate(t, t.TempDir())
	redistest.Start(t, "--tls-port", strconv.Itoa(port), "--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", certFile, "--tls-auth-clients", "no")
	address := fmt.Sprintf("rediss://127.0.0.1:%d?ca_file=%s", port, url.QueryEscape(certFile))
	talk(t, openLink(t, openURL(t, address, "one")), openLink(t, openURL(t, address, "two")))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := openURL(t, fmt.Sprintf("rediss://127.0.0.1:%d", port), "three").Ping(ctx); err == nil {
		t.Error("a certificate that nobody vouches for is trusted")
	}
}

func TestAClusterOfRedisCarriesMessagesBetweenItsNodes(t *testing.T) {
	var nodes []*redistest.Server
	var hosts []string
	for i := range 3 {
		node := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		nodes, hosts = append(nodes, node), append(hosts, node.Addr())
		cli(t, node.Port, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*5461), strconv.Itoa(min(i*5461+5460, 16383)))
		cli(t, node.Port, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		if i == 2 {
			cli(t, node.Port, "CLUSTER", "ADDSLOTSRANGE", "16383", "16383")
		}
	}
	for _, node := range nodes[1:] {
		cli(t, nodes[0].Port, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(node.Port))
	}
	for _, node := range nodes {
		until(t, "the cluster is whole", func() bool {
			info := cli(t, node.Port, "CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3") && strings.Contains(info, "cluster_slots_ok:16384")
		})
	}
	address := "redis+cluster://" + strings.Join(hosts, ",")
	one, two := openLink(t, openURL(t, address, "one")), openLink(t, openURL(t, address, "two"))
	talk(t, one, two)
}

func TestAfterAFailoverOfSentinelsALinkFollowsTheMaster(t *testing.T) {
	master := redistest.Start(t)
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", strconv.Itoa(master.Port))
	until(t, "the replica follows its master", func() bool {
		return strings.Contains(cli(t, replica.Port, "INFO", "replication"), "master_link_status:up")
	})
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n", master.Port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := redistest.StartSentinel(t, config)
	until(t, "the sentinel knows the replica", func() bool {
		return strings.Contains(cli(t, sentinel.Port, "SENTINEL", "REPLICAS", "main"), strconv.Itoa(replica.Port))
	})
	address := "redis+sentinel://" + sentinel.Addr() + "/main"
	one, two := openLink(t, openURL(t, address, "one")), openLink(t, openURL(t, address, "two"))
	talk(t, one, two)
	master.Kill()
	until(t, "the replica is the master", func() bool { return strings.Contains(cli(t, replica.Port, "INFO", "replication"), "role:master") })
	await(t, two.lapsed)
	publishUntilSent(t, one, "channel-3", "after")
	if m := await(t, two.messages); m.payload != "after" {
		t.Errorf("came %q", m)
	}
}
