package tutorial

import (
	"context"
	"slices"
	"strings"
	"sync"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// Recognize returns a cluster as it was built: with the replicas of the Swarm
// manager that it has, whose Consul they use, whether all its join containers start
// again with their hosts, and the paths in Consul that all of it uses. It takes a
// host that does not answer for the page's.
func Recognize(ctx context.Context, c *engine.Cluster) *engine.Cluster {
	hosts := c.Topology().Hosts()
	ctx, cancel := harness.WithLimit(ctx, survey.AnswerTime(survey.FirstAnswer, len(hosts)))
	defer cancel()
	voters := harness.NamesOf(hosts[:min(mostVoters, len(hosts))])
	built, _ := harness.Each(ctx, hosts, func(ctx context.Context, h harness.Host) (traits, error) {
		return recognizeHost(ctx, c, h, slices.Contains(voters, h.Name)), nil
	})
	return c.As(asBuilt(c.Topology(), built))
}

// mostVoters is of how many hosts the engines are asked for their cluster store: most of
// them have the same, and each runs two programs to answer.
const mostVoters = 12

// traits are what of a host is not the page's.
type traits struct {
	manager    Call // its Swarm manager's; empty if it has none
	join       Call
	joinsAgain bool   // its join container starts again with it
	hasConsul  bool   // it has a Consul container
	store      string // its engine's cluster store
}

// asBuilt returns a topology with the traits of its hosts, the manager's first.
func asBuilt(t harness.Topology, built []traits) harness.Topology {
	said := t
	t.RestartJoin, t.Replicas, t.ReplicasOn = len(t.Members) > 0, 0, nil
	hasConsul := false
	for i, b := range built[1:] {
		if b.manager.Replication {
			t.ReplicasOn = append(t.ReplicasOn, t.Members[i].Name)
		}
		hasConsul = hasConsul || b.hasConsul
		t.RestartJoin = t.RestartJoin && b.joinsAgain
	}
	if t.Replicas = len(t.ReplicasOn); t.Replicas > 0 && hasConsul { // those before the last, too, as labcheck makes them
		isLast := func(h harness.Host) bool { return h.Name == t.ReplicasOn[t.Replicas-1] }
		t.Replicas, t.ReplicasOn = 1+slices.IndexFunc(t.Members, isLast), nil
	}
	if slices.Equal(t.ReplicasOn, harness.NamesOf(t.Members[:t.Replicas])) {
		t.ReplicasOn = nil // as they are anyway
	}
	if built[0].manager.Replication && t.Replicas == 0 { // those that were made are gone, or do not answer
		if t.Replicas, t.ReplicasOn = said.Replicas, said.ReplicasOn; t.Replicas == 0 && hasConsul {
			t.Replicas = 1
		}
	}
	t.OneConsul = t.Replicas > 0 && !hasConsul
	var discoveries, stores []string
	for _, b := range built {
		discoveries = append(discoveries, b.manager.Discovery, b.join.Discovery)
		stores = append(stores, b.store)
	}
	root := t // whose paths are the page's
	root.DiscoveryPath, root.StorePath = "", ""
	t.DiscoveryPath = commonPath(root, discoveries)
	t.StorePath = commonPath(root, stores)
	return t
}

// commonPath returns the path below a Consul of the topology that more than half of
// some addresses have; empty if these have none.
func commonPath(t harness.Topology, addresses []string) string {
	votes, all := map[string]int{}, 0
	for _, a := range addresses {
		if a == "" {
			continue
		}
		all++
		for _, server := range t.ConsulServers() {
			if path, ok := pathBelow(strings.TrimRight(a, "/"), t.DiscoveryOf(server)); ok {
				votes[path]++
			}
		}
	}
	for path, n := range votes {
		if 2*n > all {
			return path
		}
	}
	return ""
}

// recognizeHost looks for what of a host is not the page's; for its engine's cluster store
// if it is a voter.
func recognizeHost(ctx context.Context, c *engine.Cluster, h harness.Host, isVoter bool) (found traits) {
	on := c.Engine(h.Name)
	all, err := on.Containers(ctx)
	if err != nil {
		return found
	}
	var group sync.WaitGroup
	if isVoter {
		group.Go(func() { // it waits for the store, and may not answer in time
			if info, err := on.Info(ctx); err == nil {
				found.store = info.ClusterStore
			}
		})
	}
	slices.SortStableFunc(all, func(a, b engine.Container) int { return runningFirst(b, a) }) // which counts is last
	for _, listed := range all {
		name := nameOf(listed, c.Topology())
		found.hasConsul = found.hasConsul || name == Consul
		if name != SwarmManager && name != SwarmJoin {
			continue
		}
		if inspected, err := on.Inspect(ctx, listed.ID); err == nil {
			found.addSwarm(name, inspected)
		}
	}
	group.Wait()
	return found
}

// addSwarm notes a container of Swarm.
func (t *traits) addSwarm(name string, c engine.Container) {
	call, _ := CallOf(c)
	if name == SwarmManager {
		call.Replication = call.Replication || t.manager.Replication
		t.manager = call
		return
	}
	t.join, t.joinsAgain = call, c.RestartPolicy == unlessStopped
}
