package jwt_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/identity/jwt"
	"parley/domain/identity/jwt/jwttest"
)

// now is the present of these tests.
var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// object is a JSON object.
type object = map[string]any

// ring holds a private key of each kind.
type ring struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

// newRing makes keys.
func newRing(t testing.TB) ring {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, d, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ring{rsa: r, ec: e, ed: d}
}

// pemOf is the PEM of public keys.
func pemOf(t testing.TB, keys ...any) []byte {
	t.Helper()
	var out []byte
	for _, k := range keys {
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return out
}

// verifier returns a Verifier of a secret and the ring's public keys.
func (r ring) verifier(t testing.TB, change ...func(*jwt.Options)) *jwt.Verifier {
	t.Helper()
	secret, err := jwt.NewSecret(jwttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jwt.ParsePEM(pemOf(t, &r.rsa.PublicKey, &r.ec.PublicKey, r.ed.Public()))
	if err != nil {
		t.Fatal(err)
	}
	o := jwt.Options{Keys: jwt.Static(append(public, secret)), Issuer: "https://id.example", Audiences: []string{"parley"},
		Leeway: 30 * time.Second, Now: func() time.Time { return now }}
	for _, f := range change {
		f(&o)
	}
	v, err := jwt.NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// good are claims that count, with changes; nil removes one.
func good(changes object) object {
	claims := object{"iss": "https://id.example", "sub": "zed", "aud": "parley", "exp": now.Add(time.Hour).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func TestTokensOfEveryAlgorithm(t *testing.T) {
	keys := newRing(t)
	v := keys.verifier(t)
	for alg, key := range map[string]any{"HS256": []byte(jwttest.Secret), "RS256": keys.rsa, "ES256": keys.ec, "EdDSA": keys.ed} {
		claims, err := v.Verify(t.Context(), jwttest.Sign(key, object{"alg": alg, "kid": "any"}, good(object{"role": "admin", "name": "Zed"})))
		if err != nil || claims.Name != "Zed" || claims.Subject != "zed" || claims.Role != "admin" || claims.Issuer != "https://id.example" ||
			!claims.Expires.Equal(now.Add(time.Hour+30*time.Second)) {
			t.Errorf("%s: %+v, %v", alg, claims, err)
		}
	}
}

func TestAttacksOnTheSignature(t *testing.T) {
	keys, foreign := newRing(t), newRing(t)
	v := keys.verifier(t)
	public := pemOf(t, &keys.rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(&keys.rsa.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	honest := jwttest.Sign(keys.ed, object{"alg": "EdDSA"}, good(nil))
	parts := strings.Split(honest, ".")
	admin, err := json.Marshal(good(object{"role": "admin"}))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"none":                        jwttest.Sign(nil, object{"alg": "none"}, good(nil)),
		"none with a signature":       jwttest.Sign([]byte("x"), object{"alg": "none"}, good(nil)),
		"nOnE":                        jwttest.Sign([]byte("x"), object{"alg": "nOnE"}, good(nil)),
		"no alg":                      jwttest.Sign([]byte(jwttest.Secret), object{}, good(nil)),
		"alg in other letters":        jwttest.Sign([]byte(jwttest.Secret), object{"alg": "hs256"}, good(nil)),
		"alg under another name":      jwttest.Sign([]byte(jwttest.Secret), object{"ALG": "HS256"}, good(nil)),
		"alg that is no text":         jwttest.Sign([]byte(jwttest.Secret), object{"alg": 1}, good(nil)),
		"HS512":                       jwttest.Sign([]byte(jwttest.Secret), object{"alg": "HS512"}, good(nil)),
		"the public key as a secret":  jwttest.Sign(public, object{"alg": "HS256"}, good(nil)),
		"its DER as a secret":         jwttest.Sign(der, object{"alg": "HS256"}, good(nil)),
		"the empty secret":            jwttest.Sign([]byte{}, object{"alg": "HS256"}, good(nil)),
		"another secret":              jwttest.Sign([]byte(jwttest.Secret+"!"), object{"alg": "HS256"}, good(nil)),
		"an HMAC that claims RS256":   jwttest.Sign(public, object{"alg": "RS256"}, good(nil)),
		"a foreign RSA key":           jwttest.Sign(foreign.rsa, object{"alg": "RS256"}, good(nil)),
		"a foreign EC key":            jwttest.Sign(foreign.ec, object{"alg": "ES256"}, good(nil)),
		"a foreign Ed25519 key":       jwttest.Sign(foreign.ed, object{"alg": "EdDSA"}, good(nil)),
		"RS256 signed by the EC key":  jwttest.Sign(keys.ec, object{"alg": "RS256"}, good(nil)),
		"a key of its own":            jwttest.Sign(foreign.ed, object{"alg": "EdDSA", "jwk": object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(foreign.ed.Public().(ed25519.PublicKey))}}, good(nil)),
		"an address of its own":       jwttest.Sign(foreign.ed, object{"alg": "EdDSA", "jku": "https://evil.example/keys"}, good(nil)),
		"crit":                        jwttest.Sign(keys.ed, object{"alg": "EdDSA", "crit": []string{"exp"}, "exp": 1}, good(nil)),
		"crit that is empty":          jwttest.Sign(keys.ed, object{"alg": "EdDSA", "crit": []string{}}, good(nil)),
		"b64":                         jwttest.Sign(keys.ed, object{"alg": "EdDSA", "b64": false}, good(nil)),
		"zip":                         jwttest.Sign(keys.ed, object{"alg": "EdDSA", "zip": "DEF"}, good(nil)),
		"typ of another purpose":      jwttest.Sign(keys.ed, object{"alg": "EdDSA", "typ": "logout+jwt"}, good(nil)),
		"a kid that is a path":        jwttest.Sign([]byte{}, object{"alg": "HS256", "kid": "../../dev/null"}, good(nil)),
		"a kid that is much too long": jwttest.Sign(keys.ed, object{"alg": "EdDSA", "kid": strings.Repeat("k", 300)}, good(nil)),
		"ES256 of only zeros":         parts0(object{"alg": "ES256"}, good(nil)) + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"no signature":                parts[0] + "." + parts[1] + ".",
		"two parts":                   parts[0] + "." + parts[1],
		"four parts":                  honest + ".x",
		"five parts":                  honest + "..",
		"another payload":             parts[0] + "." + base64.RawURLEncoding.EncodeToString(admin) + "." + parts[2],
		"padding":                     honest + "==",
		"a line end":                  parts[0] + "." + parts[1] + "\n." + parts[2],
		"space":                       " " + honest,
		"the other alphabet":          strings.NewReplacer("-", "+", "_", "/").Replace(honest) + "+",
		"bits beyond the end":         honest[:len(honest)-1] + "B",
		"too long":                    honest + strings.Repeat("A", jwt.MaxToken),
		"nothing":                     "",
		"dots":                        "..",
		"a header that is a list":     base64.RawURLEncoding.EncodeToString([]byte(`["HS256"]`)) + "." + parts[1] + "." + parts[2],
		"a header that is null":       base64.RawURLEncoding.EncodeToString([]byte(`null`)) + "." + parts[1] + "." + parts[2],
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			claims, err := v.Verify(t.Context(), token)
			if !domain.IsCode(err, domain.Unauthenticated) || claims != (jwt.Claims{}) {
				t.Fatalf("claims %+v, %v", claims, err)
			}
			if known := domain.AsError(err); known.Message != "The token is not valid" || len(token) > 8 && strings.Contains(err.Error(), token) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
	if _, err := v.Verify(t.Context(), honest); err != nil {
		t.Errorf("the honest one: %v", err)
	}
}

// parts0 is a token without its signature, with the dot.
func parts0(header, claims object) string {
	token := jwttest.Sign([]byte("x"), header, claims)
	return token[:strings.LastIndex(token, ".")+1]
}

func TestClaimsAreChecked(t *testing.T) {
	v := newRing(t).verifier(t)
	at := func(d time.Duration) any { return now.Add(d).Unix() }
	tests := []struct {
		name    string
		changes object
		ok      bool
	}{
		{"all that is needed", nil, true},
		{"no exp", object{"exp": nil}, false},
		{"exp under another name", object{"exp": nil, "EXP": at(time.Hour)}, false},
		{"exp as a text", object{"exp": "1795521600"}, false},
		{"exp null", object{"exp": json.RawMessage("null")}, false},
		{"exp below zero", object{"exp": -1}, false},
		{"exp beyond all times", object{"exp": 1e300}, false},
		{"exp with a fraction", object{"exp": float64(now.Unix()) + 0.5}, true},
		{"expired within the leeway", object{"exp": at(-29 * time.Second)}, true},
		{"expired", object{"exp": at(-30 * time.Second)}, false},
		{"nbf within the leeway", object{"nbf": at(30 * time.Second)}, true},
		{"not valid yet", object{"nbf": at(31 * time.Second)}, false},
		{"nbf as a text", object{"nbf": "now"}, false},
		{"nbf after exp", object{"nbf": at(20 * time.Second), "exp": at(10 * time.Second)}, false},
		{"iat", object{"iat": at(-time.Hour)}, true},
		{"iat in the future", object{"iat": at(time.Minute)}, false},
		{"iat as a list", object{"iat": []int{1}}, false},
		{"no sub", object{"sub": nil}, false},
		{"an empty sub", object{"sub": ""}, false},
		{"sub as a number", object{"sub": 7}, false},
		{"a sub that is much too long", object{"sub": strings.Repeat("x", 2000)}, false},
		{"another iss", object{"iss": "https://evil.example"}, false},
		{"an iss that begins the same", object{"iss": "https://id.example.evil"}, false},
		{"no iss", object{"iss": nil}, false},
		{"aud in a list", object{"aud": []string{"other", "parley"}}, true},
		{"another aud", object{"aud": "other"}, false},
		{"an aud in other letters", object{"aud": "Parley"}, false},
		{"an empty list of aud", object{"aud": []string{}}, false},
		{"aud as a number", object{"aud": 1}, false},
		{"no aud", object{"aud": nil}, true},
		{"a name that is much too long", object{"name": strings.Repeat("x", 300)}, true},
		{"a name of another type", object{"name": object{}}, true},
		{"role of another type", object{"role": []string{"admin"}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			claims, err := v.Verify(t.Context(), jwttest.HS256(good(tt.changes)))
			if (err == nil) != tt.ok || claims.Role != "" || claims.Name != "" {
				t.Fatalf("claims %+v, %v", claims, err)
			}
		})
	}
}

func TestAudiences(t *testing.T) {
	keys := newRing(t)
	none := keys.verifier(t, func(o *jwt.Options) { o.Audiences = nil })
	must := keys.verifier(t, func(o *jwt.Options) { o.RequireAudience = true })
	if _, err := none.Verify(t.Context(), jwttest.HS256(good(nil))); err == nil {
		t.Error("a token for somebody counts where no audience is known")
	}
	if _, err := none.Verify(t.Context(), jwttest.HS256(good(object{"aud": nil}))); err != nil {
		t.Error(err)
	}
	if _, err := must.Verify(t.Context(), jwttest.HS256(good(object{"aud": nil}))); err == nil {
		t.Error("a token without an audience counts where one is required")
	}
}

func TestEntitiesOfSubjects(t *testing.T) {
	for _, tt := range []struct {
		issuer, subject string
		want            domain.EntityID
	}{
		{"https://id.example", "ABCDEFAB-1111-4111-8111-111111111111", "abcdefab-1111-4111-8111-111111111111"},
		{"https://id.example", "zed", domain.StringToUUID[domain.EntityID]("https://id.example:zed")},
		{"", "zed", domain.StringToUUID[domain.EntityID](":zed")},
	} {
		if got := (jwt.Claims{Issuer: tt.issuer, Subject: tt.subject}).Entity(); got != tt.want {
			t.Errorf("%s of %s is %s, want %s", tt.subject, tt.issuer, got, tt.want)
		}
	}
}

func TestWeakAndForeignKeysAreRefused(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(newRing(t).ed)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"a short RSA key": pemOf(t, &short.PublicKey),
		"another curve":   pemOf(t, &p384.PublicKey),
		"a private key":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"no PEM":          []byte("secret"),
		"nothing":         nil,
		"broken DER":      pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}),
	} {
		if keys, err := jwt.ParsePEM(text); err == nil {
			t.Errorf("%s gives %d keys", name, len(keys))
		}
	}
	if _, err := jwt.NewSecret("too short"); err == nil {
		t.Error("a short secret is taken")
	}
}
