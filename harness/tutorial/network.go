package tutorial

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// overlay is the driver of the tutorial's network.
const overlay = "overlay"

// networkPart is the overlay network: on every engine, and every engine in
// every engine's gossip. A container that is attached to it before that loses
// the neighbours that its engine could not be told of, for good: what is told
// by gossip is told once.
type networkPart struct{ topology harness.Topology }

func (p networkPart) missing(ctx context.Context, c *engine.Cluster) error {
	return errors.Join(p.everywhere(ctx, c), p.gossips(ctx, c))
}

func (p networkPart) working(ctx context.Context, c *engine.Cluster) error {
	if err := p.everywhere(ctx, c); err != nil {
		return err
	}
	return p.gossips(ctx, c)
}

// apply makes the network where the cluster has none of its name.
func (p networkPart) apply(ctx context.Context, c *engine.Cluster) error {
	n, err := c.Engine(p.topology.Manager.Name).Network(ctx, p.topology.Network)
	if errors.Is(err, engine.ErrNotFound) {
		return c.Swarm().CreateNetwork(ctx, p.topology.Network, overlay)
	}
	if err != nil {
		return err
	}
	return p.right(p.topology.Manager, n, n.ID)
}

func (p networkPart) undo(ctx context.Context, c *engine.Cluster) error {
	err := c.Engine(p.topology.Manager.Name).RemoveNetwork(ctx, p.topology.Network)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}

// everywhere is nil where every engine has the one network.
func (p networkPart) everywhere(ctx context.Context, c *engine.Cluster) error {
	hosts := p.topology.Hosts()
	networks := make([]engine.Network, len(hosts))
	err := eachHost(ctx, hosts, func(ctx context.Context, i int) (err error) {
		networks[i], err = c.Engine(hosts[i].Name).Network(ctx, p.topology.Network)
		return err
	})
	if err != nil {
		return err
	}
	for i, h := range hosts {
		if err := p.right(h, networks[i], networks[0].ID); err != nil {
			return err
		}
	}
	return nil
}

// right is a *WrongError where a host's network is not the overlay network that
// it should be.
func (p networkPart) right(h harness.Host, n engine.Network, id string) error {
	what := ""
	switch {
	case n.Driver != overlay:
		what = fmt.Sprintf("network %s has the driver %s instead of %s", n.Name, n.Driver, overlay)
	case n.ID != id:
		what = fmt.Sprintf("network %s has the ID %.12s instead of %.12s, which the manager has", n.Name, n.ID, id)
	default:
		return nil
	}
	return &WrongError{h.Name, what, fmt.Sprintf("docker -H=tcp://%s network rm %s", at(h, harness.EnginePort), n.ID)}
}

// gossips is nil where every engine has every engine in its gossip.
func (p networkPart) gossips(ctx context.Context, c *engine.Cluster) error {
	hosts := p.topology.Hosts()
	return eachHost(ctx, hosts, func(ctx context.Context, i int) error {
		peers, err := engine.Gossip(ctx, c.Node(hosts[i].Name))
		if err != nil {
			return err
		}
		return knowsAll(hosts[i], peers, hosts)
	})
}

// knowsAll is nil where all hosts are among a host's peers, alive.
func knowsAll(h harness.Host, peers []engine.Peer, hosts []harness.Host) error {
	if lacks := lacking(peers, hosts); len(lacks) > 0 {
		return fmt.Errorf("%s does not have %s in its gossip", h.Name, strings.Join(lacks, ", "))
	}
	return nil
}

// lacking are the hosts that are not among the peers, or not alive.
func lacking(peers []engine.Peer, hosts []harness.Host) []string {
	var names []string
	for _, h := range hosts {
		alive := false
		for _, p := range peers {
			alive = alive || p.Addr == h.Addr && p.State == engine.PeerAlive
		}
		if !alive {
			names = append(names, h.Name)
		}
	}
	return names
}

// eachHost asks all hosts at once and returns the error that came first.
func eachHost(ctx context.Context, hosts []harness.Host, ask func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range hosts {
		group.Go(func() error { return ask(ctx, i) })
	}
	return group.Wait()
}
