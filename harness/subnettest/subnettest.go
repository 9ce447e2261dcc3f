// Package subnettest gives each lab of a test a subnet that is free on this
// machine, and that no other test has at the same time, whoever runs it.
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

// ForLab returns the subnet for a lab of a test: the one that the lab is on if an
// interrupted run left it, else a free one. No other test has the lab or the
// subnet until this one has ended; ForLab waits if another has the lab now.
func ForLab(t *testing.T, lab string) netip.Prefix {
	t.Helper()
	ctx, cancel := untilDeadline(t)
	defer cancel()
	err := harness.Until(ctx, 200*time.Millisecond, func(context.Context) error { return hold(t, "lab "+lab) })
	if err != nil {
		t.Fatalf("another test process uses lab %s: %v", lab, err)
	}
	left, err := networks(t.Context(), filters.Arg("label", "labcheck.lab="+lab))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) == 1 && hold(t, left[0].String()) == nil {
		return left[0]
	}
	return Free(t)
}

// untilDeadline returns a context that ends with the test, or a minute before it
// must have ended.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	if deadline, ok := t.Deadline(); ok {
		return context.WithDeadline(t.Context(), deadline.Add(-time.Minute))
	}
	return context.WithCancel(t.Context())
}

// Free returns a private subnet of 24 bits that neither the engine nor this
// machine uses, and that no other test has until this one has ended.
func Free(t *testing.T) netip.Prefix {
	t.Helper()
	ofEngine, errEngine := networks(t.Context())
	ofMachine, errMachine := interfaces()
	routes, errRoutes := routes()
	if err := errors.Join(errEngine, errMachine, errRoutes); err != nil {
		t.Fatal(err)
	}
	used := append(ofEngine, ofMachine...)
	// The default route, of no bits, is for all that no other is for. If a VPN has
	// routes to all private addresses, only those count that are as specific as a
	// lab's own.
	for _, bits := range []int{1, subnetBits} {
		for subnet := range candidates() {
			if !overlaps(used, subnet, 0) && !overlaps(routes, subnet, bits) && hold(t, subnet.String()) == nil {
				return subnet
			}
		}
	}
	t.Fatal("no private subnet of 24 bits is free")
	return netip.Prefix{}
}

// subnetBits is the length of a lab's prefix.
const subnetBits = 24

// candidates are the subnets that a lab can have, the likeliest to be free first.
// Not among them are those that the tutorial and README use, and those of networks
// inside a host: docker0 and docker_gwbridge (172.17 and 172.18) and mynet (10.0).
func candidates() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, r := range []struct{ first, last netip.Addr }{
			{netip.AddrFrom4([4]byte{192, 168, 36, 0}), netip.AddrFrom4([4]byte{192, 168, 254, 0})},
			{netip.AddrFrom4([4]byte{172, 20, 0, 0}), netip.AddrFrom4([4]byte{172, 30, 255, 0})},
			{netip.AddrFrom4([4]byte{10, 64, 0, 0}), netip.AddrFrom4([4]byte{10, 254, 255, 0})},
		} {
			for addr := r.first; addr.Compare(r.last) <= 0; addr = next(addr) {
				if !yield(netip.PrefixFrom(addr, subnetBits)) {
					return
				}
			}
		}
	}
}

// next is the first address of the following subnet.
func next(addr netip.Addr) netip.Addr {
	a := addr.As4()
	a[3] = 255
	return netip.AddrFrom4(a).Next()
}

// overlaps says whether one of the prefixes that have at least so many bits
// overlaps the subnet.
func overlaps(prefixes []netip.Prefix, subnet netip.Prefix, atLeast int) bool {
	for _, p := range prefixes {
		if p.Bits() >= atLeast && p.Overlaps(subnet) {
			return true
		}
	}
	return false
}

// networks returns the subnets of the engine's networks.
func networks(ctx context.Context, having ...filters.KeyValuePair) ([]netip.Prefix, error) {
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	found, err := engine.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(having...)})
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

// interfaces returns the subnets of this machine's addresses.
func interfaces() ([]netip.Prefix, error) {
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

// hold keeps something from other tests until this one has ended, or its process
// has: it listens on an abstract socket, which only one can, of whichever user,
// and which leaves no file. Only Linux has those; elsewhere nothing is kept.
func hold(t *testing.T, what string) error {
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
