package scale

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

func TestPercentiles(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for name, test := range map[string]struct {
		all  []time.Duration
		want Percentiles
	}{
		"none":    {nil, Percentiles{}},
		"one":     {[]time.Duration{7}, Percentiles{1, 7, 7, 7, 7}},
		"two":     {[]time.Duration{9, 7}, Percentiles{2, 7, 9, 9, 9}},
		"hundred": {hundred, Percentiles{100, 50, 90, 99, 100}},
	} {
		if diff := cmp.Diff(test.want, percentilesOf(test.all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSpread wants nodes that have the same number of containers, or one more.
func TestSpread(t *testing.T) {
	for _, test := range []struct {
		containers []int
		even       bool
	}{
		{[]int{3, 3, 3}, true},
		{[]int{3, 4, 3}, true},
		{[]int{2, 4, 3}, false},
		{[]int{3, 3, 5}, false},
		{[]int{0, 1, 0}, true},
	} {
		swarm, sum := engine.Swarm{}, 0
		for _, n := range test.containers {
			swarm.Members = append(swarm.Members, engine.Member{Containers: n})
			sum += n
		}
		if got := spreadOf(swarm).isEven(sum); got != test.even {
			t.Errorf("%v: %v", test.containers, got)
		}
	}
	if (Spread{Nodes: 3, Least: 3, Most: 3}).isEven(10) {
		t.Error("a container that no node has was not missed")
	}
}

// TestStale wants containers that the manager takes for stopped not to be waited for.
func TestStale(t *testing.T) {
	s := spreadOf(engine.Swarm{Members: []engine.Member{
		{Containers: 3, Running: 3}, {Containers: 3, Running: 2, Stopped: 1},
	}})
	if s.Stale != 1 {
		t.Errorf("%d are stale, want 1", s.Stale)
	}
	if got, want := s.listedWith(6, 20), (listCounts{running: 5, stopped: 21}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestCountList wants nodes that are not Healthy to count as nodes only.
func TestCountList(t *testing.T) {
	got := countList(engine.Swarm{Members: []engine.Member{
		{Status: engine.Healthy, Containers: 3, Running: 2, Stopped: 1}, {Status: "Unhealthy", Containers: 4},
	}})
	if want := (listCounts{nodes: 2, healthy: 1, containers: 7, running: 2, stopped: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestNotFound(t *testing.T) {
	before := map[string]string{"a": "node1", "b": "node1", "c": "node2"}
	for want, after := range []map[string]string{
		{"a": "node1", "b": "node1", "c": "node2", "d": "node2"},
		{"a": "node1", "b": "node2", "c": "node2"},
		{"a": "node1", "d": "node1"},
		{},
	} {
		if got := notFound(before, after); got != want {
			t.Errorf("%v: %d are lost, want %d", after, got, want)
		}
	}
}

// TestParseStats reads what two processes of a manager had in /proc, and a line that
// ended early.
func TestParseStats(t *testing.T) {
	const text = `4096
77 (swarm) S 60 77 77 0 -1 4194560 23951 0 30 0 1234 66 0 0 20 0 12 0 8071 1309208576 30000 18446744073709551615 4 5
80 (a (b) c) S 60 77 77 0 -1 4194560 23951 0 30 0 2 1 0 0 20 0 12 0 8071 1309208576 10 18446744073709551615 4 5
90 (consul) S 60 77
`
	want := map[string]processUsage{"77": {"swarm", 1300, 30000 * 4096}, "80": {"a (b) c", 3, 10 * 4096}}
	if diff := cmp.Diff(want, parseStats(text), cmp.AllowUnexported(processUsage{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	good := Options{Nodes: 1000, Containers: 30000, TTL: time.Minute}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Options){
		"too few nodes":       func(o *Options) { o.Nodes = MinNodes - 1 },
		"too many nodes":      func(o *Options) { o.Nodes = MaxNodes + 1 },
		"too few containers":  func(o *Options) { o.Containers = MinContainers - 1 },
		"too many containers": func(o *Options) { o.Containers = MaxContainers + 1 },
		"negative delay":      func(o *Options) { o.Delay = -1 },
		"long delay":          func(o *Options) { o.Delay = MaxDelay + 1 },
		"short TTL":           func(o *Options) { o.TTL = MinTTL - 1 },
	} {
		o := good
		change(&o)
		if err := o.Check(); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

// TestSamples wants levels to be far enough apart for what is measured before each.
func TestSamples(t *testing.T) {
	for containers := MinContainers; containers <= MaxContainers; containers += 99 {
		s := newRun(Options{Nodes: MinNodes, Containers: containers}).result.Settings
		levels := levelsOf(containers)
		for i := 1; i < len(levels); i++ {
			first := 0
			if i == 1 {
				first = s.Samples + s.CLISamples // behind the first level
			}
			if levels[i]-levels[i-1] < first+s.Samples+s.CLISamples {
				t.Fatalf("%d containers: levels %v are too close for %d samples", containers, levels, s.Samples)
			}
		}
	}
}

// TestTooLittleMemory wants a run that does not fit to begin nothing.
func TestTooLittleMemory(t *testing.T) {
	r := newRun(Options{Nodes: 1000, Containers: 30000, Track: func(lang.Text, func() error) error {
		t.Error("something was begun")
		return nil
	}})
	r.Machine.Free = memoryNeeded(1000, 30000) - 1
	if err := r.perform(t.Context()); err == nil {
		t.Error("the run was begun")
	}
}

// TestConclude wants what was found to decide, unless the run ended early.
func TestConclude(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx   context.Context
		err   error
		false bool
		want  string
	}{
		{t.Context(), nil, false, "holds"},
		{t.Context(), nil, true, "false"},
		{t.Context(), errors.New("no answer"), true, "unreachable"},
		{interrupted, context.Canceled, false, "interrupted"},
	} {
		r := newRun(Options{})
		if test.false {
			r.addFalse(lang.Text{EN: "Nothing is lost"})
		}
		r.conclude(test.ctx, test.err)
		if got := string(r.result.Run.Verdict); got != test.want {
			t.Errorf("%+v: verdict %s", test, got)
		}
	}
}
