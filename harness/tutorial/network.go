package tutorial

import (
	"context"
	"errors"
	"fmt"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// networkPart is the overlay network: on every engine, and every engine in
// every engine's gossip. A container that is attached to it before that loses
// the neighbours that its engine could not be told of, for good: what is told
// by gossip is told once.
type networkPart struct{ topology harness.Topology }

func (p networkPart) findMissing(ctx context.Context, c *engine.Cluster) error {
	return p.checkWorking(ctx, c)
}

func (p networkPart) checkWorking(ctx context.Context, c *engine.Cluster) error {
	if err := p.checkEverywhere(ctx, c); err != nil {
		return err
	}
	views, err := gossip(ctx, c)
	if err != nil {
		return err
	}
	return knowAll(views, p.topology.Hosts())
}

// applyMissing creates the network if the cluster has none of its name, and joins
// the engines to one gossip.
func (p networkPart) applyMissing(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	note := lang.Text{EN: "was there"}
	n, err := c.Engine(p.topology.Manager.Name).Network(ctx, p.topology.Network)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		note = lang.Text{EN: "made"}
		err = c.Swarm().CreateNetwork(ctx, p.topology.Network, engine.Overlay, p.topology.NetworkSubnet)
	case err == nil:
		err = p.checkNetwork(p.topology.Manager, n, n.ID)
	}
	if err != nil {
		return lang.Text{}, err
	}
	parts, err := Introduce(ctx, c)
	if err == nil {
		err = CompleteGossip(ctx, c)
	}
	if parts > 1 {
		note = lang.Textf("%s, the engines' gossip was in %d parts that would not have found one another and was joined", note, parts)
	}
	return note, err
}

// checkEverywhere returns nil if every engine has the one network.
func (p networkPart) checkEverywhere(ctx context.Context, c *engine.Cluster) error {
	hosts := p.topology.Hosts()
	networks, err := harness.Each(ctx, hosts, func(ctx context.Context, h harness.Host) (engine.Network, error) {
		return c.Engine(h.Name).Network(ctx, p.topology.Network)
	})
	if err != nil {
		return err
	}
	for i, h := range hosts {
		if err := p.checkNetwork(h, networks[i], networks[0].ID); err != nil {
			return err
		}
	}
	return nil
}

// checkNetwork returns a *WrongError if a host's network is not the overlay network
// that it should be.
func (p networkPart) checkNetwork(h harness.Host, n engine.Network, id string) error {
	var what lang.Text
	switch {
	case n.Driver != engine.Overlay:
		what = lang.Textf("network %s has the driver %s instead of %s", n.Name, n.Driver, engine.Overlay)
	case n.ID != id:
		what = lang.Textf("network %s has the ID %.12s instead of %.12s, which the manager has", n.Name, n.ID, id)
	default:
		return nil
	}
	return &WrongError{h.Name, what, fmt.Sprintf("docker -H=tcp://%s network rm %s", h.Engine(), n.ID)}
}
