package steps

import (
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/lang"
)

// testWorld is a world whose subjects' methods can be called on itself.
type testWorld struct {
	*World
	*scenario
	*reader
	*containers
	*discovery
	*engines
	*members
	*networks
	*workloads
	*faults
	*joins
	*replicas
	figures
}

// newWorld opens a world on nodes, which says in English what it finds.
func newWorld(t *testing.T, topology harness.Topology, nodes []harness.Node) *testWorld {
	t.Helper()
	c, err := engine.Open(topology, nodes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	w := New(c, lang.English, func(time.Duration, error) {})
	s := w.scenario
	return &testWorld{
		w, s, w.reader, w.reader.containers, &discovery{s}, w.engines, w.joins.members, &networks{s},
		&workloads{scenario: s}, w.faults, w.joins, w.replicas, figures(topology),
	}
}

// performedWorld is a world on a cluster on which the tutorial was done, that
// waits for nothing.
func performedWorld(t *testing.T) (*testWorld, *enginetest.Cluster) {
	t.Helper()
	f := enginetest.New(harness.Tutorial()).Performed()
	t.Cleanup(f.Close)
	w := newWorld(t, f.Topology, f.Nodes())
	w.LimitWaits(0)
	return w, f
}

// TestKeptInfo: what an engine says of itself is not asked again for scenarios that only
// look, unless it would make a claim false.
func TestKeptInfo(t *testing.T) {
	w, f := performedWorld(t)
	claim := func(store string) error { return w.engineHas(t.Context(), "store", "cluster store", store) }
	set := func(store string) { f.Change(func() { f.Hosts["store"].Store = store }) }
	const before, after = "consul://192.168.33.11:8500", "consul://192.168.33.12:8500"
	for _, looks := range []bool{true, false} {
		set(before)
		w.Begin(false, looks)
		if err := claim(before); err != nil {
			t.Fatal(err)
		}
		set(after)
		if err := claim(before); (err == nil) != looks {
			t.Errorf("looks only: %v; what was true: %v", looks, err)
		}
		if err := claim(after); err != nil {
			t.Errorf("looks only: %v; what is true: %v", looks, err)
		}
	}
}
