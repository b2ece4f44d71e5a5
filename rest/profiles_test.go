package rest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parley/domain/identity"
	"parley/domain/identity/jwt"
	"parley/domain/identity/jwt/jwttest"
	"parley/rest"
)

func TestProfilesAreForAdministratorsOrWithoutAKeyForThisMachine(t *testing.T) {
	const here, elsewhere = "127.0.0.1:4000", "203.0.113.7:4000"
	admin := jwttest.HS256(map[string]any{"sub": "root", "role": "admin", "exp": time.Now().Add(time.Hour).Unix()})
	user := jwttest.HS256(map[string]any{"sub": "ann", "exp": time.Now().Add(time.Hour).Unix()})
	key := identity.Options{Mode: identity.Key, Key: "the-server-key"}
	secret, err := jwt.NewSecret(jwttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := jwt.NewVerifier(jwt.Options{Keys: jwt.Static{secret}})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.Options{Mode: identity.JWT, Tokens: verifier}
	for _, tc := range []struct {
		name         string
		identity     identity.Options
		remote       string
		header, text string
		status       int
	}{
		{"open, here", identity.Options{}, here, "", "", 200},
		{"open, elsewhere", identity.Options{}, elsewhere, "", "", 403},
		{"open, a foreign page here", identity.Options{}, here, "Origin", "https://evil.example", 403},
		{"key, here without it", key, here, "", "", 401},
		{"key, elsewhere with it", key, elsewhere, "X-Api-Key", "the-server-key", 200},
		{"key, a wrong one", key, elsewhere, "X-Api-Key", "another", 401},
		{"jwt, here without a token", tokens, here, "", "", 401},
		{"jwt, a user", tokens, here, "Authorization", "Bearer " + user, 403},
		{"jwt, an administrator", tokens, elsewhere, "Authorization", "Bearer " + admin, 200},
	} {
		auth, err := identity.New(tc.identity)
		if err != nil {
			t.Fatal(err)
		}
		served := 0
		handler, err := rest.New(rest.Options{Registry: chat(t), Identity: auth,
			Profiles: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ })})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1"} {
			served = 0
			request, reply := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
			request.RemoteAddr, request.Host = tc.remote, "127.0.0.1:3000"
			if tc.header != "" {
				request.Header.Set(tc.header, tc.text)
			}
			handler.ServeHTTP(reply, request)
			if reply.Code != tc.status || (served == 1) != (tc.status == 200) {
				t.Errorf("%s: %s answers %d %s", tc.name, path, reply.Code, reply.Body)
			}
		}
	}
}
