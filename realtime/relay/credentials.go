package relay

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"parley/domain"
)

// serverName is what every replica is called in its certificate: which one it is does not
// matter, for each may do everything.
const serverName = "replica.parley.internal"

// purpose keeps the key apart from others that may be derived from the secret.
const purpose = "parley cluster authority 1"

// errNoSecret says that there is nothing to know replicas by yet.
var errNoSecret = errors.New("the secret of the cluster is not known yet")

// present is the time at which certificates are checked, whatever the clock says.
func present() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// credentials are what this replica shows to others, and knows them by. They follow the
// secret, which may become known late. They are safe for concurrent use.
type credentials struct {
	secret func() domain.Secret

	mu   sync.Mutex
	of   domain.Secret // that pair and pool were made of
	pair tls.Certificate
	pool *x509.CertPool
}

// server is the configuration of the private listener.
func (c *credentials) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		cfg, err := c.config("h2", "http/1.1")
		if err != nil {
			return nil, err
		}
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
		return cfg, nil
	}}
}

// config is what both sides have in common.
func (c *credentials) config(protocols ...string) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	secret := c.secret()
	if secret == "" {
		return nil, errNoSecret
	}
	if secret != c.of {
		var err error
		if c.pair, c.pool, err = issue(secret); err != nil {
			return nil, err
		}
		c.of = secret
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Time: present, ServerName: serverName, NextProtos: protocols,
		Certificates: []tls.Certificate{c.pair}, RootCAs: c.pool, ClientCAs: c.pool,
		SessionTicketsDisabled: true, // one of an old secret must not outlive it
	}, nil
}

// issue derives the authority from the secret and makes a certificate of it for this process.
func issue(secret domain.Secret) (tls.Certificate, *x509.CertPool, error) {
	seed, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, purpose, ed25519.SeedSize)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("derive the authority of the cluster: %w", err)
	}
	authorityKey := ed25519.NewKeyFromSeed(seed)
	authority := template("Parley cluster", 1)
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make the authority of the cluster: %w", err)
	}
	root, err := x509.ParseCertificate(raw)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("read the authority of the cluster: %w", err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make this replica's key: %w", err)
	}
	leaf := template(serverName, 2)
	leaf.DNSNames, leaf.KeyUsage = []string{serverName}, x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if raw, err = x509.CreateCertificate(rand.Reader, leaf, root, public, authorityKey); err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make this replica's certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: private}, pool, nil
}

// template is a certificate that is always valid.
func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(serial),
		NotBefore: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
}
