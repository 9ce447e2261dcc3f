//go:build lab

package subnettest

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// TestFree checks that no two tests get the same subnet, and none that overlaps a
// network of the engine.
func TestFree(t *testing.T) {
	var first netip.Prefix
	t.Run("twice", func(t *testing.T) {
		if first = Free(t); first == Free(t) {
			t.Errorf("two calls of Free return %s", first)
		}
	})
	t.Run("network", func(t *testing.T) {
		withNetwork(t, "subnettest", netip.PrefixFrom(first.Addr(), 25))
		if got := Free(t); got.Overlaps(first) {
			t.Errorf("Free returned %s, which overlaps a network's %s", got, first)
		}
	})
}

// TestForLab checks that ForLab waits for another process's lab, and that it finds
// the subnet of a lab that was left behind.
func TestForLab(t *testing.T) {
	const lab = "subnettest"
	t.Run("in use", func(t *testing.T) {
		kill := startHolder(t, "lab "+lab)
		var ended atomic.Bool
		time.AfterFunc(time.Second, func() { ended.Store(true); kill() })
		if got := ForLab(t, lab); !ended.Load() {
			t.Errorf("ForLab returned %s while another process had the lab", got)
		}
	})
	t.Run("left", func(t *testing.T) {
		subnet := netip.MustParsePrefix("192.168.254.0/24") // the last candidate of its range
		withNetwork(t, lab, subnet)
		if got := ForLab(t, lab); got != subnet {
			t.Errorf("ForLab returned %s, want the lab's %s", got, subnet)
		}
	})
}

// TestForLabInCleanup checks that a cleanup function, which runs after t.Context() has
// ended, can ask for a subnet.
func TestForLabInCleanup(t *testing.T) {
	t.Cleanup(func() { ForLab(t, "subnettest-cleanup") })
}

// withNetwork creates a network of a lab and removes it at the end of the test.
func withNetwork(t *testing.T, lab string, subnet netip.Prefix) {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	made, err := engine.NetworkCreate(t.Context(), "labcheck-test-subnets", network.CreateOptions{
		Labels: map[string]string{"labcheck.lab": lab},
		IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.NetworkRemove(context.Background(), made.ID); err != nil {
			t.Error(err)
		}
	})
}
