// Package subnettest gives each lab of a test a free subnet of this machine. No
// other test has the subnet at the same time, whichever user runs it.
package subnettest

import (
	"context"
	"errors"
	"fmt"
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
	"labcheck/harness/subnet"
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
	left, err := networkSubnets(context.WithoutCancel(t.Context()), filters.Arg("label", "labcheck.lab="+lab))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) == 1 && tryHold(t, left[0].String()) == nil {
		return left[0]
	}
	return Free(t)
}

// untilDeadline returns a context that ends a minute before the test's deadline. It does
// not end with t.Context(), so that cleanup functions can ask for a subnet, too.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	ctx := context.WithoutCancel(t.Context())
	if deadline, ok := t.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-time.Minute))
	}
	return context.WithCancel(ctx)
}

// Free returns a private subnet of 24 bits that neither the engine nor this
// machine uses. Until the test ends no other test gets it.
func Free(t *testing.T) netip.Prefix {
	t.Helper()
	used, err := networkSubnets(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	free, err := subnet.Free(used)
	if err != nil {
		t.Fatal(err)
	}
	for p := range free {
		if tryHold(t, p.String()) == nil {
			return p
		}
	}
	t.Fatal("no private subnet of 24 bits is free")
	return netip.Prefix{}
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
