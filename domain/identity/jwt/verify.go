package jwt

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parley/domain"
)

// The bounds of what is looked at.
const (
	// MaxToken is the longest token, in bytes.
	MaxToken = 16 << 10
	// maxKeyID is the longest kid.
	maxKeyID = 256
	// maxName is the longest name, as in the requests that carry one.
	maxName = 256
	// maxSubject is the longest sub and iss.
	maxSubject = 1024
	// MaxLeeway is the most that clocks may differ.
	MaxLeeway = 5 * time.Minute
)

// Options of a Verifier.
type Options struct {
	// Keys are what tokens may be signed with.
	Keys Keys
	// Issuer must be the iss of a token, unless it is empty.
	Issuer string
	// Audiences are the services that the server is; a token with an aud must name one.
	Audiences []string
	// RequireAudience refuses tokens without an aud; Audiences must not be empty then.
	RequireAudience bool
	// Leeway is how much the issuer's clock may differ, at most MaxLeeway.
	Leeway time.Duration
	// Now is the clock; nil means time.Now.
	Now domain.Clock
}

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct{ opts Options }

// NewVerifier returns a Verifier, or what is wrong with the options.
func NewVerifier(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.Keys == nil:
		return nil, errors.New("there are no keys to check tokens with")
	case o.Leeway < 0 || o.Leeway > MaxLeeway:
		return nil, fmt.Errorf("the leeway must be between 0 and %v, not %v", MaxLeeway, o.Leeway)
	case o.RequireAudience && len(o.Audiences) == 0:
		return nil, errors.New("an audience is required and none is given")
	}
	return &Verifier{opts: o}, nil
}

// Claims is what a good token says.
type Claims struct {
	Issuer, Subject string
	// Role and Name are the claims of these names if they are texts, Name only if it is no
	// longer than a name may be.
	Role, Name string
	// Expires is when the token stops to count, the leeway included.
	Expires time.Time
}

// Entity is who the token is about: a UUID as the subject itself, any other subject by
// the id that is derived from it and its issuer.
func (c Claims) Entity() domain.EntityID {
	if id, err := domain.ParseID[domain.EntityID](c.Subject); err == nil {
		return id
	}
	return domain.StringToUUID[domain.EntityID](c.Issuer + ":" + c.Subject)
}

// Verify returns what a token says if it is good. The error says for the log why it is
// not, and holds nothing of the token. Codes: unauthenticated, unavailable (the keys
// cannot be had now), canceled.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	t, err := parse(token)
	if err != nil {
		return Claims{}, refuse(err)
	}
	keys, err := v.opts.Keys.Find(ctx, t.keyID, t.alg)
	if err != nil {
		return Claims{}, err
	}
	if !slices.ContainsFunc(keys, func(k Key) bool { return k.Alg == t.alg && k.verify != nil && k.verify(t.signed, t.signature) }) {
		return Claims{}, refuse(errors.New("no key has signed it"))
	}
	claims, err := v.claims(t.payload)
	if err != nil {
		return Claims{}, refuse(err)
	}
	return claims, nil
}

// refuse is the one answer to every bad token.
func refuse(cause error) error {
	return domain.Wrap(domain.Unauthenticated, cause, "The token is not valid")
}

// parsed is a token taken apart, of which nothing is believed yet.
type parsed struct {
	alg, keyID        string
	signed, signature []byte
	payload           []byte
}

// parse takes a token apart.
func parse(token string) (parsed, error) {
	if len(token) > MaxToken {
		return parsed{}, errors.New("it is too long")
	}
	head, rest, ok := strings.Cut(token, ".")
	body, signature, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || head == "" || body == "" || signature == "" || strings.Contains(signature, ".") {
		return parsed{}, errors.New("it has not three parts")
	}
	t := parsed{signed: []byte(token[:len(head)+1+len(body)])}
	header, err := decode(head)
	if err == nil {
		err = t.readHeader(header)
	}
	if err == nil {
		t.payload, err = decode(body)
	}
	if err == nil {
		t.signature, err = decode(signature)
	}
	return t, err
}

// readHeader reads the header, and refuses one that asks for more than is done here.
func (t *parsed) readHeader(data []byte) error {
	header, err := object(data)
	if err != nil {
		return err
	}
	for _, name := range []string{"crit", "b64", "zip", "enc"} {
		if _, ok := header[name]; ok {
			return fmt.Errorf("its header %s is not supported", name)
		}
	}
	var kind string
	if err := errors.Join(header.text("alg", &t.alg), header.text("kid", &t.keyID), header.text("typ", &kind)); err != nil {
		return err
	}
	if !slices.Contains([]string{HS256, RS256, ES256, EdDSA}, t.alg) {
		return errors.New("its alg is not supported")
	}
	if len(t.keyID) > maxKeyID {
		return errors.New("its kid is too long")
	}
	// Other types are for other purposes, such as logging out, and are no proof of who calls.
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	if kind != "" && kind != "jwt" && kind != "at+jwt" {
		return errors.New("its typ is not supported")
	}
	return nil
}

// claims reads the claims of a token whose signature is good.
func (v *Verifier) claims(data []byte) (Claims, error) {
	members, err := object(data)
	if err != nil {
		return Claims{}, err
	}
	var c Claims
	if err := errors.Join(members.text("iss", &c.Issuer), members.text("sub", &c.Subject)); err != nil {
		return Claims{}, err
	}
	_ = members.text("role", &c.Role) // one of another type means nothing here
	if members.text("name", &c.Name) != nil || len(c.Name) > maxName {
		c.Name = ""
	}
	switch {
	case c.Subject == "" || len(c.Subject) > maxSubject || len(c.Issuer) > maxSubject:
		return Claims{}, errors.New("its sub is missing, or sub or iss too long")
	case v.opts.Issuer != "" && c.Issuer != v.opts.Issuer:
		return Claims{}, errors.New("it is of another issuer")
	}
	if err := v.checkAudience(members); err != nil {
		return Claims{}, err
	}
	c.Expires, err = v.checkTimes(members)
	return c, err
}

// checkAudience refuses a token that is meant for another service.
func (v *Verifier) checkAudience(members fields) error {
	raw, ok := members["aud"]
	if !ok {
		if v.opts.RequireAudience {
			return errors.New("it has no aud")
		}
		return nil
	}
	var one string
	var list []string
	if json.Unmarshal(raw, &one) == nil {
		list = []string{one}
	} else if json.Unmarshal(raw, &list) != nil {
		return errors.New("its aud is malformed")
	}
	if !slices.ContainsFunc(list, func(a string) bool { return slices.Contains(v.opts.Audiences, a) }) {
		return errors.New("it is for another audience")
	}
	return nil
}

// checkTimes refuses a token that is not valid now, and returns when it stops to be.
func (v *Verifier) checkTimes(members fields) (time.Time, error) {
	now, leeway := v.opts.Now(), v.opts.Leeway
	expires, given, err := members.time("exp")
	if err != nil || !given {
		return time.Time{}, errors.Join(errors.New("its exp is missing or malformed"), err)
	}
	begins, hasBegin, err := members.time("nbf")
	issued, hasIssue, err2 := members.time("iat")
	end := expires.Add(leeway)
	switch {
	case err != nil || err2 != nil:
		return time.Time{}, errors.Join(err, err2)
	case !now.Before(end):
		return time.Time{}, errors.New("it has expired")
	case hasBegin && now.Add(leeway).Before(begins):
		return time.Time{}, errors.New("it is not valid yet")
	case hasIssue && now.Add(leeway).Before(issued):
		return time.Time{}, errors.New("it is issued in the future")
	case hasBegin && !begins.Before(expires), hasIssue && !issued.Before(expires):
		return time.Time{}, errors.New("it ends before it begins")
	}
	return end, nil
}

// fields is a JSON object. Its names are compared exactly.
type fields map[string]json.RawMessage

// object reads a JSON object.
func object(data []byte) (fields, error) {
	var f fields
	if !utf8.Valid(data) || json.Unmarshal(data, &f) != nil || f == nil {
		return nil, errors.New("a part of it is no JSON object")
	}
	return f, nil
}

// text reads a text, if there is one.
func (f fields) text(name string, into *string) error {
	raw, ok := f[name]
	if !ok {
		return nil
	}
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil {
		return fmt.Errorf("its %s is no text", name)
	}
	*into = *text
	return nil
}

// maxSeconds is the end of the year 9999, after which times have no text.
const maxSeconds = 253402300799

// time reads a NumericDate, if there is one.
func (f fields) time(name string) (at time.Time, given bool, err error) {
	raw, ok := f[name]
	if !ok {
		return time.Time{}, false, nil
	}
	var seconds *float64
	if json.Unmarshal(raw, &seconds) != nil || seconds == nil || *seconds < 0 || *seconds > maxSeconds {
		return time.Time{}, false, fmt.Errorf("its %s is no time", name)
	}
	whole, part := math.Modf(*seconds)
	return time.Unix(int64(whole), int64(part*1e9)), true, nil
}

// strict is base64url without padding, in its one form.
var strict = base64.RawURLEncoding.Strict()

// decode reads base64url. The library skips line ends, which a token must not have: two
// texts would be the same token.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("a part of it is no base64url")
	}
	data, err := strict.DecodeString(text)
	if err != nil {
		return nil, errors.New("a part of it is no base64url")
	}
	return data, nil
}
