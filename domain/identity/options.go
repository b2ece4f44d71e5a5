package identity

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"parley/domain"
)

// Mode says how callers are recognised.
type Mode string

// The modes.
const (
	// Open lets everybody do everything.
	Open Mode = "open"
	// Key needs the server key.
	Key Mode = "key"
	// JWT needs a token of an end user; the server key, if there is one, administers.
	JWT Mode = "jwt"
)

// Options of an Authenticator.
type Options struct {
	// Mode is how callers are recognised; empty means Key if there is a Key, else Open.
	Mode Mode
	// Key is the server key; key mode needs it, jwt mode may have it, open mode ignores it.
	Key domain.Secret
	// Tokens checks the tokens of jwt mode, which needs it.
	Tokens Tokens
	// SocketAuth asks a socket for the key too. Without it (as in the reference) a
	// socket without the key is a Member in key mode. In jwt mode it is always asked.
	SocketAuth bool
	// Origins are the foreign origins whose pages may use the cookie, such as
	// "https://chat.example". "*" matches nothing here.
	Origins []string
	// Now is the clock; nil means time.Now.
	Now domain.Clock
}

// setDefaults fills what was left empty.
func (o *Options) setDefaults() {
	if o.Mode == "" {
		o.Mode = Open
		if o.Key != "" {
			o.Mode = Key
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Modes are all modes.
func Modes() []Mode { return []Mode{Open, Key, JWT} }

// Validate reports an unknown mode, and key mode without a key.
func (o Options) Validate() error {
	o.setDefaults()
	switch {
	case !slices.Contains(Modes(), o.Mode):
		return fmt.Errorf("PARLEY_AUTH must be open, key or jwt, not %q", o.Mode)
	case o.Mode == Key && o.Key == "":
		return errors.New("PARLEY_AUTH=key needs a server key: set ELIZA_SERVER_AUTH_TOKEN")
	default:
		return nil
	}
}

// CheckExposure refuses to serve in open mode on an address that other machines can
// reach, unless allowOpen says that this is meant. host is the listen address
// without the port; empty means every interface.
func CheckExposure(o Options, host string, allowOpen bool) error {
	o.setDefaults()
	if o.Mode != Open || allowOpen || isLoopback(host) {
		return nil
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return fmt.Errorf("refusing to listen on %s without access control: in open mode everybody who reaches this "+
		"address may read and change everything; either set ELIZA_SERVER_AUTH_TOKEN to a key that callers must "+
		"send, or set PARLEY_ALLOW_OPEN=true if this network is trusted", host)
}

// isLoopback reports whether only this machine reaches host. Names other than
// localhost are not resolved and do not count.
func isLoopback(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
