package tutorial

import (
	"context"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// Versions tells what the tutorial was done with: engine, swarm, consul. What
// does not answer is left out.
func Versions(ctx context.Context, c *engine.Cluster) map[string]string {
	ctx, cancel := harness.WithLimit(ctx, survey.GlanceTime)
	defer cancel()
	versions := map[string]string{}
	if info, err := c.Engine(c.Topology().Manager.Name).Info(ctx); err == nil {
		versions["engine"] = info.ServerVersion
	}
	if info, err := c.Swarm().Info(ctx); err == nil {
		versions["swarm"] = strings.TrimPrefix(info.ServerVersion, "swarm/")
	}
	if version, err := c.Consul().Version(ctx); err == nil {
		versions["consul"] = version
	}
	return versions
}
