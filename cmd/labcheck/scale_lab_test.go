//go:build lab

package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
	"labcheck/harness/scale"
	"labcheck/harness/subnettest"
	"labcheck/sim"
)

// scaleTestLab is the lab of tests of `labcheck scale`.
const scaleTestLab = "scaletest"

// buildStatic builds labcheck as it runs on hosts, too, as make build does, whose compiled
// packages are then there, and returns its path.
func buildStatic(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "labcheck")
	build := exec.Command("go", "build", "-trimpath", "-o", file, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build.Args, err, said)
	}
	return file
}

// scaleOn returns a run on a lab of its own, which is gone when the test ends.
func scaleOn(t *testing.T, labcheck string, args ...string) *exec.Cmd {
	t.Helper()
	subnet := subnettest.ForLab(t, scaleTestLab)
	removeLab(scaleTestLab) // what an interrupted run has left
	t.Cleanup(func() { removeLab(scaleTestLab) })
	c := exec.Command(labcheck, append([]string{"scale", "--lab", scaleTestLab, "--subnet", subnet.String()}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C", "LABCHECK_NODES=7") // what is set for labs is none of scale's
	return c
}

// TestScale measures a tenth of what Docker did.
func TestScale(t *testing.T) {
	t.Parallel()
	labcheck, out := buildStatic(t), t.TempDir()
	c := scaleOn(t, labcheck,
		"--nodes", "100", "--containers", "3000", "--create-time", "50ms", "--ttl", "20s", "--out", out, "--json")
	var said strings.Builder
	c.Stderr = &said
	began := time.Now()
	document, err := c.Output()
	t.Logf("%s", said.String())
	if err != nil {
		t.Fatal(err)
	}
	pace.Within(t, "the run", time.Since(began), 2*time.Minute)
	if err := validateAs("scale", string(document)); err != nil {
		t.Error(err)
	}
	var r scale.Result
	if err := json.Unmarshal(document, &r); err != nil {
		t.Fatal(err)
	}
	checkScale(t, r)
	for _, file := range []string{"scale.json", "scale.html", "nodes/manager/engine.log", "nodes/engines01/engine.log"} {
		if _, err := os.Stat(filepath.Join(out, file)); err != nil {
			t.Error(err)
		}
	}
	isGone(t)
}

// checkScale checks what a run of 100 nodes and 3,000 containers has measured.
func checkScale(t *testing.T, r scale.Result) {
	t.Helper()
	if r.Run.Verdict != harness.VerdictHolds || len(r.False) > 0 {
		t.Errorf("verdict %s: %s %q", r.Run.Verdict, r.Run.Error, r.False)
	}
	// Swarm keeps a stale state of a container that started while it read its engine's
	// list. That is rare: docs/scale.md.
	s := r.Spread
	if s == nil || s.Nodes != 100 || s.Least != 30 || s.Most != 30 || s.Stale > 30 {
		t.Errorf("spread %+v", s)
	}
	var levels []int
	for _, l := range r.Levels {
		levels = append(levels, l.Containers)
		for name, p := range map[string]scale.Percentiles{"info": l.Info, "run": l.Run} {
			if p.Count != 100 || p.P50 <= 0 || p.P50 > p.P90 || p.P90 > p.P99 || p.P99 > p.Max {
				t.Errorf("%s at %d: %+v", name, l.Containers, p)
			}
		}
		if l.Run.P50 < 50*time.Millisecond {
			t.Errorf("run at %d takes %s, less than the simulated engines", l.Containers, l.Run.P50)
		}
		if l.CLIInfo.Count != 20 || l.CLIRun.Count != 20 || l.CLIRun.P50 < 50*time.Millisecond {
			t.Errorf("docker at %d: %+v, %+v", l.Containers, l.CLIInfo, l.CLIRun)
		}
	}
	if len(levels) != 4 || levels[3] != 3000 {
		t.Errorf("levels %v", levels)
	}
	took := map[string]time.Duration{}
	for _, e := range r.Events {
		took[e.ID] = e.Took
		if e.Lost != 0 {
			t.Errorf("%s: %d containers are lost", e.ID, e.Lost)
		}
	}
	for _, id := range []string{
		"stopped", "removed", "lost", "returned", "consul-registered", "consul-followed", "failover",
	} {
		if took[id] <= 0 {
			t.Errorf("%s was not waited for: %v", id, took)
		}
	}
	// A registration expires 20 s after its last renewal, which was at most 6.7 s ago.
	if took["lost"] < 10*time.Second {
		t.Errorf("lost engines left the list after %s: their registrations did not expire", took["lost"])
	}
	for _, process := range []string{"swarm", "consul", "labcheck"} {
		if memory, cpu := r.Peak(process); memory < 10<<20 || cpu <= 0 {
			t.Errorf("%s used %d bytes and %g CPUs", process, memory, cpu)
		}
	}
}

// isGone wants nothing of the lab to be left.
func isGone(t *testing.T) {
	t.Helper()
	lab, err := sim.Open(t.Context(), sim.Options{Lab: scaleTestLab})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(30*time.Second))
	defer cancel()
	if err := harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		exists, err := lab.Exists(ctx)
		if err == nil && exists {
			err = os.ErrExist
		}
		return err
	}); err != nil {
		t.Errorf("the lab is not gone: %v", err)
	}
}

// TestScaleKilled kills a run while it fills the cluster: nothing may be left.
func TestScaleKilled(t *testing.T) {
	c := scaleOn(t, buildStatic(t), "--nodes", "20", "--containers", "2000", "--create-time", "50ms")
	var said lockedBuffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(time.Minute))
	defer cancel()
	if err := harness.Until(ctx, 50*time.Millisecond, func(context.Context) error {
		if !strings.Contains(said.String(), "✓ Join 20 simulated engines") {
			return os.ErrNotExist
		}
		return nil
	}); err != nil {
		t.Errorf("%v:\n%s", err, said.String())
	}
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	_ = c.Wait() // it was killed
	isGone(t)
}
