package ec2

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// checkAddress notes if a node's address is none that its peers can use.
func (n Node) checkAddress(p *problems, node string) {
	addr, err := netip.ParseAddr(n.Address)
	meant := meantAddress("address", n.Address, isIP)
	switch at := node + ".address"; {
	case n.Address == "":
		p.note(at, "%s has no address: write the one that the other nodes use",
			cmp.Or(n.Name, strings.TrimPrefix(node, "$.")))
	case err == nil && !addr.Is4In6() && isOfNode(addr) && addr.Zone() == "" && (addr.Is4() || !addr.IsLinkLocalUnicast()):
	case err == nil && !addr.Is4In6():
		p.note(at, "%q, the address of %s, is none that a node can have: write the one that the other nodes use",
			n.Address, n.Name)
	case meant != "":
		p.note(at, "%q, the address of %s, is no plain IP address: write %s", n.Address, n.Name, meant)
	case isHostName(n.Address):
		p.note(at, "%q, the address of %s, is no IP address: write the one that the name has; public can be a name",
			n.Address, n.Name)
	default:
		p.note(at, "%q, the address of %s, is no IP address: write one such as 10.0.0.11", n.Address, n.Name)
	}
}

// checkPublic notes if a node's public address is neither an address nor a name.
func (n Node) checkPublic(p *problems, at string) {
	addr, err := netip.ParseAddr(n.Public)
	meant := meantAddress("public", n.Public, func(s string) bool { return isIP(s) || isHostName(s) })
	switch at += ".public"; {
	case n.Public == "", err == nil && isOfNode(addr.WithZone("").Unmap()), err != nil && isHostName(n.Public):
	case err != nil && meant != "":
		p.note(at, "%q, the public address of %s, is neither an address nor a name: write %s", n.Public, n.Name, meant)
	default:
		p.note(at,
			"%q, the public address of %s, is neither an address nor a name: write one such as 203.0.113.11 or host.example",
			n.Public, n.Name)
	}
}

// unusableNetworks are the networks whose addresses no host can have.
var unusableNetworks = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("::/128"),
}

// isOfNode reports whether a host can have an address that others use. Loopback is of
// engines that are all on one machine.
func isOfNode(addr netip.Addr) bool {
	isImpossible := func(p netip.Prefix) bool { return p.Contains(addr) }
	return !addr.IsMulticast() && !slices.ContainsFunc(unusableNetworks, isImpossible)
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

var hostName = regexp.MustCompile(`^(\w([\w-]{0,61}\w)?\.)*[\w-]*[A-Za-z_][\w-]*\.?$`)

// isHostName reports whether a text is a name that can be looked up. Its last part is
// not a number: an address with a mistake is no name.
func isHostName(s string) bool {
	return len(s) < 254 && hostName.MatchString(s) && !strings.HasPrefix(s, "-")
}

// meantAddress returns the fields to write for a text that has more than an address:
// a scheme, a user, a port, the length of a prefix, blanks, leading zeros. It is empty
// if what is left is not ok.
func meantAddress(field, text string, ok func(string) bool) string {
	rest := strings.TrimFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"',;`, r) })
	if _, after, found := strings.Cut(rest, "://"); found {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, "/")
	at := strings.LastIndexByte(rest, '@')
	user, rest := rest[:max(at, 0)], rest[at+1:]
	host, port, err := net.SplitHostPort(rest)
	if err == nil {
		rest = host
	}
	rest = leadingZeros.ReplaceAllString(strings.Trim(rest, "[]"), "$1$2")
	if addr, err := netip.ParseAddr(rest); err == nil {
		rest = addr.Unmap().String()
	}
	fields := field + ": " + rest
	switch {
	case !ok(rest):
		return ""
	case user != "" && port != "":
		return fields + ", ssh: {user: " + user + ", port: " + port + "}"
	case user != "":
		return fields + ", ssh: {user: " + user + "}"
	case port == "22":
		return fields + ", ssh: {port: 22}"
	case port != "":
		return fields + ", port: " + port
	}
	return fields
}

// leadingZeros matches those of the numbers of an IPv4 address.
var leadingZeros = regexp.MustCompile(`(^|\.)0+([0-9])`)
