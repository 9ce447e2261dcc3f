//go:build lab

package tutorial

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/sim"
)

// testSubnet is beside whatever labs a person has.
const testSubnet = "192.168.36.0/24"

// engines starts a lab of the test's own and ends with its engines answering.
func engines(t *testing.T, name string) *engine.Cluster {
	t.Helper()
	lab, err := sim.Open(t.Context(), sim.Options{Lab: name, Subnet: netip.MustParsePrefix(testSubnet)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Down(context.Background()); err != nil {
			t.Error(err)
		}
		lab.Close()
	})
	start := time.Now()
	nodes, err := lab.Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("engines answer after %s", time.Since(start))
	c, err := engine.Open(lab.Topology(), nodes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestScratch(t *testing.T) {
	c := engines(t, "engine")
	for range 1 {
		start := time.Now()
		err := Bootstrap(t.Context(), c, func(e Event) {
			t.Logf("%6.2f  %s (%s)", time.Since(start).Seconds(), e, e.Elapsed.Round(time.Millisecond))
		})
		t.Logf("%6.2f bootstrap: %v", time.Since(start).Seconds(), err)
		again := time.Now()
		err = Bootstrap(t.Context(), c, nil)
		t.Logf("again: %s %v", time.Since(again), err)
		for _, h := range c.Topology().Hosts() {
			fmt.Println(engine.Gossip(t.Context(), c.Node(h.Name)))
		}
		info, err := c.Swarm().Info(t.Context())
		fmt.Printf("%+v\n%+v\n", info, info.Swarm)
		time.Sleep(time.Duration(len(os.Getenv("PAUSE"))) * time.Second)
		for os.Getenv("HOLD") != "" && exists("/tmp/eng/hold") {
			time.Sleep(time.Second)
		}
		if err := Undo(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
	}
	_ = harness.Tutorial
}

func exists(f string) bool { _, err := os.Stat(f); return err == nil }
