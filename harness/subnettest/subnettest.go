// Package subnettest gives each lab of a test a free subnet of this machine. No
// other test has the subnet at the same time, whichever user runs it.
package subnettest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"labcheck/harness"
)

// ForLab returns the subnet for a lab of a test: the subnet of the lab if an
// interrupted run left the lab behind, or else a free one. Until the test ends no
// other test gets the lab or the subnet. If another test has the lab, ForLab waits.
func ForLab(t *testing.T, lab string) netip.Prefix {
	t.Helper()
	ctx, cancel := untilDeadline(t)
	defer cancel()
	err := harness.Until(ctx, 200*time.Millisecond, func(context.Context) error { return tryHold(t, "lab "+lab) })
	if err != nil {
		t.Fatalf("another test process uses lab %s: %v", lab, err)
	}
	left, err := networkSubnets(t.Context(), filters.Arg("label", "labcheck.lab="+lab))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) == 1 && tryHold(t, left[0].String()) == nil {
		return left[0]
	}
	return Free(t)
}

// untilDeadline returns a context that ends with the test, or a minute before the
// test's deadline.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	if deadline, ok := t.Deadline(); ok {
		return context.WithDeadline(t.Context(), deadline.Add(-time.Minute))
	}
	return context.WithCancel(t.Context())
}

// Free returns a private subnet of 24 bits that neither the engine nor this
// machine uses. Until the test ends no other test gets it.
func Free(t *testing.T) netip.Prefix {
	t.Helper()
	ofEngine, errEngine := networkSubnets(t.Context())
	ofMachine, errMachine := interfaceSubnets()
	routes, errRoutes := routePrefixes()
	if err := errors.Join(errEngine, errMachine, errRoutes); err != nil {
		t.Fatal(err)
	}
	used := append(ofEngine, ofMachine...)
	// The default route, of no bits, does not make a subnet used. If a VPN routes all
	// private addresses, only routes count that are as specific as a lab's own.
	for _, bits := range []int{1, subnetBits} {
		for subnet := range candidateSubnets() {
			free := !overlapsAny(used, subnet, 0) && !overlapsAny(routes, subnet, bits)
			if free && tryHold(t, subnet.String()) == nil {
				return subnet
			}
		}
	}
	t.Fatal("no private subnet of 24 bits is free")
	return netip.Prefix{}
}

// subnetBits is the length of a lab's prefix.
const subnetBits = 24

// candidateSubnets yields the subnets that a lab can have, first those that are
// probably free. It leaves out those of the tutorial and the documentation, and those of
// networks inside a host: docker0 and docker_gwbridge (172.17 and 172.18) and mynet
// (10.0).
func candidateSubnets() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, r := range []struct{ first, last netip.Addr }{
			{netip.AddrFrom4([4]byte{192, 168, 36, 0}), netip.AddrFrom4([4]byte{192, 168, 254, 0})},
			{netip.AddrFrom4([4]byte{172, 20, 0, 0}), netip.AddrFrom4([4]byte{172, 30, 255, 0})},
			{netip.AddrFrom4([4]byte{10, 64, 0, 0}), netip.AddrFrom4([4]byte{10, 254, 255, 0})},
		} {
			for addr := r.first; addr.Compare(r.last) <= 0; addr = nextSubnet(addr) {
				if !yield(netip.PrefixFrom(addr, subnetBits)) {
					return
				}
			}
		}
	}
}

// nextSubnet returns the first address of the following subnet.
func nextSubnet(addr netip.Addr) netip.Addr {
	a := addr.As4()
	a[3] = 255
	return netip.AddrFrom4(a).Next()
}

// overlapsAny reports whether the subnet overlaps one of the prefixes that have at
// least so many bits.
func overlapsAny(prefixes []netip.Prefix, subnet netip.Prefix, atLeast int) bool {
	for _, p := range prefixes {
		if p.Bits() >= atLeast && p.Overlaps(subnet) {
			return true
		}
	}
	return false
}

// networkSubnets returns the subnets of the engine's networks that match filters.
func networkSubnets(ctx context.Context, matching ...filters.KeyValuePair) ([]netip.Prefix, error) {
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	found, err := engine.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(matching...)})
	if err != nil {
		return nil, fmt.Errorf("list the engine's networks: %w", err)
	}
	var all []netip.Prefix
	for _, n := range found {
		for _, c := range n.IPAM.Config {
			if p, err := netip.ParsePrefix(c.Subnet); err == nil {
				all = append(all, p)
			}
		}
	}
	return all, nil
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

// tryHold takes a lock until the test or its process ends. The error is
// syscall.EADDRINUSE if another test has it. The lock is an abstract socket: only
// one process of all users can listen on it, and it leaves no file. Other systems
// than Linux have none, and there tryHold takes no lock.
func tryHold(t *testing.T, what string) error {
	if runtime.GOOS != "linux" {
		return nil
	}
	l, err := net.Listen("unix", "@labcheck-test/"+what)
	if errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return nil
}
