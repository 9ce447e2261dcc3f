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

// TestFree: a subnet is given once at a time, and not at all while a network of the
// engine has a part of it.
func TestFree(t *testing.T) {
	var first netip.Prefix
	t.Run("twice", func(t *testing.T) {
		if first = Free(t); first == Free(t) {
			t.Errorf("%s was given twice", first)
		}
	})
	t.Run("network", func(t *testing.T) {
		withNetwork(t, "subnettest", netip.PrefixFrom(first.Addr(), 25))
		if got := Free(t); got.Overlaps(first) {
			t.Errorf("%s was given, of which a network has a part", got)
		}
	})
}

// TestForLab: a lab that another process has is waited for, and one that was left
// is found where it is.
func TestForLab(t *testing.T) {
	const lab = "subnettest"
	t.Run("in use", func(t *testing.T) {
		kill := startHolder(t, "lab "+lab)
		var ended atomic.Bool
		time.AfterFunc(time.Second, func() { ended.Store(true); kill() })
		if got := ForLab(t, lab); !ended.Load() {
			t.Errorf("%s was given while another process has the lab", got)
		}
	})
	t.Run("left", func(t *testing.T) {
		subnet := netip.MustParsePrefix("192.168.254.0/24") // the last of its kind to be given
		withNetwork(t, lab, subnet)
		if got := ForLab(t, lab); got != subnet {
			t.Errorf("the lab is on %s, and %s was given", subnet, got)
		}
	})
}

// withNetwork has the engine have a lab's network until the test has ended.
func withNetwork(t *testing.T, lab string, subnet netip.Prefix) {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	made, err := engine.NetworkCreate(t.Context(), "labcheck-test-subnets", network.CreateOptions{
		Labels: map[string]string{"labcheck.lab": lab}, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}},
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
