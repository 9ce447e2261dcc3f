//go:build lab

// A test of your own on a lab looks like this. Copy it, and leave the build tag out or
// choose another one: it keeps `go test ./...` from needing an engine.
package simtest_test

import (
	"context"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/simtest"
)

// TestMain lets the test binary remove the lab of a test that was killed.
func TestMain(m *testing.M) { simtest.Main(m) }

// TestSwarmOnLab performs the tutorial on five hosts, asks the Swarm manager about them,
// and has one lose power.
func TestSwarmOnLab(t *testing.T) {
	lab := simtest.New(t, sim.Options{})
	if err := tutorial.Default().Bootstrap(t.Context(), lab.Cluster, nil); err != nil {
		t.Fatal(err)
	}
	info, err := lab.Cluster.Swarm().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(info.Swarm.Members); got != 4 { // the manager is none
		t.Errorf("Swarm has %d members, want 4", got)
	}
	for _, m := range info.Swarm.Members {
		if m.Status != engine.Healthy {
			t.Errorf("%s is %s", m.Name, m.Status)
		}
	}

	if err := lab.Break(t.Context(), harness.Fault{Kind: harness.FaultKill, Node: "frontend01"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := lab.Cluster.Engine("frontend01").Ping(ctx); err == nil {
		t.Error("the engine of a host without power answers")
	}
}
