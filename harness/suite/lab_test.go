//go:build lab

package suite_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/pace"
	"labcheck/harness/report"
	"labcheck/harness/suite"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/simtest"
)

// TestMain lets the test binary be a lab's watchdog.
func TestMain(m *testing.M) { simtest.MainWithLeakCheck(m) }

// freshLab starts hosts on which nothing of the tutorial was done.
func freshLab(t *testing.T) *engine.Cluster {
	t.Helper()
	return freshHosts(t).Cluster
}

func freshHosts(t *testing.T) *simtest.Lab {
	t.Helper()
	return simtest.New(t, sim.Options{Lab: "suite-test"})
}

// paced returns the test's context, with which claims may wait longer in CI, as with a
// longer --timeout.
func paced(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := harness.WithTotal(t.Context(), pace.Limit(harness.DefaultTimeout), nil)
	t.Cleanup(cancel)
	return ctx
}

func check(ctx context.Context, c *engine.Cluster, fresh bool, tags string) ([]harness.Scenario, error) {
	return suite.Run(ctx, suite.Options{Features: features.FS, Lang: "en", Tags: tags, Cluster: c, Fresh: fresh})
}

const standing = "@verify,@workload"

// wantAll wants every scenario to have passed.
func wantAll(t *testing.T, done []harness.Scenario, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	var out strings.Builder
	e := harness.Evidence{Counts: harness.Count(done), Scenarios: done}
	if e.Counts.Passed != len(done) {
		if err := report.Terminal(&out, e, report.TerminalOptions{}); err != nil {
			t.Error(err)
		}
		t.Error(out.String())
	}
}

// keep writes the evidence as a run does, holds it to the schema, and reads it
// again. LABCHECK_EVIDENCE says where it is to stay.
func keep(t *testing.T, c *engine.Cluster, done []harness.Scenario) {
	t.Helper()
	dir := os.Getenv("LABCHECK_EVIDENCE")
	if dir == "" {
		dir = t.TempDir()
	}
	e := harness.Evidence{
		Schema: harness.EvidenceSchema,
		Run:    harness.Run{Labcheck: "test", Started: done[0].Start, Duration: time.Since(done[0].Start), Verdict: harness.VerdictHolds},
		Target: harness.TargetInfo{Name: "sim", Lab: "suite-test", Fresh: true, Topology: c.Topology()},
		Counts: harness.Count(done), Scenarios: done,
	}
	if err := report.Write(dir, e); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Read(dir); err != nil {
		t.Error(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("../report/results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.Open(filepath.Join(dir, report.ResultsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	value, err := jsonschema.UnmarshalJSON(content)
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Error(err)
	}
}

// covered wants all of the page to have been typed and compared.
func covered(t *testing.T, c *engine.Cluster, done []harness.Scenario) {
	t.Helper()
	n := tutorial.Default().Coverage(c.Topology(), done)
	if n.Commands == 0 || n.Run != n.Commands || n.Outputs == 0 || n.Compared != n.Outputs {
		t.Errorf("of the page was done: %+v", n)
	}
}

// slowest tells where the time went.
func slowest(t *testing.T, done []harness.Scenario) {
	t.Helper()
	var total time.Duration
	for _, s := range done {
		total += s.Duration
	}
	byTime := slices.SortedFunc(slices.Values(done), func(a, b harness.Scenario) int { return int(b.Duration - a.Duration) })
	t.Logf("%d scenarios in %s", len(done), total.Round(time.Millisecond))
	for _, s := range byTime[:min(14, len(byTime))] {
		t.Logf("%8s %s", s.Duration.Round(time.Millisecond), s.ID)
	}
}

// everything lists the containers and networks of all engines.
func everything(t *testing.T, c *engine.Cluster) []string {
	t.Helper()
	var all []string
	for _, h := range c.Topology().Hosts() {
		containers, err := c.Engine(h.Name).Containers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range containers {
			all = append(all, h.Name+" "+k.ID+" "+k.State)
		}
	}
	slices.Sort(all)
	return all
}

// TestTutorial performs the page and looks at its outcome, again and again.
func TestTutorial(t *testing.T) {
	c := freshLab(t)
	done, err := check(paced(t), c, true, "")
	wantAll(t, done, err)
	slowest(t, done)
	keep(t, c, done)
	covered(t, c, done)
	if t.Failed() {
		return
	}
	before := everything(t, c)
	t.Run("a standing lab is left as it was", func(t *testing.T) {
		done, err := check(paced(t), c, false, standing)
		wantAll(t, done, err)
		slowest(t, done)
		if diff := cmp.Diff(before, everything(t, c)); diff != "" {
			t.Errorf("containers (-before +after):\n%s", diff)
		}
	})
	t.Run("two checks at once take turns", func(t *testing.T) {
		leftover(t, c) // what a crashed check left breaks no claim
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				done, err := check(paced(t), c, false, suite.TagWorkload)
				wantAll(t, done, err)
			})
		}
		wg.Wait()
		if diff := cmp.Diff(before, everything(t, c)); diff != "" {
			t.Errorf("containers (-before +after):\n%s", diff)
		}
	})
	t.Run("an interrupted check leaves nothing", func(t *testing.T) { interrupt(t, c, before) })
}

// interrupt cancels checks at several moments while they start containers.
func interrupt(t *testing.T, c *engine.Cluster, before []string) {
	for _, after := range []time.Duration{100 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second} {
		ctx, cancel := context.WithCancel(paced(t))
		var cancelled time.Time
		time.AfterFunc(after, func() { cancelled = time.Now(); cancel() })
		done, err := check(ctx, c, false, "@workload")
		pace.Within(t, fmt.Sprintf("the end of a check interrupted after %s", after), time.Since(cancelled), 3*time.Second)
		if err == nil || len(done) != 4 || done[3].Reason != "interrupted" {
			t.Errorf("after %s: %v, %d scenarios, the last %q", after, err, len(done), done[len(done)-1].Reason)
		}
		if diff := cmp.Diff(before, everything(t, c)); diff != "" {
			t.Errorf("after %s: containers (-before +after):\n%s", after, diff)
		}
	}
}

// leftover starts what a check that was killed leaves: a workload container,
// and its turn, which is over after 5 s.
func leftover(t *testing.T, c *engine.Cluster) {
	t.Helper()
	labels := map[string]string{"labcheck.workload": "crashed"}
	for host, name := range map[string]string{"manager": "labcheck-turn", "store": "labcheck-crashed-1"} {
		spec := engine.RunSpec{Name: name, Image: "labcheck/workload", Args: []string{"sleep", "5"}, Labels: labels}
		spec.OnlyCreated = host == "manager" // as a turn is
		if _, err := c.Engine(host).Run(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
}

// broken is a cluster that was not made as the page says.
type broken struct {
	name string
	// alter returns what is typed instead of a command of the page, nothing
	// where it is left out.
	alter   func(c *engine.Cluster, step, command string) string
	members int // that become Healthy
	fails   []string
}

// brokenClusters are made of one another, in this order; the first on new hosts.
func brokenClusters() []broken {
	const removeManager = "docker rm --force $(docker ps --quiet --filter ancestor=swarm)\n"
	return []broken{
		{
			name: "worker01 is not joined", members: 3,
			alter: func(_ *engine.Cluster, step, command string) string {
				if step == "join-worker01" {
					return ""
				}
				return command
			},
			fails: []string{
				"join-container#3", "node-healthy#4", "nodes-in-order", "node-size#4", "node-details#4",
				"cluster-totals#1", "cluster-totals#2", "cluster-totals#3",
				"registered#3", "spread", "own-networks#4",
			},
		},
		{
			name: "the manager packs", members: 4,
			alter: func(_ *engine.Cluster, step, command string) string {
				switch step {
				case "join-worker01":
					return command
				case "manager":
					return removeManager + strings.Replace(command, "swarm manage ", "swarm manage --strategy binpack ", 1)
				}
				return ""
			},
			fails: []string{"swarm-settings#2", "spread"},
		},
		{
			name: "mynet is a bridge on frontend01", members: 4,
			alter: func(c *engine.Cluster, step, command string) string {
				engine := func(host string) string {
					return "docker -H=tcp://" + netip.AddrPortFrom(c.Node(host).Addr(), harness.EnginePort).String()
				}
				switch step {
				case "manager":
					return removeManager + command
				case "network":
					return engine("manager") + " network rm mynet\n" +
						engine("frontend01") + " network create mynet\n" +
						engine("manager") + " network create --driver overlay mynet"
				}
				return ""
			},
			fails: []string{"network-on-node#2", "network-of-cluster", "network-is-one", "reach-everywhere", "reach-through-swarm"},
		},
	}
}

// TestBrokenClusters breaks clusters on purpose and wants exactly the claims to
// fail that are not true any more.
func TestBrokenClusters(t *testing.T) {
	c := freshLab(t)
	patience := 5 * time.Second // for what stays false
	for _, b := range brokenClusters() {
		t.Run(b.name, func(t *testing.T) {
			perform(t, c, b)
			done, err := suite.Run(paced(t), suite.Options{
				Features: features.FS, Lang: "en", Tags: standing, Cluster: c, Patience: &patience,
			})
			if err != nil {
				t.Fatal(err)
			}
			var failed []string
			for _, s := range done {
				if s.Status != harness.Passed {
					failed = append(failed, s.ID)
					t.Logf("%s\nexpected %s\nseen     %s", s.ID, s.Expected, s.Seen)
				}
			}
			slices.Sort(b.fails)
			slices.Sort(failed)
			if diff := cmp.Diff(b.fails, failed); diff != "" {
				t.Errorf("false claims (-want +got):\n%s", diff)
			}
		})
	}
}

// perform types the page's commands that change the cluster, altered.
func perform(t *testing.T, c *engine.Cluster, b broken) {
	t.Helper()
	defer introduce(t, c)
	export := ""
	for _, p := range tutorial.Default().Commands(c.Topology()) {
		if strings.HasPrefix(p.Text, "export ") {
			export = p.Text + "\n"
		}
		if p.Step == nil {
			continue
		}
		if p.Step.ID == "network" {
			await(t, c, b.members)
		}
		if command := b.alter(c, p.Step.ID, p.Text); command != "" {
			if _, err := c.Node(p.Host).Exec(t.Context(), "sh", "-ec", export+command); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// introduce lets the engines meet, so that nothing is broken but what was meant
// to be.
func introduce(t *testing.T, c *engine.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(time.Minute))
	defer cancel()
	if _, err := tutorial.Introduce(ctx, c); err != nil {
		t.Error(err)
	}
	if err := tutorial.CompleteGossip(ctx, c); err != nil {
		t.Error(err)
	}
}

// await waits for as many Healthy nodes in the manager's list.
func await(t *testing.T, c *engine.Cluster, members int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(time.Minute))
	defer cancel()
	err := harness.Until(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		info, err := c.Swarm().Info(ctx)
		if err != nil {
			return err
		}
		healthy := 0
		for _, m := range info.Swarm.Members {
			if m.Status == engine.Healthy {
				healthy++
			}
		}
		if healthy != members {
			return fmt.Errorf("%d nodes are Healthy", healthy)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
