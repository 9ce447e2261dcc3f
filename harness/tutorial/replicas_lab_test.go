//go:build lab

package tutorial

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// TestReplicas builds a cluster with replicas, and takes it up again where parts
// of it were lost.
func TestReplicas(t *testing.T) {
	page := hosts(t).Cluster
	topology := page.Topology()
	topology.Replicas = 2
	c := page.As(topology)
	if did := bootstrap(t, c); len(did) != len(Default().Steps(topology)) {
		t.Errorf("steps done on a fresh lab: %v", did)
	}
	t.Run("nothing to do", func(t *testing.T) { changesNothing(t, c) })
	t.Run("consul stopped", func(t *testing.T) { takesUp(t, c, "consul-frontend02", stop) })
	t.Run("manager removed", func(t *testing.T) { takesUp(t, c, "manager-frontend01", remove) })
	t.Run("join removed", func(t *testing.T) { takesUp(t, c, "join-frontend01", remove) })
	t.Run("recognized", func(t *testing.T) { recognizes(t, page, topology) })
	topology.RestartJoin = true
	c = page.As(topology)
	want := []string{"join-frontend01", "join-frontend02", "join-store", "join-worker01"}
	did := bootstrap(t, c)
	slices.Sort(did)
	if diff := cmp.Diff(want, did); diff != "" {
		t.Errorf("steps for joins that restart (-want +got):\n%s", diff)
	}
	t.Run("joins recognized", func(t *testing.T) { recognizes(t, page, topology) })
	p := Inspect(t.Context(), c)
	for _, h := range p.Hosts {
		if p.Stage != harness.StageNetwork || len(h.Problems) > 0 {
			t.Errorf("stage %s, %s: %q", p.Stage, h.Host.Name, h.Problems)
		}
	}
	t.Run("traffic", func(t *testing.T) { reach(t, c) })
}

func recognizes(t *testing.T, page *engine.Cluster, built harness.Topology) {
	t.Helper()
	got := Recognize(t.Context(), page).Topology()
	if got.Replicas != built.Replicas || got.RestartJoin != built.RestartJoin {
		t.Errorf("%d replicas, joins restart: %v", got.Replicas, got.RestartJoin)
	}
}
