package steps

import (
	"context"
	"errors"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// discovery is Consul, in which Swarm and the engines register.
type discovery struct{ *scenario }

func (d *discovery) sentences() []sentence {
	return []sentence{
		{`^Consul answers on port (\d+) of "([^"]*)" within (\d+) seconds$`, d.consulAnswers},
		{`^Consul has a leader within (\d+) seconds$`, within(d.scenario, d.hasLeader)},
		{`^Consul has no leader within (\d+) seconds$`, within(d.scenario, d.hasNoLeader)},
		{`^Consul has the Swarm node "([^"]*)" registered within (\d+) seconds$`, withinFor(d.scenario, d.nodeRegistered)},
		{`^Consul has (\d+) servers within (\d+) seconds$`, withinFor(d.scenario, d.hasServers)},
	}
}

func (d *discovery) consulAnswers(ctx context.Context, port int, host string, seconds int) error {
	t := d.topology()
	if tutorial.Port(t, uint16(port)) != t.Consul().Port() || host != t.Manager.Name {
		return lang.Errorf("the cluster's Consul is on port %d of %s", t.Consul().Port(), t.Manager.Name)
	}
	return within(d.scenario, func(ctx context.Context) error {
		_, err := d.cluster.Consul().Leader(ctx)
		if errors.Is(err, engine.ErrNoLeader) {
			return nil // that is an answer, too
		}
		return err
	})(ctx, seconds)
}

func (d *discovery) hasLeader(ctx context.Context) error {
	_, err := d.cluster.Consul().Leader(ctx)
	if errors.Is(err, engine.ErrNoLeader) {
		return d.mismatch("Consul", d.lang.Say("a leader"), d.lang.Say("none is elected"))
	}
	return err
}

func (d *discovery) hasNoLeader(ctx context.Context) error {
	leader, err := d.cluster.Consul().Leader(ctx)
	if errors.Is(err, engine.ErrNoLeader) {
		return nil
	}
	if err == nil {
		err = d.mismatch("Consul", d.lang.Say("no leader"), leader)
	}
	return err
}

// nodeRegistered wants a node's key among those which Swarm keeps in Consul.
func (d *discovery) nodeRegistered(ctx context.Context, addr string) error {
	addr = d.here(addr)
	nodes, err := d.registeredNodes(ctx, d.topology())
	if err == nil && !slices.Contains(nodes, addr) { // it may be below a path of the cluster's own
		nodes, err = d.registeredNodes(ctx, tutorial.Recognize(ctx, d.cluster).Topology())
	}
	if err == nil && !slices.Contains(nodes, addr) {
		err = d.mismatch(d.lang.Say("the nodes that Consul knows"), addr, d.listed(nodes))
	}
	return err
}

// registeredNodes returns the addresses that Swarm keeps in Consul, as a topology has it.
func (d *discovery) registeredNodes(ctx context.Context, t harness.Topology) ([]string, error) {
	path := d.page.Service(tutorial.SwarmJoin, t, t.Manager).Keys
	nodes, err := d.cluster.Consul().Keys(ctx, path)
	for i := range nodes {
		nodes[i] = d.addressOf(strings.TrimPrefix(nodes[i], path))
	}
	return nodes, err
}

// hasServers wants Consul to vote with a number of servers.
func (d *discovery) hasServers(ctx context.Context, servers int) error {
	have, err := d.cluster.Consul().Servers(ctx)
	if err == nil && len(have) != servers {
		err = d.mismatch("Consul", d.lang.Say("%d servers", servers), d.listed(have))
	}
	return err
}
