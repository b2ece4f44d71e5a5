package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"parley/domain"
	"parley/domain/identity/jwt"
)

// Credentials is what a door found on a request or handshake. Everything may be empty.
type Credentials struct {
	// APIKey is the header X-API-KEY; on a socket auth.apiKey, else that header.
	APIKey string
	// Bearer is the token of the header Authorization.
	Bearer string
	// Token is auth.token of a socket.
	Token string
	// Cookie is the value of the cookie CookieName.
	Cookie string
	// QueryKey is the query parameter apiKey; a door fills it only on event streams,
	// where a browser cannot set headers.
	QueryKey string
	// Method is the HTTP method.
	Method string
	// Origin and Host are the headers of these names, FetchSite is Sec-Fetch-Site.
	Origin, Host, FetchSite string
	// TLS says that the caller speaks https or wss.
	TLS bool
	// Entity is who the caller says it is: X-Entity-Id, on a socket auth.entityId.
	Entity string
	// Socket says that this is a socket's handshake, and SocketID is its id.
	Socket   bool
	SocketID string
	// Polling says that the handshake came by long-polling, that is as a plain GET.
	Polling bool
	// Remote is the caller's network address without the port.
	Remote string
	// Near says that the caller is on this machine, as far as addresses tell.
	Near bool
}

// Shows reports whether there is a secret that could have been guessed. A cookie is none:
// its signature is longer than anybody can try.
func (c Credentials) Shows() bool {
	return c.APIKey != "" || c.Bearer != "" || c.QueryKey != "" || c.Token != ""
}

// Tokens checks the tokens of end users; *jwt.Verifier implements it.
type Tokens interface {
	// Verify returns what a token says, or why it does not count.
	Verify(ctx context.Context, token string) (jwt.Claims, error)
}

// Authenticator recognises callers. It is safe for concurrent use.
type Authenticator struct {
	opts    Options
	key     [sha256.Size]byte
	cookies cookies
}

// New returns an Authenticator, or the error of Options.Validate.
func New(o Options) (*Authenticator, error) {
	o.setDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Mode == JWT && o.Tokens == nil {
		return nil, errors.New("jwt mode needs something that checks tokens")
	}
	signer, err := newCookies(o.Key)
	if err != nil {
		return nil, err
	}
	return &Authenticator{opts: o, key: sha256.Sum256([]byte(o.Key.Reveal())), cookies: signer}, nil
}

// Mode is how callers are recognised.
func (a *Authenticator) Mode() Mode { return a.opts.Mode }

// Authenticate returns who calls. On REST a caller without a valid credential is a
// Guest, on a socket it is refused. Codes: unauthenticated (sockets only), forbidden (a
// user that says it is somebody else), invalid (an entity id that is no UUID, reason
// INVALID_ID), unavailable (the keys for a token cannot be had now).
func (a *Authenticator) Authenticate(ctx context.Context, c Credentials) (domain.Actor, error) {
	actor := domain.Actor{Socket: c.SocketID, Remote: c.Remote, Local: a.isLocal(c)}
	if err := a.recognise(ctx, c, &actor); err != nil {
		return domain.Actor{}, err
	}
	if c.Socket && actor.Role == domain.Guest {
		return domain.Actor{}, a.Refusal()
	}
	if c.Entity == "" {
		return actor, nil
	}
	entity, err := domain.ParseID[domain.EntityID](c.Entity)
	if err != nil {
		return domain.Actor{}, &domain.Error{Code: domain.Invalid, Reason: "INVALID_ID", Message: "Valid entityId required"}
	}
	if actor.Bound && entity != actor.Entity {
		return domain.Actor{}, domain.Errorf(domain.Forbidden, "entityId must be that of the token")
	}
	actor.Entity = entity
	return actor, nil
}

// Refusal is what a caller without a valid credential is told.
func (a *Authenticator) Refusal() *domain.Error {
	if a.opts.Mode == JWT {
		return domain.Errorf(domain.Unauthenticated, "Invalid, expired or missing token")
	}
	return domain.Errorf(domain.Unauthenticated, "Invalid or missing API Key")
}

// recognise sets what the credentials allow.
func (a *Authenticator) recognise(ctx context.Context, c Credentials, actor *domain.Actor) error {
	switch {
	case a.opts.Mode == Open:
		actor.Role = domain.Admin
	case a.holdsKey(c), a.cookieCounts(c):
		actor.Role, actor.Keyed = domain.Admin, true
	case a.opts.Mode == JWT:
		return a.recogniseUser(ctx, c, actor)
	case c.Socket && !a.opts.SocketAuth:
		actor.Role = domain.Member
	}
	return nil
}

// recogniseUser sets what a token allows; without a valid one the caller stays a Guest.
func (a *Authenticator) recogniseUser(ctx context.Context, c Credentials, actor *domain.Actor) error {
	for _, token := range []string{c.Token, c.Bearer, c.APIKey, c.QueryKey} {
		if token == "" {
			continue
		}
		claims, err := a.opts.Tokens.Verify(ctx, token)
		if domain.IsCode(err, domain.Unavailable, domain.Canceled) {
			return err // the token may be good: who shows it must not throw it away
		}
		if err != nil {
			continue
		}
		actor.Role, actor.Entity, actor.Expires = domain.Member, claims.Entity(), claims.Expires
		if claims.Role == adminRole {
			actor.Role, actor.Keyed = domain.Admin, true
		} else {
			actor.Bound, actor.Name = true, claims.Name
		}
		return nil
	}
	return nil
}

// adminRole is the claim role of a user that administers.
const adminRole = "admin"

// holdsKey reports whether any place that may carry the server key does.
func (a *Authenticator) holdsKey(c Credentials) bool {
	return a.matches(c.APIKey) || a.matches(c.Bearer) || a.matches(c.QueryKey)
}

// checksKey reports whether there is a server key that counts.
func (a *Authenticator) checksKey() bool { return a.opts.Mode != Open && a.opts.Key != "" }

// matches compares with the server key. Both sides are hashed first, so the time
// taken tells neither the place of a difference nor the key's length.
func (a *Authenticator) matches(given string) bool {
	if !a.checksKey() || given == "" {
		return false
	}
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], a.key[:]) == 1
}

// cookieCounts reports whether the cookie is valid and may be used here: on REST
// only for reading, and never by a page of a foreign origin. A browser names the
// origin in every WebSocket handshake, so there a missing one does not pass. In the GET
// that begins long-polling it names only a foreign one, if its page could read the reply.
func (a *Authenticator) cookieCounts(c Credentials) bool {
	if !a.checksKey() || c.Cookie == "" {
		return false
	}
	trusted := a.trusts(c)
	switch {
	case !c.Socket:
		reads := c.Method == http.MethodGet || c.Method == http.MethodHead
		trusted = reads && (c.Origin == "" || trusted)
	case c.Polling && c.Origin == "":
		trusted = c.FetchSite == "" || c.FetchSite == "same-origin"
	}
	return trusted && a.cookies.valid(c.Cookie, a.opts.Now())
}

// SessionCookie returns the cookie to set in the answer to a request that carried
// the server key in X-API-KEY: ok is false if it did not, or if the cookie that it
// brought is good for at least half of CookieLife.
func (a *Authenticator) SessionCookie(c Credentials) (value string, expires time.Time, ok bool) {
	now := a.opts.Now()
	if !a.matches(c.APIKey) || a.cookies.valid(c.Cookie, now.Add(CookieLife/2)) {
		return "", time.Time{}, false
	}
	expires = now.Add(CookieLife).Truncate(time.Second)
	return a.cookies.issue(expires), expires, true
}
