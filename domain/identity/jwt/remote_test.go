package jwt_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/identity/jwt"
)

// publisher plays the address of keys.
type publisher struct {
	t *testing.T

	mu    sync.Mutex
	kids  []string
	fails error
	now   time.Time
	asked int
	told  int
}

// fetch returns a set of the kids.
func (p *publisher) fetch(context.Context) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.fails != nil {
		return nil, p.fails
	}
	return setOf(p.t, p.kids...), nil
}

// setOf is a JWK Set of Ed25519 keys with these ids.
func setOf(t *testing.T, kids ...string) []byte {
	t.Helper()
	keys := []object{}
	for range kids {
		keys = append(keys, ed25519JWK(t))
	}
	for i, kid := range kids {
		keys[i]["kid"] = kid
	}
	data, err := json.Marshal(object{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ed25519JWK is a fresh public key.
func ed25519JWK(t *testing.T) object {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}
}

// remote returns a Remote of the publisher.
func (p *publisher) remote() *jwt.Remote {
	return jwt.NewRemote(p.fetch, func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.now
	}, func(error) { p.told++ })
}

func TestKeysAreFetchedWhenNeededAndNotMore(t *testing.T) {
	p := &publisher{t: t, kids: []string{"a"}, now: now}
	r := p.remote()
	find := func(id string, want, asked int) {
		t.Helper()
		found, err := r.Find(t.Context(), id, jwt.EdDSA)
		if err != nil || len(found) != want || p.asked != asked {
			t.Fatalf("%s: %d keys after %d questions, %v; want %d after %d", id, len(found), p.asked, err, want, asked)
		}
	}
	find("a", 1, 1)
	find("a", 1, 1)
	find("", 1, 1)
	find("b", 0, 1) // asked a moment ago
	p.kids = []string{"b"}
	p.now = p.now.Add(jwt.RetryAfter)
	find("b", 1, 2) // it was rotated
	find("a", 0, 2)
	for range 100 {
		find("made up", 0, 2)
	}
	p.now = p.now.Add(jwt.RefreshAfter)
	find("b", 1, 3)
	if found, err := r.Find(t.Context(), "b", jwt.RS256); err != nil || len(found) != 0 {
		t.Errorf("under another algorithm: %v, %v", found, err)
	}
	if found, err := r.Find(t.Context(), "", jwt.HS256); err != nil || len(found) != 0 {
		t.Errorf("as a secret: %v, %v", found, err)
	}
}

func TestOldKeysCountWhileTheirAddressDoesNotAnswer(t *testing.T) {
	p := &publisher{t: t, kids: []string{"a"}, now: now}
	r := p.remote()
	check := func(after time.Duration, want bool) {
		t.Helper()
		p.now = p.now.Add(after)
		found, err := r.Find(t.Context(), "a", jwt.EdDSA)
		if (len(found) == 1) != want || !want && !domain.IsCode(err, domain.Unavailable) {
			t.Fatalf("%d keys, %v", len(found), err)
		}
	}
	p.fails = errors.New("down")
	check(0, false)
	check(0, false)
	if p.asked != 1 {
		t.Errorf("asked %d times", p.asked)
	}
	p.fails = nil
	check(jwt.RetryAfter, true)
	p.fails = errors.New("down")
	check(jwt.RefreshAfter, true)
	check(jwt.StaleAfter-jwt.RefreshAfter-time.Second, true)
	check(time.Second, false)
	p.fails = nil
	check(jwt.RetryAfter, true)
	if p.told == 0 {
		t.Error("nobody was told")
	}
}

func TestOneFetchServesAllWhoWait(t *testing.T) {
	var asked atomic.Int32
	enter, leave := make(chan struct{}, 1), make(chan struct{})
	r := jwt.NewRemote(func(context.Context) ([]byte, error) {
		asked.Add(1)
		enter <- struct{}{}
		<-leave
		return setOf(t, "a"), nil
	}, func() time.Time { return now }, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if found, err := r.Find(t.Context(), "a", jwt.EdDSA); err != nil || len(found) != 1 {
				t.Errorf("%d keys, %v", len(found), err)
			}
		})
	}
	<-enter
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Find(gone, "a", jwt.EdDSA); !errors.Is(err, context.Canceled) {
		t.Errorf("who does not wait: %v", err)
	}
	close(leave)
	all.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestSetsHoldUsableKeysOnly(t *testing.T) {
	with := func(changes object) object {
		k := ed25519JWK(t)
		for name, value := range changes {
			k[name] = value
		}
		return k
	}
	tests := []struct {
		name string
		key  any
		ok   bool
	}{
		{"a key", with(nil), true},
		{"for signatures", with(object{"use": "sig", "alg": "EdDSA", "key_ops": []string{"verify"}}), true},
		{"for encryption", with(object{"use": "enc"}), false},
		{"for signing only", with(object{"key_ops": []string{"sign"}}), false},
		{"for another algorithm", with(object{"alg": "RS256"}), false},
		{"a secret", object{"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T", "alg": "HS256"}, false},
		{"a short one", with(object{"x": "AAAA"}), false},
		{"another curve", with(object{"crv": "X25519"}), false},
		{"a point off its curve", object{"kty": "EC", "crv": "P-256", "x": strings43("A"), "y": strings43("A")}, false},
		{"an RSA key with exponent 1", object{"kty": "RSA", "n": strings43("_"), "e": "AQ"}, false},
		{"a short RSA key", object{"kty": "RSA", "n": strings43("_"), "e": "AQAB"}, false},
		{"no object", "key", false},
	}
	for _, tt := range tests {
		data, err := json.Marshal(object{"keys": []any{tt.key}})
		if err != nil {
			t.Fatal(err)
		}
		if keys, err := jwt.ParseSet(data); (err == nil) != tt.ok {
			t.Errorf("%s: %d keys, %v", tt.name, len(keys), err)
		}
	}
	for _, text := range []string{``, `[]`, `{}`, `{"keys":{}}`, `{"keys":[`} {
		if _, err := jwt.ParseSet([]byte(text)); err == nil {
			t.Errorf("%q is a set", text)
		}
	}
	many := make([]string, 65)
	if _, err := jwt.ParseSet(setOf(t, many...)); err == nil {
		t.Error("a set of 65 keys is taken")
	}
}

// strings43 is 32 bytes in base64url, of one character and an A.
func strings43(c string) string {
	out := ""
	for range 42 {
		out += c
	}
	return out + "A"
}
