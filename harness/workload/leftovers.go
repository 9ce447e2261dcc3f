package workload

import (
	"context"
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Leftover is a container that a run started and did not remove.
type Leftover struct {
	Host string
	engine.Container
}

// Leftovers returns those of a cluster; nodes that do not answer have none that we know
// of.
func Leftovers(ctx context.Context, c *engine.Cluster) ([]Leftover, error) {
	hosts := c.Topology().Hosts()
	found := make([][]Leftover, len(hosts))
	failed := harness.DoAll(hosts, 0, func(i int, h harness.Host) error {
		all, err := c.Engine(h.Name).Containers(ctx)
		for _, one := range all {
			if _, ours := one.Labels[Label]; ours {
				found[i] = append(found[i], Leftover{h.Name, one})
			}
		}
		return err
	})
	return slices.Concat(found...), errors.Join(failed...)
}

// RemoveLeftovers removes containers and returns those that are gone then, as HOST/NAME.
func RemoveLeftovers(ctx context.Context, c *engine.Cluster, all []Leftover) ([]string, error) {
	failed := harness.DoAll(all, atOnce, func(_ int, l Leftover) error {
		return ignoreGone(c.Engine(l.Host).Remove(ctx, l.ID))
	})
	removed := []string{}
	for i, l := range all {
		if failed[i] == nil {
			removed = append(removed, l.Host+"/"+l.Name)
		}
	}
	return removed, errors.Join(failed...)
}
