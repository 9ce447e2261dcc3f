// Package simtest starts labs for tests: each on a free subnet, and gone when the
// test has ended or its process was killed.
package simtest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"labcheck/harness/engine"
	"labcheck/harness/subnettest"
	"labcheck/sim"
)

// watchdog is the first argument of a test binary that is a lab's watchdog.
const watchdog = "watchdog"

// Main is a package's TestMain: it lets the test binary be the watchdog of a
// test's lab, and wants no goroutine to be left.
func Main(m *testing.M) {
	if len(os.Args) != 5 || os.Args[1] != watchdog {
		goleak.VerifyTestMain(m)
		return
	}
	if err := sim.Watch(context.Background(), os.Stdin, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Start starts a lab's hosts, on which nothing of the tutorial was done. Without a
// subnet the lab has one that is free; without a watchdog, the test binary is it.
// What an interrupted run has left of the lab is removed before.
func Start(t *testing.T, o sim.Options) (*sim.Lab, *engine.Cluster) {
	t.Helper()
	if !o.Subnet.IsValid() {
		o.Subnet = subnettest.ForLab(t, o.Lab)
	}
	if o.Watchdog == nil {
		o.Watchdog = []string{os.Args[0], watchdog}
	}
	lab, err := sim.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Down(context.Background()); err != nil {
			t.Error(err)
		}
		lab.Close()
	})
	if err := lab.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	return lab, Connect(t, lab)
}

// Connect starts the hosts of a lab that do not run yet, and returns the cluster
// that they are to become.
func Connect(t *testing.T, lab *sim.Lab) *engine.Cluster {
	t.Helper()
	start := time.Now()
	nodes, err := lab.Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("engines answer after %s", time.Since(start).Round(time.Millisecond))
	cluster, err := engine.Open(lab.Topology(), nodes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	return cluster
}
