package identity

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// maxHops bounds how many proxies may stand before the server.
const maxHops = 32

// Proxies says which of the addresses on the way to the server may be believed about the
// ones before them. The zero value believes nobody: the caller is who opened the
// connection. It is a value and safe for concurrent use.
type Proxies struct {
	hops    int
	trusted []netip.Prefix
	text    string
}

// ParseProxies reads "false" (nobody), "true" (one hop), a number of hops, or a list of
// trusted addresses and networks such as "10.0.0.0/8, 2001:db8::1", in which "loopback"
// and "private" stand for the networks of these names.
func ParseProxies(text string) (Proxies, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	switch text {
	case "", "false", "no", "off", "0":
		return Proxies{text: "false"}, nil
	case "true", "yes", "on", "1":
		return Proxies{hops: 1, text: "true"}, nil
	}
	if hops, err := strconv.Atoi(text); err == nil {
		if hops < 0 || hops > maxHops {
			return Proxies{}, fmt.Errorf("%d hops are not between 0 and %d", hops, maxHops)
		}
		return Proxies{hops: hops, text: text}, nil
	}
	p := Proxies{text: text}
	for entry := range strings.SplitSeq(text, ",") {
		prefixes, err := parseTrusted(strings.TrimSpace(entry))
		if err != nil {
			return Proxies{}, err
		}
		p.trusted = append(p.trusted, prefixes...)
	}
	return p, nil
}

// parseTrusted reads one entry of a list of trusted addresses.
func parseTrusted(entry string) ([]netip.Prefix, error) {
	var texts []string
	switch entry {
	case "loopback":
		texts = []string{"127.0.0.0/8", "::1/128"}
	case "private":
		texts = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}
	default:
		texts = []string{entry}
	}
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			var ip netip.Addr
			if ip, err = netip.ParseAddr(text); err != nil {
				return nil, fmt.Errorf("%q is neither true, false, a number of proxies, nor an address or network", entry)
			}
			prefix = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen())
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// String is the text that ParseProxies reads.
func (p Proxies) String() string {
	if p.text == "" {
		return "false"
	}
	return p.text
}

// trusts reports whether the address that is the n-th from the server, which counts as 0,
// may be believed about the one before it.
func (p Proxies) trusts(address string, n int) bool {
	if p.hops > 0 {
		return n < p.hops
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, prefix := range p.trusted {
		if prefix.Contains(ip.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// client walks from the connection's peer back along the X-Forwarded-For and returns the
// first address that is not trusted, or the last one there is, and how many proxies it
// passed. An entry that is no address ends the walk: whoever wrote it is the caller.
func (p Proxies) client(peer string, h http.Header) (address string, passed int) {
	chain := forwarded(h, "X-Forwarded-For")
	for address = peer; p.trusts(address, passed) && passed < len(chain) && passed < maxHops; passed++ {
		next, ok := parseHop(chain[len(chain)-1-passed])
		if !ok {
			break
		}
		address = next
	}
	return address, passed
}

// secure reports whether the first of the trusted proxies was asked over https. Proxies
// that each add to X-Forwarded-Proto do so in step with X-Forwarded-For; where only one
// does, what it says counts.
func (p Proxies) secure(peer string, passed int, h http.Header) bool {
	chain := forwarded(h, "X-Forwarded-Proto")
	if len(chain) == 0 || !p.trusts(peer, 0) {
		return false
	}
	return strings.EqualFold(chain[max(0, len(chain)-max(1, passed))], "https")
}

// forwarded returns the entries of a header that proxies add to.
func forwarded(h http.Header, name string) []string {
	values := h.Values(name)
	if len(values) == 0 {
		return nil
	}
	entries := strings.Split(strings.Join(values, ","), ",")
	for i, entry := range entries {
		entries[i] = strings.TrimSpace(entry)
	}
	return entries
}

// parseHop reads an address, which may carry a port and brackets.
func parseHop(text string) (string, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().String(), true
	}
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return "", false
	}
	return ip.Unmap().String(), true
}

// wasForwarded reports whether a proxy, or somebody who plays one, has left its mark.
func wasForwarded(h http.Header) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip", "Via"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// withoutPortNumber is an address without its port, if it has one.
func withoutPortNumber(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
