package agents

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"parley/domain"
)

// Bounds of fetching a character.
const (
	fetchTimeout   = 10 * time.Second
	fetchRedirects = 3
	// fetchMost is how many characters of a list count.
	fetchMost = 100
)

// FetcherOptions say what a Fetcher may do.
type FetcherOptions struct {
	// Trusted addresses were named by who runs the server: they may be of the own network
	// and without TLS. Others may be neither.
	Trusted bool
	// TLS is for tests with certificates of their own; nil is the usual.
	TLS *tls.Config
}

// Fetcher loads characters from addresses. Whether an address is private is decided when
// it is dialled, after names are resolved and redirects followed, so that no name can
// lead inside. It is safe for concurrent use.
type Fetcher struct {
	trusted bool
	client  *http.Client
}

// NewFetcher returns a fetcher.
func NewFetcher(o FetcherOptions) *Fetcher {
	f := &Fetcher{trusted: o.Trusted}
	dialer := &net.Dialer{Timeout: fetchTimeout}
	if !o.Trusted {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return checkDial(address) }
	}
	f.client = &http.Client{
		Timeout: fetchTimeout,
		// No proxy: it would dial in our place, without our rules.
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: o.TLS, DisableKeepAlives: true,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > fetchRedirects {
				return refusal("too many redirects")
			}
			return f.check(r.URL)
		},
	}
	return f
}

// refusal says why an address is not fetched; it may be told.
type refusal string

// Error is the reason.
func (r refusal) Error() string { return string(r) }

// errPrivate refuses an address inside.
const errPrivate refusal = "the address is not public"

// checkDial refuses to connect to what is not on the public internet.
func checkDial(address string) error {
	host, err := netip.ParseAddrPort(address)
	if err != nil || !public(host.Addr()) {
		return errPrivate
	}
	return nil
}

// inside are networks that IsPrivate and its like do not know: shared, reserved, for
// documents and tests, and those that carry an IPv4 address in one of IPv6.
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// public reports whether an address is on the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// check refuses what is no address to load a character from.
func (f *Fetcher) check(u *url.URL) error {
	switch {
	case u.Host == "", u.User != nil:
		return refusal("it is not an address of a file")
	case u.Scheme == "https", u.Scheme == "http" && f.trusted:
		return nil
	default:
		return refusal("only https is allowed")
	}
}

// Fetch loads the characters of an address, at least one, which answers one or a list of
// them. Errors do not repeat the address, in which there may be a token. Codes: invalid (also if it cannot be loaded), canceled.
func (f *Fetcher) Fetch(ctx context.Context, address string) ([]Character, error) {
	data, err := f.load(ctx, address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, domain.Wrap(domain.Invalid, err, "Failed to load the character from its URL: "+reason(err))
	}
	documents := []json.RawMessage{data}
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := json.Unmarshal(data, &documents); err != nil || len(documents) == 0 {
			return nil, domain.Errorf(domain.Invalid, "No characters found in the response of the URL")
		}
	}
	all := make([]Character, 0, min(len(documents), fetchMost))
	for _, document := range documents[:min(len(documents), fetchMost)] {
		c, err := readCharacter(document)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// errStatus is the answer of a server that has no character.
type errStatus int

// Error names the status.
func (e errStatus) Error() string { return fmt.Sprintf("HTTP error %d", int(e)) }

// reason says in a few words why an address cannot be loaded, without telling what lies
// behind it.
func reason(err error) string {
	var status errStatus
	var refused refusal
	var timeout net.Error
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.As(err, &refused):
		return refused.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	default:
		return "the address is wrong or cannot be reached"
	}
}

// load reads the body of an address.
func (f *Fetcher) load(ctx context.Context, address string) (data []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if err := f.check(request.URL); err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, errStatus(response.StatusCode)
	}
	data, err = io.ReadAll(io.LimitReader(response.Body, maxCharacter+1))
	if err == nil && len(data) > maxCharacter {
		err = refusal("the character is too large")
	}
	return data, err
}
