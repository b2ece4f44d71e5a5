package app_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain/identity/jwt/jwttest"
)

// issuer is the iss of the tokens that need one.
const issuer = "https://id.example"

// publicPEM is the PEM of a public key.
func publicPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestKeysOfTokensComeFromWhereTheSettingsSay(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(object{"keys": []object{{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig",
			"x": base64.RawURLEncoding.EncodeToString(public)}}})
	}))
	t.Cleanup(set.Close)
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(publicPEM(t, &ec.PublicKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{
		"ec": jwttest.Sign(ec, object{"alg": "ES256"}, object{"iss": issuer, "sub": owner, "exp": time.Now().Add(time.Hour).Unix()}),
		"ed": jwttest.Sign(ed, object{"alg": "EdDSA", "kid": "k1"}, object{"iss": issuer, "sub": owner, "exp": time.Now().Add(time.Hour).Unix()}),
		"hs": jwttest.HS256(object{"iss": issuer, "sub": owner, "exp": time.Now().Add(time.Hour).Unix()}),
	}
	for name, tt := range map[string]struct {
		change func(*config.Config)
		good   string
	}{
		"a secret":            {func(c *config.Config) { c.JWTSecret = jwttest.Secret }, "hs"},
		"a PEM":               {func(c *config.Config) { c.JWTPublicKey = publicPEM(t, &ec.PublicKey) }, "ec"},
		"a PEM on one line":   {func(c *config.Config) { c.JWTPublicKey = strings.ReplaceAll(publicPEM(t, &ec.PublicKey), "\n", `\n`) }, "ec"},
		"a file":              {func(c *config.Config) { c.JWTPublicKey = file }, "ec"},
		"an address":          {func(c *config.Config) { c.JWTKeysURL, c.JWTIssuer = set.URL, issuer }, "ed"},
		"a file, an address":  {func(c *config.Config) { c.JWTPublicKey, c.JWTKeysURL, c.JWTIssuer = file, set.URL, issuer }, "ec ed"},
		"tokens of an issuer": {func(c *config.Config) { c.JWTSecret, c.JWTIssuer = jwttest.Secret, "https://other.example" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveWith(t, func(c *config.Config) { c.JWTSecret, c.ServerKey = "", ""; tt.change(c) })
			for kind, token := range tokens {
				want := http.StatusUnauthorized
				if strings.Contains(tt.good, kind) {
					want = http.StatusOK
				}
				if status, _, reply := s.rest(token, "GET", "/api/agents", nil); status != want {
					t.Errorf("%s: %d %s", kind, status, reply)
				}
			}
		})
	}
}

func TestAServerWithoutUsableKeysDoesNotStart(t *testing.T) {
	for name, key := range map[string]string{"no file": filepath.Join(t.TempDir(), "absent.pem"), "no PEM": "-----BEGIN NOTHING-----"} {
		cfg := config.Default()
		cfg.Port, cfg.DataDir, cfg.Auth, cfg.JWTPublicKey = 0, t.TempDir(), "jwt", key
		a, err := app.New(t.Context(), cfg, app.Options{Log: &bytes.Buffer{}})
		if err == nil {
			_ = a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "PARLEY_JWT_PUBLIC_KEY") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
