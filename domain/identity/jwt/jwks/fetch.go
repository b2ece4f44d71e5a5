// Package jwks reads a JWK Set from its address: by https, or by http from this machine
// itself. What it answers with is bounded, and a redirection is refused: the address of
// keys is a setting, and nobody else may change it.
package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/domain/identity/jwt"
)

// maxSet is the largest set, in bytes.
const maxSet = 256 << 10

// CheckURL reports an address that keys must not be read from.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("it is no address such as https://id.example/.well-known/jwks.json")
	}
	ip := net.ParseIP(u.Hostname())
	local := strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return errors.New("it must be https, or http on this machine: whoever changes it on the way lets anybody in")
	}
	return nil
}

// New returns what reads the set at an address, or what is wrong with it.
func New(address string) (jwt.Fetch, error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout: 10 * time.Second, // the caller's context is shorter; this is for one without
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the address of the keys redirects, which is not followed")
		},
	}
	return func(ctx context.Context) ([]byte, error) { return fetch(ctx, client, address) }, nil
}

// fetch reads the set.
func fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // only read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxSet+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSet {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxSet)
	}
	return data, nil
}
