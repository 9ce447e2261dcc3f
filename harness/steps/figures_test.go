package steps

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/tutorial"
)

// worldOf is a world of a topology whose nodes nobody dials.
func worldOf(t *testing.T, topology harness.Topology) *testWorld {
	t.Helper()
	var nodes []harness.Node
	for _, h := range topology.Hosts() {
		nodes = append(nodes, placed{h})
	}
	return newWorld(t, topology, nodes)
}

type placed struct{ harness.Host }

func (p placed) Name() string     { return p.Host.Name }
func (p placed) Addr() netip.Addr { return p.Host.Addr }
func (p placed) Exec(context.Context, ...string) (harness.Result, error) {
	return harness.Result{}, errors.New("a placed node runs nothing")
}

func otherwise() harness.Topology {
	t := harness.Tutorial()
	t.SwarmPort, t.ConsulPort = 4000, 8501
	t.Manager.CPUs, t.Manager.Own.CPUs = 2, true
	t.Members = t.Members[:2]
	t.Members[0].Port = 2376
	t.Members[1].Memory, t.Members[1].Own.Memory = 4011036672, true
	t.Members = append(t.Members, harness.Host{
		Name: "extra", Addr: netip.MustParseAddr("10.0.0.9"), CPUs: 40, Memory: 8 << 30, Own: harness.Sizes{CPUs: true, Memory: true},
	})
	return t
}

// The page's own topology is held to the page's own words.
func TestFiguresOfThePage(t *testing.T) {
	w := worldOf(t, harness.Tutorial())
	for _, text := range []string{"consul://192.168.33.11:8500", "192.168.33.20:2375", "tcp://192.168.33.11:3375", "192.168.33.99"} {
		if got := w.here(text); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	cpus, memory := w.memberFigures("store", "1", "3.86 GiB")
	got := []string{
		w.engineFigure("manager", "total memory", "992.2 MiB"), cpus, memory,
		w.clusterFigure("nodes", "four"), w.publishedHere("3375->2375/tcp"), w.publishedHere("running"),
	}
	want := []string{"992.2 MiB", "1", "3.86 GiB", "four", "3375->2375/tcp", "running"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFiguresOfAnother(t *testing.T) {
	w := worldOf(t, otherwise())
	_, memory := w.memberFigures("frontend02", "1", "1.017 GiB")
	cpus, _ := w.memberFigures("extra", "1", "1.017 GiB")
	got := []string{
		w.here("consul://192.168.33.11:8500 192.168.33.20:2375 192.168.33.21:2375 192.168.33.11:3375"),
		w.engineFigure("manager", "CPUs", "1"), w.engineFigure("manager", "total memory", "992.2 MiB"),
		w.engineFigure("frontend02", "total memory", "992.2 MiB"),
		w.publishedHere("3375->2375/tcp"), w.publishedHere("8500->8500/tcp"), memory, cpus,
		w.clusterFigure("nodes", "4"), w.clusterFigure("CPUs", "4"), w.clusterFigure("total memory", "6.912 GiB"),
		w.clusterFigure("strategy", "spread"),
	}
	want := []string{
		"consul://192.168.33.11:8501 192.168.33.20:2376 192.168.33.21:2375 192.168.33.11:4000",
		"2", "992.2 MiB", "3.736GiB", "4000->2375/tcp", "8501->8500/tcp", "3.922 GiB", "42",
		"3", "44", "13.34GiB", "spread",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rows := w.memberRows([]tutorial.Row{
		{"node": "frontend01", "address": "192.168.33.20:2376"},
		{"node": "frontend02", "address": "192.168.33.21:2375"},
		{"node": "store", "address": "192.168.33.250:2375"},
	})
	if diff := cmp.Diff([]string{"extra 10.0.0.9:2375", "frontend01 192.168.33.20:2376", "frontend02 192.168.33.21:2375"}, rows); diff != "" {
		t.Error(diff)
	}
}

// What Swarm shows of the page's sizes is what the page's engines have and 5%.
func TestOvercommit(t *testing.T) {
	all := harness.Tutorial()
	for i := range all.Members {
		all.Members[i].Own = harness.Sizes{CPUs: true, Memory: true}
	}
	w := worldOf(t, all)
	_, small := w.memberFigures("worker01", "", "")
	_, large := w.memberFigures("store", "", "")
	got := []string{small, large, w.clusterFigure("total memory", "")}
	if diff := cmp.Diff([]string{"1.017 GiB", "3.86 GiB", "6.912GiB"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestPatience: all waits together take what there is, beside one look that each
// has, and what is so when it is looked at takes nothing.
func TestPatience(t *testing.T) {
	notYet := errors.New("not yet")
	hangs := func(ctx context.Context) error { <-ctx.Done(); return notYet }
	for name, test := range map[string]struct {
		limit, atMost time.Duration
		inProgress    bool
		probe         func(context.Context) error
		took, left    time.Duration
		looks         int
		wants         error
	}{
		"what is so":           {limit: 3 * time.Second, probe: answers(4*time.Second, nil), took: 4 * time.Second, left: 3 * time.Second, looks: 1},
		"so, and no time left": {limit: 0, probe: answers(4*time.Second, nil), took: 4 * time.Second, looks: 1},
		"so, but too late":     {limit: 9 * time.Second, atMost: 3 * time.Second, probe: hangs, took: 3 * time.Second, left: 6 * time.Second, looks: 1, wants: notYet},
		"not so":               {limit: 3 * time.Second, probe: answers(0, notYet), took: 3 * time.Second, looks: 17, wants: notYet},
		"not so, and in progress": {
			limit: 3 * time.Second, atMost: 9 * time.Second, inProgress: true, probe: answers(time.Second, notYet),
			took: 9400 * time.Millisecond, left: 3 * time.Second, looks: 8, wants: notYet,
		},
		"not so, and slow":       {limit: 3 * time.Second, probe: answers(time.Second, notYet), took: 3200 * time.Millisecond, left: -200 * time.Millisecond, looks: 3, wants: notYet},
		"not so within its time": {limit: 3 * time.Second, atMost: time.Second, probe: answers(0, notYet), took: time.Second, left: 2 * time.Second, looks: 7, wants: notYet},
		"never answers":          {limit: 3 * time.Second, probe: hangs, took: oneLook, left: 3*time.Second - oneLook, looks: 1, wants: notYet},
		"no answer, none left":   {limit: 0, probe: hangs, took: oneLook, looks: 1, wants: notYet},
		"can't be asked": {
			limit: 3 * time.Second, probe: answers(time.Second, &harness.UnreachableError{Node: "store"}),
			took: time.Second, left: 3 * time.Second, looks: 1, wants: &harness.UnreachableError{Node: "store"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := worldOf(t, harness.Tutorial())
				w.LimitWaits(test.limit)
				w.Begin(test.inProgress, false)
				if test.atMost == 0 {
					test.atMost = time.Minute
				}
				looks := 0
				start := time.Now()
				err := w.waitAtMost(t.Context(), test.atMost, func(ctx context.Context) error { looks++; return test.probe(ctx) })
				took := time.Since(start)
				if test.wants == nil != (err == nil) || err != nil && !strings.Contains(err.Error(), test.wants.Error()) {
					t.Errorf("got %v", err)
				}
				if took != test.took || w.patience.left != test.left || looks != test.looks {
					t.Errorf("it took %s and %d looks, and %s are left", took, looks, w.patience.left)
				}
			})
		})
	}
}

// TestNoLimit: what can't be asked is not waited for where waits have no limit, too.
func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, harness.Tutorial())
		lost := &harness.UnreachableError{Node: "store"}
		start := time.Now()
		if err := w.waitAtMost(t.Context(), time.Minute, answers(time.Second, lost)); !errors.Is(err, lost) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

// answers is a probe whose answer takes some time, of synctest's clock.
func answers(after time.Duration, err error) func(context.Context) error {
	return func(context.Context) error {
		time.Sleep(after)
		return err
	}
}

func (p placed) Dial(context.Context, uint16) (net.Conn, error) {
	return nil, errors.New("a placed node is nowhere")
}
