package steps

import (
	"context"
	"fmt"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/engine"
)

// replicas are the sentences about a cluster with several Swarm managers. One of them is
// primary.
type replicas struct {
	*scenario
	faults *faults
	page   *harness.Topology // what the cluster is without replicas
	keys   []string          // Consul's
}

func (r *replicas) sentences() []sentence {
	return []sentence{
		{`^the cluster was built with (\d+) replicas of the Swarm manager$`, r.buildWith},
		{
			`^one Swarm manager is primary, and each other one names it; each lists (\d+) nodes, all Healthy, within (\d+) seconds$`,
			withinFor(r.scenario, r.onePrimary),
		},
		{`^the Swarm manager that is primary is stopped$`, r.stopPrimary},
		{`^another Swarm manager is primary after (\d+) to (\d+) seconds$`, r.anotherIsPrimary},
		{`^no other Swarm manager is primary$`, r.noOtherPrimary},
		{`^a container can be started through port 3375 of every Swarm manager that answers$`, r.startThroughEach},
		{`^Consul has every key that it had within (\d+) seconds$`, within(r.scenario, r.keysAreThere)},
		{`^the diagnosis names the cause "([^"]*)"$`, r.diagnosisNames},
	}
}

// buildWith builds the cluster with replicas of the Swarm manager, as
// `labcheck bootstrap --replicas` does, and notes how it is.
func (r *replicas) buildWith(ctx context.Context, count int) error {
	if r.faults.hosts != nil {
		page := r.topology()
		r.page = &page
		t := page
		t.Replicas = count
		r.faults.expectTopology(t)
	}
	if err := r.faults.performTutorial(ctx); err != nil {
		return err
	}
	if err := withinFor(r.scenario, r.onePrimary)(ctx, len(r.topology().Members), 60); err != nil {
		return err
	}
	var err error
	r.keys, err = r.readKeys(ctx)
	return err
}

// restorePage has the next scenario expect the cluster without replicas.
func (r *replicas) restorePage() {
	if r.page != nil {
		r.faults.expectTopology(*r.page)
	}
	r.page, r.keys = nil, nil
}

// readRoles returns what the Swarm managers that answer say of themselves, by host.
func readRoles(ctx context.Context, c *engine.Cluster) map[string]engine.Swarm {
	ctx, cancel := harness.WithLimit(ctx, 5*time.Second)
	defer cancel()
	hosts := c.Topology().Managers()
	said := make([]engine.Info, len(hosts))
	// That one does not answer is what scenarios make of it.
	_ = harness.DoAll(hosts, 0, func(i int, h harness.Host) (err error) {
		said[i], err = c.SwarmOn(h.Name).Info(ctx)
		return err
	})
	roles := map[string]engine.Swarm{}
	for i, h := range hosts {
		if s := said[i].Swarm; s != nil {
			roles[h.Name] = *s
		}
	}
	return roles
}

// findPrimary returns the host of the one Swarm manager that is primary, and what
// all say of themselves. The host is empty if not exactly one is primary.
func findPrimary(ctx context.Context, c *engine.Cluster) (host string, all map[string]engine.Swarm) {
	all = readRoles(ctx, c)
	for name, s := range all {
		switch {
		case s.Role == engine.Replica:
		case host != "":
			return "", all
		default:
			host = name
		}
	}
	return host, all
}

func (r *replicas) describeRoles(all map[string]engine.Swarm) string {
	var said []string
	for name, s := range all {
		said = append(said, fmt.Sprintf("%s: %s %s", name, s.Role, s.Primary))
	}
	slices.Sort(said)
	return r.listed(said)
}

func (r *replicas) rolesMismatch(expected string, all map[string]engine.Swarm) error {
	return r.mismatch(r.lang.Say("the Swarm managers"), expected, r.describeRoles(all))
}

// compareManagers begins a comparison of what the Swarm managers say, of which
// all must answer.
func (r *replicas) compareManagers(all map[string]engine.Swarm) comparison {
	c := r.compare("the Swarm managers")
	c.expectEqual(r.lang.Say("how many answer"), fmt.Sprint(len(r.topology().Managers())), fmt.Sprint(len(all)))
	return c
}

// onePrimary wants one manager to be primary, each other to name it, and each to
// list the nodes.
func (r *replicas) onePrimary(ctx context.Context, nodes int) error {
	primary, all := findPrimary(ctx, r.cluster)
	c := r.compareManagers(all)
	if primary == "" {
		c.addDifference(r.lang.Say("one primary"), r.describeRoles(all))
		return c.mismatch()
	}
	h, _ := r.topology().Named(primary)
	at := r.topology().SwarmOf(h).String()
	for name, s := range all {
		if s.Role == engine.Replica {
			c.expectEqual(r.lang.Say("the primary, as %s says", name), at, s.Primary)
		}
		c.expectEqual(r.lang.Say("nodes of %s", name), fmt.Sprint(nodes), fmt.Sprint(len(s.Members)))
		for _, listed := range s.Members {
			c.expectEqual(listed.Name, engine.Healthy, listed.Status)
		}
	}
	return c.mismatch()
}

// stopPrimary stops the Swarm manager that is primary.
func (r *replicas) stopPrimary(ctx context.Context) error {
	primary, all := findPrimary(ctx, r.cluster)
	if primary == "" {
		return r.rolesMismatch(r.lang.Say("one primary"), all)
	}
	return r.faults.injectFault(ctx, harness.Fault{Kind: harness.FaultStop, Node: primary, Service: "manager"})
}

// anotherIsPrimary waits for a primary that is another than before the fault,
// which must come neither sooner nor later than what TTL and gossip predict.
func (r *replicas) anotherIsPrimary(ctx context.Context, from, to int) error {
	was := r.faults.trouble.primary
	what := r.lang.Say("when another one was primary")
	return r.faults.waitBetween(ctx, what, from, to, func(ctx context.Context) error {
		now, all := findPrimary(ctx, r.cluster)
		if now == "" || now == was {
			return r.rolesMismatch(r.lang.Say("a primary that is not on %s", was), all)
		}
		return nil
	})
}

// noOtherPrimary wants no second primary. Without a quorum there may be none, or
// the one that was: if its own Consul led it has not noticed yet.
func (r *replicas) noOtherPrimary(ctx context.Context) error {
	all := readRoles(ctx, r.cluster)
	c := r.compareManagers(all)
	for name, s := range all {
		if s.Role != engine.Replica && name != r.faults.trouble.primary {
			c.addDifference(r.lang.Say("no new primary"), name)
		}
	}
	return c.mismatch()
}

// startThroughEach starts a container through every Swarm manager that answers,
// all at once: an engine whose cluster store is lost takes 45 s for one.
func (r *replicas) startThroughEach(ctx context.Context) error {
	if err := r.load.TakeTurn(ctx); err != nil {
		return err
	}
	var hosts []harness.Host
	for name := range readRoles(ctx, r.cluster) {
		h, _ := r.topology().Named(name)
		hosts = append(hosts, h)
	}
	if len(hosts) == 0 {
		return r.mismatch(r.lang.Say("the Swarm managers"), r.lang.Say("one that answers"), r.orNone(""))
	}
	_, err := askEach(ctx, hosts, func(ctx context.Context, h harness.Host) (node string, err error) {
		on := r.cluster.SwarmOn(h.Name)
		started, err := r.load.Start(ctx, on, "", "through-"+h.Name, "")
		if err != nil {
			return "", err
		}
		c, err := on.Inspect(ctx, started.ID)
		started.Host = c.Node
		return c.Node, err
	})
	return err
}

// diagnosisNames wants the diagnosis to name a cause first.
func (r *replicas) diagnosisNames(ctx context.Context, code string) error {
	found := diagnose.Run(ctx, r.cluster, diagnose.Options{Lang: r.lang}).Findings
	first := ""
	if len(found) > 0 {
		first = found[0].Code
	}
	c := r.compare("the diagnosis")
	c.expectEqual(r.lang.Say("the first cause"), code, r.orNone(first))
	return c.mismatch()
}

// readKeys returns those of Swarm and of the engines in Consul.
func (r *replicas) readKeys(ctx context.Context) ([]string, error) {
	return r.cluster.Consul().Keys(ctx, "docker/")
}

// keysAreThere wants nothing to lack that Consul had.
func (r *replicas) keysAreThere(ctx context.Context) error {
	now, err := r.readKeys(ctx)
	if err != nil {
		return err
	}
	if lost := withoutAny(r.keys, now); len(lost) > 0 {
		seen := r.lang.Say("without %s", r.listed(lost))
		return r.mismatch(r.lang.Say("Consul's keys"), r.lang.Say("all that were there"), seen)
	}
	return nil
}
