// Package subnet knows the subnets that this machine uses, and those that a lab can
// have.
package subnet

import (
	"fmt"
	"iter"
	"net"
	"net/netip"
)

// length is that of a lab's prefix, in bits.
const length = 24

// Free yields the private subnets of 24 bits that neither this machine nor used has,
// first those that are probably free elsewhere, too. If a VPN routes all private
// addresses, those follow that no route as long as a lab's own has.
func Free(used []netip.Prefix) (iter.Seq[netip.Prefix], error) {
	ofInterfaces, err := interfaceSubnets()
	if err != nil {
		return nil, err
	}
	routes, err := Routes()
	if err != nil {
		return nil, err
	}
	used = append(ofInterfaces, used...)
	var routed []netip.Prefix
	for _, r := range routes {
		routed = append(routed, r.To)
	}
	return func(yield func(netip.Prefix) bool) {
		for _, bits := range []int{0, length} {
			for p := range candidates() {
				if !overlapsAny(used, p, 0) && !overlapsAny(routed, p, bits) && !yield(p) {
					return
				}
			}
		}
	}, nil
}

// candidates yields the subnets that a lab can have. It leaves out those of the
// tutorial and the documentation, and those of networks inside a host: docker0 and
// docker_gwbridge (172.17 and 172.18) and mynet (10.0).
func candidates() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, r := range []struct{ first, last netip.Addr }{
			{netip.AddrFrom4([4]byte{192, 168, 36, 0}), netip.AddrFrom4([4]byte{192, 168, 254, 0})},
			{netip.AddrFrom4([4]byte{172, 20, 0, 0}), netip.AddrFrom4([4]byte{172, 30, 255, 0})},
			{netip.AddrFrom4([4]byte{10, 64, 0, 0}), netip.AddrFrom4([4]byte{10, 254, 255, 0})},
		} {
			for addr := r.first; addr.Compare(r.last) <= 0; addr = addrAfter(addr) {
				if !yield(netip.PrefixFrom(addr, length)) {
					return
				}
			}
		}
	}
}

// addrAfter returns the first address of the following subnet.
func addrAfter(addr netip.Addr) netip.Addr {
	a := addr.As4()
	a[3] = 255
	return netip.AddrFrom4(a).Next()
}

// overlapsAny reports whether a subnet overlaps one of the prefixes that have at
// least so many bits.
func overlapsAny(prefixes []netip.Prefix, subnet netip.Prefix, atLeast int) bool {
	for _, p := range prefixes {
		if p.Bits() >= atLeast && p.Overlaps(subnet) {
			return true
		}
	}
	return false
}

// interfaceSubnets returns the subnets of this machine's addresses.
func interfaceSubnets() ([]netip.Prefix, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list this machine's addresses: %w", err)
	}
	var all []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Masked())
		}
	}
	return all, nil
}
