//go:build lab

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/simtest"
)

// stage is a part of `labcheck up` and when it was done.
type stage struct {
	name string
	at   time.Duration
}

// TestBench times `labcheck up`, from nothing to a network that carries
// traffic, LABCHECK_BENCH times, and once the same tutorial on plain hosts. It
// also measures the hosts' memory.
func TestBench(t *testing.T) {
	runs := countRuns(t)
	// A first one, not counted, finds files in the cache.
	measureUp(t, sim.Options{}, func() { printMemory(t, labtestName) })
	var tuned [][]stage
	for range runs {
		tuned = append(tuned, measureUp(t, sim.Options{}))
	}
	plain := measureUp(t, sim.Options{Plain: true})
	fmt.Printf("%-10s %8s %8s %8s %8s\n", "until", "min", "median", "max", "plain")
	for i, s := range tuned[0] {
		times := column(tuned, i)
		median := times[len(times)/2]
		if s.name == "network" {
			defer fmt.Printf("the whole takes %.2f of what it takes on plain hosts\n", float64(median)/float64(plain[i].at))
		}
		fmt.Printf("%-10s %8s %8s %8s %8s\n", s.name, seconds(times[0]), seconds(median), seconds(times[len(times)-1]), seconds(plain[i].at))
	}
}

// countRuns returns LABCHECK_BENCH.
func countRuns(t *testing.T) int {
	t.Helper()
	runs, err := strconv.Atoi(os.Getenv("LABCHECK_BENCH"))
	if err != nil || runs < 1 {
		t.Skip("LABCHECK_BENCH, the number of runs, is not set: make bench")
	}
	return runs
}

// TestBenchSSH times the check that only reads, LABCHECK_BENCH times, on nodes that
// are reached by ssh through the manager: the tutorial's, and 25.
func TestBenchSSH(t *testing.T) {
	runs := countRuns(t)
	for _, hosts := range []int{0, 25} {
		t.Run(strconv.Itoa(hosts), func(t *testing.T) {
			r := openRealLab(t, hosts)
			if o := r.labcheck(t, through("key", "bootstrap", "--yes")...); o.code != exitHolds {
				t.Fatal(o.err)
			}
			var times []time.Duration
			for range runs {
				o := r.labcheck(t, through("key", "check")...)
				if o.code != exitHolds {
					t.Fatal(o.out, o.err)
				}
				times = append(times, o.took)
			}
			slices.Sort(times)
			fmt.Printf("check through %s: min %s, median %s, max %s\n", r.lab.Topology().Manager.Name,
				seconds(times[0]), seconds(times[len(times)/2]), seconds(times[len(times)-1]))
		})
	}
}

func column(runs [][]stage, i int) []time.Duration {
	var times []time.Duration
	for _, r := range runs {
		times = append(times, r[i].at)
	}
	slices.Sort(times)
	return times
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }

// measureUp does what `labcheck up` does and `labcheck down` after it; on the
// lab in between, it looks. It is a test of its own: the next one waits for its end.
func measureUp(t *testing.T, o sim.Options, looks ...func()) (stages []stage) {
	t.Helper()
	if !t.Run("up", func(t *testing.T) { stages = measureOneUp(t, o, looks...) }) {
		t.FailNow()
	}
	return stages
}

func measureOneUp(t *testing.T, o sim.Options, looks ...func()) []stage {
	t.Helper()
	ctx := t.Context()
	start := time.Now()
	var stages []stage
	done := func(name string) { stages = append(stages, stage{name, time.Since(start)}) }
	lab, cluster := testLab(t, o)
	done("engines")
	left := len(tutorial.Default().Steps(lab.Topology()))
	err := tutorial.Default().Bootstrap(ctx, cluster, func(e tutorial.Event) {
		left--
		switch {
		case e.Step.ID == "consul":
			done("consul")
		case left == 1:
			done("joined") // the manager, and every member
		case left == 0:
			done("network")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, look := range looks {
		look()
	}
	start = time.Now()
	if err := lab.Down(context.Background()); err != nil {
		t.Fatal(err)
	}
	return append(stages, stage{"(down)", time.Since(start)})
}

// labtestName is the lab's.
const labtestName = "labtest"

// testLab makes a lab's hosts; it is gone when the test ends.
func testLab(t *testing.T, o sim.Options) (*sim.Lab, *engine.Cluster) {
	t.Helper()
	o.Lab, o.Watchdog = labtestName, watchdogArgv()
	lab := simtest.New(t, o)
	return lab.Lab, lab.Cluster
}
