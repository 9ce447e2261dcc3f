package steps

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
)

// networks are those of the engines and of the cluster, and the gossip by which
// engines tell one another of what is attached to them.
type networks struct{ *scenario }

func (n *networks) sentences() []sentence {
	return []sentence{
		{`^the cluster lists these networks of "([^"]*)":$`, n.clusterListsOwn},
		{`^on "([^"]*)" the network "([^"]*)" has the driver "([^"]*)"$`, n.networkOn},
		{`^in the cluster the network "([^"]*)" has the driver "([^"]*)"$`, n.networkOfCluster},
		{`^every engine and the cluster give "([^"]*)" one and the same id$`, n.networkIsOne},
		{`^every engine looks for the others within (\d+) seconds$`, within(n.scenario, n.enginesLook)},
		{`^those that stayed apart are introduced$`, n.introduceEngines},
		{`^every engine has found every other within (\d+) seconds$`, within(n.scenario, n.enginesKnowEachOther)},
	}
}

// clusterListsOwn wants exactly a table's networks of those that the cluster
// lists as a node's own, such as frontend01/bridge. What later scenarios or
// users make a node add to them is let pass.
func (n *networks) clusterListsOwn(ctx context.Context, node string, table *godog.Table) error {
	all, err := n.cluster.Swarm().Networks(ctx)
	if err != nil {
		return err
	}
	own := map[string]string{}
	for _, listed := range all {
		if name, ok := strings.CutPrefix(listed.Name, node+"/"); ok {
			own[name] = listed.Driver
		}
	}
	c := n.compare("the networks that the cluster lists of %s", node)
	for _, want := range readRecords(n.here, table) {
		driver, ok := own[want["name"]]
		if !ok {
			driver = n.lang.Say("none; it lists %s", n.listed(sortedKeys(own)))
		}
		c.expectEqual(want["name"], want["driver"], driver)
	}
	return c.mismatch()
}

// networksNamed gives the networks of a name that an engine or Swarm has. A node's
// own are listed by Swarm with the node before the name.
func networksNamed(ctx context.Context, c *engine.Client, name string) ([]engine.Network, error) {
	all, err := c.Networks(ctx)
	others := func(n engine.Network) bool { return n.Name != name && !strings.HasSuffix(n.Name, "/"+name) }
	return slices.DeleteFunc(all, others), err
}

func (n *networks) networkOn(ctx context.Context, host, name, driver string) error {
	e, err := n.engineOf(host)
	if err != nil {
		return err
	}
	return n.networkHas(ctx, e, n.lang.Say("the engine of %s", host), name, driver)
}

func (n *networks) networkOfCluster(ctx context.Context, name, driver string) error {
	return n.networkHas(ctx, n.cluster.Swarm(), n.lang.Say("the cluster"), name, driver)
}

func (n *networks) networkHas(ctx context.Context, c *engine.Client, who, name, driver string) error {
	found, err := networksNamed(ctx, c, name)
	if err != nil || len(found) == 1 && found[0].Driver == driver {
		return err
	}
	var words []string
	for _, f := range found {
		words = append(words, fmt.Sprintf("%s (%s, %.12s)", f.Name, f.Driver, f.ID))
	}
	expected := n.lang.Say("one %s, with the driver %s", name, driver)
	return n.mismatch(n.lang.Say("the networks of %s", who), expected, n.listed(words))
}

// networkIsOne wants the same id of every engine and of Swarm, which is the
// host without a name.
func (n *networks) networkIsOne(ctx context.Context, name string) error {
	hosts := append(n.topology().Hosts(), harness.Host{})
	found, err := askEach(ctx, hosts, func(ctx context.Context, h harness.Host) (string, error) {
		c := n.cluster.Swarm()
		if h.Name != "" {
			c = n.cluster.Engine(h.Name)
		}
		all, err := networksNamed(ctx, c, name)
		var ids []string
		for _, one := range all {
			ids = append(ids, one.ID)
		}
		return n.listed(ids), err
	})
	if err != nil {
		return err
	}
	if _, err := tutorial.ParseID(found[0]); err == nil && len(slices.Compact(slices.Sorted(slices.Values(found)))) == 1 {
		return nil
	}
	var seen, others []string
	most := harness.MostFrequent(found)
	for i, h := range hosts {
		seen = append(seen, cmp.Or(h.Name, n.lang.Say("the cluster"))+": "+found[i])
		if h.Name != "" && found[i] != most {
			others = append(others, h.Name)
		}
	}
	expected := n.lang.Say("the same id everywhere")
	err = n.mismatch(n.lang.Say("the ids of %s", name), expected, strings.Join(seen, "\n"))
	return harness.AboutHosts(err, others...)
}

// enginesLook wants each engine to take part in a gossip, be it alone.
func (n *networks) enginesLook(ctx context.Context) error {
	_, err := askEach(ctx, n.topology().Hosts(), n.gossipOf)
	return err
}

// tellOneAnother is how long engines have to hear of all others once they are
// introduced. Each message that is lost takes a second.
const tellOneAnother = 10 * time.Second

// introduceEngines joins engines that stayed apart, and has those compare what they
// know that a message did not reach. Who is lacking then, the next step tells.
func (n *networks) introduceEngines(ctx context.Context) error {
	if _, err := tutorial.Introduce(ctx, n.cluster); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, tellOneAnother)
	defer cancel()
	_ = tutorial.CompleteGossip(ctx, n.cluster)
	return nil
}

// enginesKnowEachOther wants each engine to have all others in its gossip.
func (n *networks) enginesKnowEachOther(ctx context.Context) error {
	hosts := n.topology().Hosts()
	peers, err := askEach(ctx, hosts, n.gossipOf)
	if err != nil {
		return err
	}
	c := n.compare("the engines' gossip")
	for i, h := range hosts {
		if lacks := engine.Lacking(peers[i], hosts); len(lacks) > 0 {
			c.addDifferenceOf(append(lacks, h.Name), n.lang.Say("%s: knows all", h.Name),
				n.lang.Say("%s: lacks %s", h.Name, n.listed(lacks)))
		}
	}
	return c.mismatch()
}

func (s *scenario) gossipOf(ctx context.Context, h harness.Host) ([]engine.Peer, error) {
	return engine.Gossip(ctx, s.cluster.Node(h.Name))
}
