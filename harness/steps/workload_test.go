package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/pace"
	"labcheck/harness/workload"
)

// reachByName is the sentence about all pairs of containers.
func reachByName(ctx context.Context, w *testWorld) error {
	return w.reachWhenTold(workload.ByName())(ctx)
}

// ways has containers answer one another but on the ways that are cut, each
// from one host to another's.
func ways(f *enginetest.Cluster, cut func(from, to string) bool) {
	f.Exec = func(from string, _ *enginetest.Container, argv []string) (string, string, int) {
		var answered []string
		for _, name := range argv[4:] {
			for to, h := range f.Hosts {
				if h.Find("sleep") != nil && slices.ContainsFunc(h.Containers, func(c *enginetest.Container) bool { return c.Name == name }) && !cut(from, to) {
					answered = append(answered, name)
				}
			}
		}
		return strings.Join(answered, "\n"), "", 0
	}
}

func never(string, string) bool { return false }

func names(f *enginetest.Cluster) []string {
	var all []string
	for _, h := range f.Topology.Hosts() {
		for _, c := range f.Hosts[h.Name].Containers {
			if c.Image == workload.Image {
				all = append(all, h.Name)
			}
		}
	}
	return all
}

// TestOnOneEngine starts a container through Swarm and asks the engines for it.
func TestOnOneEngine(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	if err := errors.Join(w.startThroughSwarm(ctx), w.onOneEngine(ctx), w.swarmNamesNode(ctx), w.countsAgree(ctx, 9)); err != nil {
		t.Fatal(err)
	}
	s := *w.load.Started()[0]
	c := f.Hosts[s.Host]
	if got := c.Find("sleep"); got == nil || got.Args[1] != "60" || got.Labels[workload.Label] != w.load.Run() {
		t.Errorf("%+v", got)
	}
	var m *harness.Mismatch
	w.load.Started()[0].Host = "elsewhere"
	if err := w.swarmNamesNode(ctx); !errors.As(err, &m) || m.Expected != "elsewhere" || m.Seen != s.Host {
		t.Errorf("another node: %v", err)
	}
	f.Change(func() { line(f, "  └ Containers", 1, "7") })
	if err := w.countsAgree(ctx, 9); !errors.As(err, &m) || !strings.Contains(m.Seen, ": 7") {
		t.Errorf("another count: %v", err)
	}
	twin := *c.Find("sleep")
	second := f.Hosts["store"]
	if second == c {
		second = f.Hosts["worker01"]
	}
	f.Change(func() { second.Containers = append(second.Containers, &twin) })
	if err := w.onOneEngine(ctx); !errors.As(err, &m) || !strings.Contains(m.Seen, second.Name) || !strings.Contains(m.Seen, s.Host) {
		t.Errorf("on two nodes: %v", err)
	}
	f.Change(func() { second.Containers = second.Containers[:1] })
	f.Change(func() { f.Hosts["manager"].Containers = append(f.Hosts["manager"].Containers, &twin) })
	if err := w.onOneEngine(ctx); !errors.As(err, &m) || m.Seen != "manager, "+s.Host {
		t.Errorf("on the manager too: %v", err)
	}
	f.Change(func() { c.Containers = c.Containers[:1] })
	if err := w.onOneEngine(ctx); !errors.As(err, &m) || m.Seen != "manager" {
		t.Errorf("on the manager: %v", err)
	}
	f.Change(func() { f.Hosts["manager"].Containers = f.Hosts["manager"].Containers[:2] })
	if err := w.onOneEngine(ctx); !errors.As(err, &m) || m.Seen != "nothing" {
		t.Errorf("nowhere: %v", err)
	}
}

func TestSpread(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	if err := errors.Join(w.startMany(ctx, 4), w.spreadEvenly()); err != nil {
		t.Fatal(err)
	}
	if got := names(f); !slices.Equal(got[1:], []string{"frontend01", "frontend02", "worker01", "store"}) {
		t.Errorf("on %q", got)
	}
	if len(w.counts) != 5 || w.counts[4].String() != "frontend01 2, frontend02 2, store 2, worker01 2" {
		t.Errorf("%v", w.counts)
	}
	w, f = performedWorld(t)
	for _, h := range f.Topology.Members {
		f.Hosts[h.Name].Images = nil
	}
	if err := w.startMany(ctx, 1); !errors.Is(err, engine.ErrNoImage) {
		t.Errorf("one that can't be started: %v", err)
	}
}

// TestReach has containers reach one another, and lose one way.
func TestReach(t *testing.T) {
	for name, start := range map[string]func(context.Context, *testWorld) error{
		"on each": func(ctx context.Context, w *testWorld) error { return w.startOnEach(ctx, "mynet") },
		"on two":  func(ctx context.Context, w *testWorld) error { return w.startOnTwo(ctx, "store", "worker01", "mynet") },
		"on some": func(ctx context.Context, w *testWorld) error { return w.startOn(ctx, "store, worker01", "mynet") },
	} {
		w, f := performedWorld(t)
		ctx := t.Context()
		ways(f, never)
		if reachByName(ctx, w) == nil {
			t.Errorf("%s: nothing was started yet", name)
		}
		if err := errors.Join(start(ctx, w), reachByName(ctx, w), w.reachEachOther(ctx), w.stillRun(ctx)); err != nil {
			t.Fatal(err)
		}
		on := map[string]string{"on each": "manager manager frontend01 frontend02 worker01 store"}[name]
		if on == "" {
			on = "manager worker01 store"
		}
		if got := strings.Join(names(f), " "); got != on {
			t.Errorf("%s: on %s", name, got)
		}
		for _, s := range w.load.Started() {
			i := slices.IndexFunc(f.Hosts[s.Host].Containers, func(c *enginetest.Container) bool { return c.ID == s.ID })
			if b := f.Hosts[s.Host].Containers[i]; b.Networks["mynet"] == "" {
				t.Errorf("%s: %+v is not on mynet", name, b)
			}
		}
		f.Change(func() { ways(f, func(from, to string) bool { return from == "store" && to == "worker01" }) })
		var m *harness.Mismatch
		for _, err := range []error{reachByName(ctx, w), w.reachEachOther(ctx)} {
			if !errors.As(err, &m) || m.Seen != "1 do not:\nstore to worker01: no answer" {
				t.Errorf("%s: %v", name, err)
			}
			if want := []harness.Link{{From: "store", To: "worker01"}}; m != nil && !slices.Equal(m.Links, want) {
				t.Errorf("%s: the links %v carry nothing", name, m.Links)
			}
		}
		f.Change(func() { f.Hosts["store"].Find("sleep").State = "exited" })
		if err := w.stillRun(ctx); !errors.As(err, &m) || !strings.HasSuffix(m.Seen, ": exited") {
			t.Errorf("%s: %v", name, err)
		}
		f.Change(func() { f.Hosts["store"].Images = nil })
		if err := start(ctx, w); !errors.As(err, &m) && err == nil {
			t.Errorf("%s: one without an image was started", name)
		}
	}
}

// TestReachWaits: no packet is sent, and nothing broken, before engines were told
// where containers are, however little else the run may wait for.
func TestReachWaits(t *testing.T) {
	t.Parallel()
	var all []string // the addresses that a container may get
	for i := range 256 {
		all = append(all, fmt.Sprintf("10.0.0.%d", i))
	}
	untilTold := func(t *testing.T, starts, then func(context.Context, *testWorld) error) {
		w, f := performedWorld(t)
		ways(f, never)
		w.LimitWaits(0)
		var told, asked time.Time
		answer := f.Exec
		f.Change(func() {
			f.Exec = func(from string, c *enginetest.Container, argv []string) (string, string, int) {
				asked = time.Now()
				return answer(from, c, argv)
			}
			f.Hosts["manager"].Untold = all
		})
		later := time.AfterFunc(500*time.Millisecond, func() {
			f.Change(func() { f.Hosts["manager"].Untold, told = nil, time.Now() })
		})
		defer later.Stop()
		if err := starts(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if err := then(t.Context(), w); err != nil || told.IsZero() || asked.Before(told) {
			t.Errorf("%v; told at %s, asked at %s", err, told, asked)
		}
	}
	t.Run("packets", func(t *testing.T) {
		untilTold(t, func(ctx context.Context, w *testWorld) error { return w.startOnTwo(ctx, "store", "worker01", "mynet") },
			reachByName)
	})
	t.Run("bridges, of which nobody is told", func(t *testing.T) {
		w, f := performedWorld(t)
		f.Change(func() {
			for _, h := range f.Hosts {
				for i := range h.Networks {
					if h.Networks[i].Name == "mynet" {
						h.Networks[i].Driver = "bridge"
					}
				}
				h.Untold = all
			}
		})
		start := time.Now()
		if err := w.startOn(t.Context(), "store, worker01", "mynet"); err != nil {
			t.Fatal(err)
		}
		pace.Within(t, "the start", time.Since(start), 2*time.Second)
	})
	t.Run("faults", func(t *testing.T) {
		untilTold(t, func(ctx context.Context, w *testWorld) error { return w.startOn(ctx, "store, worker01", "mynet") },
			func(ctx context.Context, w *testWorld) error { return w.reachEachOther(ctx) })
	})
}

// TestApart wants each side of a partition to reach its own, and not the other.
func TestApart(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	if err := w.startOn(ctx, "store, store, worker01, frontend01", "mynet"); err != nil {
		t.Fatal(err)
	}
	across := func(from, to string) bool { return (from == "store") != (to == "store") }
	for name, test := range map[string]struct {
		cut  func(from, to string) bool
		seen string
	}{
		"apart":        {across, ""},
		"whole":        {never, "store to worker01: it passes"},
		"one way":      {func(from, to string) bool { return from == "store" && to != "store" }, "worker01 to store: it passes"},
		"all":          {func(string, string) bool { return true }, "store to store: nothing passes"},
		"one too many": {func(from, to string) bool { return across(from, to) || from == "worker01" }, "worker01 to frontend01: nothing passes"},
	} {
		f.Change(func() { ways(f, test.cut) })
		var m *harness.Mismatch
		if err := w.reachOwnSide(ctx, "store"); (err == nil) != (test.seen == "") || err != nil && (!errors.As(err, &m) || !strings.Contains(m.Seen, test.seen)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCleanUp removes what the scenario started, the turn too.
func TestCleanUp(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	if err := w.startOnEach(ctx, "mynet"); err != nil || len(names(f)) != 6 {
		t.Fatalf("%q, %v", names(f), err)
	}
	if err := w.CleanUp(ctx); err != nil || len(names(f)) != 0 || len(w.load.Started()) != 0 {
		t.Errorf("left: %q, %v", names(f), err)
	}
	if err := w.startThroughSwarm(ctx); err != nil {
		t.Fatal(err)
	}
	f.Change(func() { f.Hosts["worker01"].Off = true })
	if err := w.CleanUp(ctx); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("with one that is off: %v", err)
	}
}

// labFaults are a lab's, as a test wants them.
type labFaults struct {
	f     *enginetest.Cluster
	force []harness.Fault
	asked []string
	err   error
}

func (f *labFaults) Break(_ context.Context, fault harness.Fault) error {
	f.asked = append(f.asked, "break: "+fault.String())
	f.force = append(f.force, fault)
	return f.err
}

func (f *labFaults) Mend(_ context.Context, fault harness.Fault) error {
	f.asked = append(f.asked, "mend: "+fault.String())
	i := slices.Index(f.force, fault)
	if i < 0 {
		return harness.ErrNotInForce
	}
	f.force = slices.Delete(f.force, i, i+1)
	return f.err
}

func (f *labFaults) Restart(_ context.Context, node string) error {
	f.asked = append(f.asked, "restart: "+node)
	return f.err
}

func (f *labFaults) Faults(context.Context) ([]harness.Fault, error) {
	return slices.Clone(f.force), nil
}

// TestFaults breaks hosts and mends them again, the last one first.
func TestFaults(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	lab := &labFaults{f: f}
	if w.performTutorial(ctx) == nil || w.injectFault(ctx, harness.Fault{}) == nil {
		t.Error("hosts that are no lab's were broken")
	}
	w.WithFaults(nil)
	if w.performTutorial(ctx) == nil {
		t.Error("no faults are some")
	}
	w.WithFaults(lab)
	if w.injectKind(harness.FaultKill)(ctx, "store") == nil || w.rebootHost(ctx, "store") == nil || len(lab.asked) != 0 {
		t.Errorf("broken before the tutorial was performed: %q", lab.asked)
	}
	if err := errors.Join(w.performTutorial(ctx), w.isAsBefore(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := f.Hosts["manager"].Find("sleep"); got == nil || got.Args[1] != "300" {
		t.Errorf("%+v does not last", got)
	}
	err := errors.Join(w.injectKind(harness.FaultKill)(ctx, "store"), w.injectKind(harness.FaultPause)(ctx, "worker01"), w.injectKind(harness.FaultCut)(ctx, "frontend01"), w.rebootHost(ctx, "frontend02"), w.stopContainer(ctx, "Consul", "manager"))
	if err != nil {
		t.Fatal(err)
	}
	f.Change(func() { lab.force = lab.force[1:] }) // one was taken off already
	if err := w.revertAll(ctx); err != nil {
		t.Error(err)
	}
	want := []string{
		"break: store is off", "break: worker01 is paused", "break: frontend01 is cut off from every other host", "restart: frontend02",
		"mend: frontend01 is cut off from every other host", "mend: worker01 is paused", "mend: store is off",
	}
	if diff := cmp.Diff(want, lab.asked); diff != "" {
		t.Error(diff)
	}
	if f.Hosts["manager"].Find("consul").State != "running" {
		t.Error("Consul was not started again")
	}
	if err := errors.Join(w.stopContainer(ctx, "Swarm manager", "manager"), w.swarmSilent(ctx)); err != nil {
		t.Error(err)
	}
	if err := errors.Join(w.CleanUp(ctx), w.clusterHas(ctx, "nodes", "4")); err != nil || w.trouble.before != nil {
		t.Errorf("not mended: %v", err)
	}
	if err := w.performTutorial(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.injectKind(harness.FaultCut)(ctx, "store"); err != nil {
		t.Fatal(err)
	}
	if lab.err = errors.New("no route"); w.revertAll(ctx) == nil {
		t.Error("a fault that was not taken off is gone")
	}
}

// TestAsBefore changes each thing of a cluster that a fault may not change.
func TestAsBefore(t *testing.T) {
	for seen, change := range map[string]func(*enginetest.Cluster, *labFaults){
		"exited":                func(f *enginetest.Cluster, _ *labFaults) { f.Hosts["store"].Find("join").State = "exited" },
		"store: container new ": func(f *enginetest.Cluster, _ *labFaults) { f.Hosts["store"].Add(enginetest.Container{Name: "new"}) },
		"not so": func(f *enginetest.Cluster, _ *labFaults) {
			f.Hosts["manager"].Containers = f.Hosts["manager"].Containers[:2]
		},
		"store: network mynet eeee":           func(f *enginetest.Cluster, _ *labFaults) { f.Hosts["store"].Networks[1].ID = strings.Repeat("e", 64) },
		"store: gossip 192.168.33.11 suspect": func(f *enginetest.Cluster, _ *labFaults) { f.Hosts["store"].Suspect = []string{"manager"} },
		"in force: store is off": func(_ *enginetest.Cluster, l *labFaults) {
			l.force = []harness.Fault{{Kind: harness.FaultKill, Node: "store"}}
		},
		"Swarm: frontend01 192.168.33.20:2375 Pending": func(f *enginetest.Cluster, _ *labFaults) { line(f, "  └ Status", 0, "Pending") },
	} {
		w, f := performedWorld(t)
		f.Hosts["manager"].Add(enginetest.Container{Name: "other", Image: "nginx"})
		lab := &labFaults{f: f}
		w.WithFaults(lab)
		if err := w.performTutorial(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.Change(func() { // is let pass
			f.Hosts["store"].Add(enginetest.Container{Name: "ours", Labels: map[string]string{workload.Label: "x"}})
			f.Hosts["store"].Networks[0].ID = strings.Repeat("d", 64)
			f.Status = func(s [][2]string) [][2]string { return s }
		})
		if err := w.isAsBefore(t.Context()); err != nil {
			t.Errorf("%s, before: %v", seen, err)
		}
		f.Change(func() { change(f, lab) })
		var m *harness.Mismatch
		if err := w.isAsBefore(t.Context()); !errors.As(err, &m) || !strings.Contains(m.Seen, seen) {
			t.Errorf("want %q to be seen: %v", seen, err)
		}
	}
}

// TestDropped: a node is dropped neither sooner nor later than is predicted.
func TestDropped(t *testing.T) {
	for name, test := range map[string]struct {
		ago  time.Duration
		gone bool
		want string
	}{
		"in time":      {15 * time.Second, true, ""},
		"too soon":     {5 * time.Second, true, "5.0 seconds"},
		"still listed": {15 * time.Second, false, "frontend01, frontend02, store, worker01"},
	} {
		w, f := performedWorld(t)
		w.trouble.at = time.Now().Add(-test.ago)
		if test.gone {
			f.Hosts["store"].Find("join").State = "exited"
		}
		var m *harness.Mismatch
		err := w.dropsNode(t.Context(), "store", 10, 20)
		if (err == nil) != (test.want == "") || err != nil && (!errors.As(err, &m) || m.Seen != test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is left of the time counts from the fault, not from the sentence.
	w, _ := performedWorld(t)
	w.patience = nil
	w.trouble.at = time.Now().Add(-20 * time.Second)
	start := time.Now()
	if err := w.dropsNode(t.Context(), "store", 10, 20); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

// TestJoinsWith has a host join otherwise, and as the page has it again.
func TestJoinsWith(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	w.WithFaults(&labFaults{f: f})
	pages := f.Hosts["store"].Find("join")
	if w.joinAsBefore(ctx, "store") == nil {
		t.Error("it joins as the page has it")
	}
	if err := errors.Join(w.performTutorial(ctx), w.joinWith(ctx, "store", 5, 10)); err != nil {
		t.Fatal(err)
	}
	other := f.Hosts["store"].Containers[1]
	if got := fmt.Sprint(other.Args); got != "[join --heartbeat=5s --ttl=10s --advertise=192.168.33.250:2375 consul://192.168.33.11:8500/]" || pages.State != "exited" || other.State != "running" {
		t.Errorf("%s, the page's %s", got, pages.State)
	}
	const forgets = "consul: DELETE /v1/kv/docker/swarm/nodes/192.168.33.250:2375"
	if calls := f.Calls(); !slices.Contains(calls, forgets) {
		t.Errorf("%q", calls)
	}
	if err := w.joinAsBefore(ctx, "store"); err != nil || pages.State != "running" || len(f.Hosts["store"].Containers) != 1 {
		t.Errorf("as before: %s, %v", pages.State, err)
	}
	if err := w.joinWith(ctx, "store", 5, 10); err != nil {
		t.Fatal(err)
	}
	if err := w.CleanUp(ctx); err != nil || pages.State != "running" || len(f.Hosts["store"].Containers) != 1 || len(w.changed) != 0 {
		t.Errorf("cleaned up: %s, %v", pages.State, err)
	}
	f.Change(func() { line(f, "  └ Status", 2, "Unhealthy") })
	if err := w.listedAgain(ctx, "store"); err == nil || err.Error() != "store is Unhealthy" {
		t.Errorf("%v", err)
	}
	f.Change(func() { pages.State, f.Status = "running", nil })
	if err := w.leaveCluster(ctx, "worker01", pages.ID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("another host's: %v", err)
	}
}

// TestRescheduled: a container comes up elsewhere, and is then in one place only.
func TestRescheduled(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	if err := w.startToBeRescheduled(ctx, "store"); err != nil {
		t.Fatal(err)
	}
	c := f.Hosts["store"].Find("sleep")
	if !slices.Contains(c.Env, "reschedule:on-node-failure") || len(c.Networks) != 0 {
		t.Errorf("%+v", c)
	}
	var m *harness.Mismatch
	if err := w.runsElsewhere(ctx); !errors.As(err, &m) || m.Seen != "none, none, none" {
		t.Errorf("still where it was: %v", err)
	}
	if err := w.onlyOnce(ctx); err != nil {
		t.Error(err)
	}
	twin := *c
	twin.ID, twin.State = strings.Repeat("e", 64), "exited"
	f.Change(func() { f.Hosts["worker01"].Containers = append(f.Hosts["worker01"].Containers, &twin) })
	if err := w.runsElsewhere(ctx); !errors.As(err, &m) || m.Seen != "none, none, exited" {
		t.Errorf("it does not run: %v", err)
	}
	f.Change(func() { twin.State = "running" })
	if err := w.runsElsewhere(ctx); err != nil {
		t.Error(err)
	}
	if err := w.onlyOnce(ctx); !errors.As(err, &m) || m.Seen != "worker01, store" {
		t.Errorf("in two places: %v", err)
	}
	w, f = performedWorld(t)
	f.Hosts["store"].Find("join").State = "exited" // Swarm places it elsewhere
	if err := w.startToBeRescheduled(ctx, "store"); !errors.As(err, &m) || m.Expected != "store" || m.Seen == "store" {
		t.Errorf("on another node at once: %v", err)
	}
}

// TestWaits: what is not so yet is waited for, told of, and no longer than said.
func TestWaits(t *testing.T) {
	t.Parallel()
	w, f := performedWorld(t)
	w.patience = nil
	told := 0
	w.waiting = func(elapsed time.Duration, seen error) {
		if told++; elapsed <= 0 || seen == nil {
			t.Errorf("%s, %v", elapsed, seen)
		}
	}
	f.Change(func() { f.NoLeader = true })
	time.AfterFunc(1500*time.Millisecond, func() { f.Change(func() { f.NoLeader = false }) })
	if err := within(w.scenario, w.hasLeader)(t.Context(), 30); err != nil || told != 1 {
		t.Errorf("told %d times, %v", told, err)
	}
	f.Change(func() { f.NoLeader = true })
	start := time.Now()
	err := within(w.scenario, w.hasLeader)(t.Context(), 1)
	if took := time.Since(start); !errors.As(err, new(*harness.TimeoutError)) || !errors.As(err, new(*harness.Mismatch)) || took < 900*time.Millisecond || took > 10*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
}
