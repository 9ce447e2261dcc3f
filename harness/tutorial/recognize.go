package tutorial

import (
	"context"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Recognize returns a cluster as it was built: with the replicas of the Swarm
// manager that it has, and whether all its join containers start again with their
// hosts. It takes a host that does not answer for the page's.
func Recognize(ctx context.Context, c *engine.Cluster) *engine.Cluster {
	ctx, cancel := harness.WithLimit(ctx, lookup)
	defer cancel()
	t := c.Topology()
	hosts := t.Hosts()
	built, _ := harness.Each(ctx, hosts, func(ctx context.Context, h harness.Host) (traits, error) {
		replicates, joinsAgain := recognizeHost(ctx, c, h)
		return traits{replicates, joinsAgain}, nil
	})
	t.RestartJoin = len(t.Members) > 0
	for i, b := range built[1:] {
		if b.replicates {
			t.Replicas = i + 1
		}
		t.RestartJoin = t.RestartJoin && b.joinsAgain
	}
	if built[0].replicates && t.Replicas == 0 {
		t.Replicas = 1 // one that was made and is gone, or does not answer
	}
	return c.As(t)
}

// traits are what of a host is not the page's.
type traits struct {
	replicates bool // its Swarm manager is one of several
	joinsAgain bool // its join container starts again with it
}

// recognizeHost reports whether a host's Swarm manager is one of several, and
// whether its join container starts again with it.
func recognizeHost(ctx context.Context, c *engine.Cluster, h harness.Host) (replicates, joinsAgain bool) {
	on := c.Engine(h.Name)
	all, err := on.Containers(ctx)
	if err != nil {
		return false, false
	}
	for _, listed := range all {
		switch nameOf(listed, c.Topology()) {
		case SwarmManager:
			replicates = replicates || slices.Contains(strings.Fields(listed.Command), "--replication")
		case SwarmJoin:
			found, err := on.Inspect(ctx, listed.ID)
			joinsAgain = joinsAgain || err == nil && found.RestartPolicy == unlessStopped
		}
	}
	return replicates, joinsAgain
}
