package jwt

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley/domain"
)

// The times of a Remote.
const (
	// refreshAfter is how old keys may be before they are asked for again.
	refreshAfter = 10 * time.Minute
	// retryAfter is the least time between two questions, whatever tokens come.
	retryAfter = 30 * time.Second
	// staleAfter is how long keys count that could not be asked for again.
	staleAfter = 24 * time.Hour
	// fetchTimeout bounds a question.
	fetchTimeout = 5 * time.Second
)

// Fetch reads a JWK Set.
type Fetch func(ctx context.Context) ([]byte, error)

// Remote are keys that somebody else publishes and may change. It is safe for concurrent
// use; one caller at a time fetches, within its own call.
type Remote struct {
	fetch Fetch
	now   domain.Clock
	// report hears why keys could not be had.
	report func(error)
	// fetching holds a token while somebody fetches.
	fetching chan struct{}

	mu      sync.Mutex
	keys    []Key
	fetched time.Time // when keys came
	tried   time.Time // when they were asked for last
}

// NewRemote returns a Remote that has asked for nothing yet. report is told of failures,
// at most one in 30 s; nil tells nobody.
func NewRemote(fetch Fetch, now domain.Clock, report func(error)) *Remote {
	if report == nil {
		report = func(error) {}
	}
	return &Remote{fetch: fetch, now: now, report: report, fetching: make(chan struct{}, 1)}
}

// Find returns the keys of an id and an algorithm, and asks for new ones if those it has
// are old or the id is not among them. Codes: unavailable (there are no keys at all),
// canceled.
func (r *Remote) Find(ctx context.Context, id, alg string) ([]Key, error) {
	fits := func(k Key) bool { return k.Alg == alg && (id == "" || k.ID == id) }
	keys, fresh := r.current()
	if found := pick(keys, fits); len(found) > 0 {
		if !fresh {
			// Who comes meanwhile goes on with the old keys.
			select {
			case r.fetching <- struct{}{}:
				keys = r.refresh(ctx)
				found = pick(keys, fits)
			default:
			}
		}
		return found, nil
	}
	if alg == HS256 {
		return nil, nil // no set has secrets
	}
	select {
	case r.fetching <- struct{}{}:
		keys = r.refresh(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if len(keys) == 0 {
		return nil, &domain.Error{Code: domain.Unavailable, Reason: "SERVICE_UNAVAILABLE",
			Message: "The keys that tokens are checked with cannot be had now", RetryAfter: retryAfter}
	}
	return pick(keys, fits), nil
}

// current returns the keys that still count, and whether they are young enough not to be
// asked for again.
func (r *Remote) current() (keys []Key, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := r.now().Sub(r.fetched)
	if age >= staleAfter {
		return nil, false
	}
	return r.keys, age < refreshAfter || r.now().Sub(r.tried) < retryAfter
}

// refresh asks for the keys unless that was done a moment ago, and returns those that
// count then. The caller holds the token of fetching, which refresh gives back.
func (r *Remote) refresh(ctx context.Context) []Key {
	defer func() { <-r.fetching }()
	r.mu.Lock()
	now := r.now()
	if now.Sub(r.tried) < retryAfter {
		r.mu.Unlock()
		keys, _ := r.current()
		return keys
	}
	r.tried = now
	r.mu.Unlock()
	// Others need the keys too: that this caller goes must not end the question.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	data, err := r.fetch(ctx)
	var keys []Key
	if err == nil {
		keys, err = ParseSet(data)
	}
	if err != nil {
		r.report(fmt.Errorf("fetch the keys of tokens: %w", err))
		old, _ := r.current()
		return old
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.fetched = keys, now
	return keys
}
