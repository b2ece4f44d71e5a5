package identity_test

import (
	"context"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/identity/jwt"
	"parley/domain/identity/jwt/jwttest"
)

// zed is the subject of the tokens here.
const zed = "22222222-2222-4222-8222-222222222222"

// jwtMode checks tokens signed with the secret of tests.
func jwtMode(t testing.TB) func(*identity.Options) {
	t.Helper()
	key, err := jwt.NewSecret(jwttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jwt.NewVerifier(jwt.Options{Keys: jwt.Static{key}, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *identity.Options) { o.Mode, o.Tokens = identity.JWT, v }
}

// token is one of zed for an hour, with other claims.
func token(role string) string {
	return jwttest.HS256(map[string]any{"sub": zed, "role": role, "exp": start.Add(time.Hour).Unix()})
}

func TestActorsOfTheJWTMode(t *testing.T) {
	keyless := func(o *identity.Options) { o.Key = "" }
	expired := jwttest.HS256(map[string]any{"sub": zed, "exp": start.Unix()})
	user := domain.Actor{Entity: zed, Role: domain.Member, Bound: true, Expires: start.Add(time.Hour)}
	named := user
	named.Name = "Zed"
	boss := domain.Actor{Entity: zed, Role: domain.Admin, Keyed: true, Expires: start.Add(time.Hour)}
	other := boss
	other.Entity = "33333333-3333-4333-8333-333333333333"
	tests := []struct {
		name string
		opts func(*identity.Options)
		c    identity.Credentials
		want domain.Actor
		code domain.Code
	}{
		{"nothing", nil, identity.Credentials{}, domain.Actor{}, ""},
		{"nothing, a socket", nil, identity.Credentials{Socket: true}, domain.Actor{}, domain.Unauthenticated},
		{"a user", nil, identity.Credentials{Bearer: token("")}, user, ""},
		{"a user's socket", nil, identity.Credentials{Token: token(""), Socket: true}, user, ""},
		{"a user's socket, as newer clients", nil, identity.Credentials{APIKey: token(""), Socket: true}, user, ""},
		{"a user's event stream", nil, identity.Credentials{QueryKey: token("")}, user, ""},
		{"a user that says who it is", nil, identity.Credentials{Bearer: token(""), Entity: zed}, user, ""},
		{"a user that says it is another", nil, identity.Credentials{Bearer: token(""), Entity: string(other.Entity)}, domain.Actor{}, domain.Forbidden},
		{"a user with a name", nil, identity.Credentials{Bearer: jwttest.HS256(map[string]any{"sub": zed, "name": "Zed", "exp": start.Add(time.Hour).Unix()})}, named, ""},
		{"an administrator", nil, identity.Credentials{Bearer: token("admin")}, boss, ""},
		{"an administrator as another", nil, identity.Credentials{Bearer: token("admin"), Entity: string(other.Entity)}, other, ""},
		{"a role in other letters", nil, identity.Credentials{Bearer: token("Admin")}, user, ""},
		{"the server key", nil, identity.Credentials{APIKey: key}, domain.Actor{Role: domain.Admin, Keyed: true}, ""},
		{"the server key and a token", nil, identity.Credentials{APIKey: key, Bearer: token("")}, domain.Actor{Role: domain.Admin, Keyed: true}, ""},
		{"a wrong key and a token", nil, identity.Credentials{APIKey: "x", Bearer: token("")}, user, ""},
		{"no server key", keyless, identity.Credentials{APIKey: ""}, domain.Actor{}, ""},
		{"an expired token", nil, identity.Credentials{Bearer: expired}, domain.Actor{}, ""},
		{"an expired token, a socket", nil, identity.Credentials{Bearer: expired, Socket: true}, domain.Actor{}, domain.Unauthenticated},
		{"a cookie signed with no key", keyless, identity.Credentials{Method: "GET", Cookie: forge(t)}, domain.Actor{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change := tt.opts
			if change == nil {
				change = func(*identity.Options) {}
			}
			actor, err := newAuth(t, jwtMode(t), change).Authenticate(t.Context(), tt.c)
			if tt.code != "" && !domain.IsCode(err, tt.code) || tt.code == "" && err != nil {
				t.Fatalf("err = %v, want %q", err, tt.code)
			}
			same := actor.Expires.Equal(tt.want.Expires)
			actor.Expires = tt.want.Expires
			if !same || actor != tt.want {
				t.Fatalf("actor %+v, want %+v", actor, tt.want)
			}
		})
	}
}

func TestTheServersKeyGivesACookieInTheJWTModeToo(t *testing.T) {
	a := newAuth(t, jwtMode(t))
	actor, err := a.Authenticate(t.Context(), identity.Credentials{Method: "GET", Cookie: cookieOf(t, a)})
	if err != nil || actor.Role != domain.Admin || !actor.Keyed {
		t.Errorf("actor %+v, %v", actor, err)
	}
	if _, _, ok := a.SessionCookie(identity.Credentials{APIKey: token("admin")}); ok {
		t.Error("a token gives a cookie")
	}
}

// down has no keys now.
type down struct{}

// Verify fails.
func (down) Verify(context.Context, string) (jwt.Claims, error) {
	return jwt.Claims{}, domain.Errorf(domain.Unavailable, "no keys")
}

func TestATokenThatCannotBeCheckedIsNotRefused(t *testing.T) {
	a := newAuth(t, jwtMode(t), func(o *identity.Options) { o.Tokens = down{} })
	for _, socket := range []bool{true, false} {
		if _, err := a.Authenticate(t.Context(), identity.Credentials{Bearer: "x", Socket: socket}); !domain.IsCode(err, domain.Unavailable) {
			t.Errorf("err = %v", err)
		}
	}
	if actor, err := a.Authenticate(t.Context(), identity.Credentials{Bearer: key}); err != nil || !actor.Keyed {
		t.Errorf("the server key: %+v, %v", actor, err)
	}
}

func TestOpenModeKeysNobody(t *testing.T) {
	open := newAuth(t, func(o *identity.Options) { o.Mode = identity.Open })
	if actor, err := open.Authenticate(t.Context(), identity.Credentials{APIKey: key}); err != nil || actor.Keyed || actor.Bound || actor.Role != domain.Admin {
		t.Errorf("actor %+v, %v", actor, err)
	}
	if _, err := identity.New(identity.Options{Mode: identity.JWT}); err == nil {
		t.Error("jwt mode begins without anything that checks tokens")
	}
}
