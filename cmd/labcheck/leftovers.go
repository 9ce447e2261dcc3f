package main

import (
	"context"
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/workload"
)

// leftover is a container that a run started and did not remove.
type leftover struct {
	host string
	engine.Container
}

// leftovers returns those of the cluster; nodes that do not answer have none that we
// know of.
func leftovers(ctx context.Context, c *engine.Cluster) ([]leftover, error) {
	hosts := c.Topology().Hosts()
	found := make([][]leftover, len(hosts))
	errs := harness.DoAll(hosts, 0, func(i int, h harness.Host) error {
		all, err := c.Engine(h.Name).Containers(ctx)
		for _, one := range all {
			if _, ours := one.Labels[workload.Label]; ours {
				found[i] = append(found[i], leftover{h.Name, one})
			}
		}
		return err
	})
	return slices.Concat(found...), errors.Join(errs...)
}
