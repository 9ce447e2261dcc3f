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
	replicates, joinsAgain := make([]bool, len(hosts)), make([]bool, len(hosts))
	_ = eachHost(ctx, hosts, func(ctx context.Context, i int) error {
		replicates[i], joinsAgain[i] = recognizeHost(ctx, c, hosts[i])
		return nil
	})
	t.RestartJoin = len(t.Members) > 0 && !slices.Contains(joinsAgain[1:], false)
	for i, replica := range replicates[1:] {
		if replica {
			t.Replicas = i + 1
		}
	}
	if replicates[0] && t.Replicas == 0 {
		t.Replicas = 1 // one that was made and is gone, or does not answer
	}
	return c.As(t)
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
