package tutorial

import (
	"context"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Snapshot returns what Inspect finds, as evidence keeps it: after is the title of
// the feature that has ended.
func Snapshot(ctx context.Context, c *engine.Cluster, after string) harness.Snapshot {
	found := Inspect(ctx, c)
	s := harness.Snapshot{After: after, Time: time.Now(), Stage: found.Stage.String(), Network: c.Topology().Network}
	for _, p := range found.Hosts {
		s.Hosts = append(s.Hosts, p.snapshot())
	}
	return s
}

func (p HostProgress) snapshot() harness.HostSnapshot {
	h := harness.HostSnapshot{
		Name: p.Host.Name, Addr: p.Host.Addr, Role: p.Role,
		NetworkID: p.NetworkID, Driver: p.Driver, Peers: p.AlivePeers(),
	}
	if p.Engine != nil {
		h.Engine = p.Engine.ServerVersion
	}
	if p.Member != nil {
		h.Member = p.Member.Status
	}
	for _, problem := range p.Problems {
		h.Problems = append(h.Problems, problem.String())
	}
	for _, c := range p.Containers {
		h.Containers = append(h.Containers, harness.ContainerSnapshot{
			Name: c.Name, Image: c.Image, Role: nameOf(c, harness.Tutorial()), State: c.State,
		})
	}
	return h
}
