package tutorial

import (
	"context"
	"errors"
	"fmt"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// consulPart is Consul on the manager, with a leader.
type consulPart struct{ harness.Topology }

func (p consulPart) service() service {
	return service{name: "the Consul container", host: p.Manager, spec: engine.RunSpec{
		Image: consulImage, Args: []string{"-server", "-bootstrap"}, Hostname: consulHostname, Restart: restart,
		Ports: []engine.Port{{Host: harness.ConsulPort, Container: harness.ConsulPort}},
	}}
}

func (p consulPart) done(ctx context.Context, c *engine.Cluster) error {
	if err := p.service().done(ctx, c); err != nil {
		return err
	}
	_, err := c.Consul().Leader(ctx)
	return err
}

func (p consulPart) apply(ctx context.Context, c *engine.Cluster) error {
	return p.service().apply(ctx, c)
}

func (p consulPart) undo(ctx context.Context, c *engine.Cluster) error {
	return p.service().undo(ctx, c)
}

// managerPart is the Swarm manager, answering on 3375.
type managerPart struct{ harness.Topology }

func (p managerPart) service() service {
	return service{name: "the Swarm manager container", host: p.Manager, verb: "manage", spec: engine.RunSpec{
		Image: swarmImage, Args: []string{"manage", p.Discovery()}, Restart: restart,
		Ports: []engine.Port{{Host: harness.SwarmPort, Container: harness.EnginePort}},
	}}
}

func (p managerPart) done(ctx context.Context, c *engine.Cluster) error {
	if err := p.service().done(ctx, c); err != nil {
		return err
	}
	_, err := swarmInfo(ctx, c)
	return err
}

// swarmInfo is what the manager says of the cluster.
func swarmInfo(ctx context.Context, c *engine.Cluster) (engine.Swarm, error) {
	info, err := c.Swarm().Info(ctx)
	switch {
	case err != nil:
		return engine.Swarm{}, err
	case info.Swarm == nil:
		return engine.Swarm{}, fmt.Errorf("port %d answers as the engine %s, not as a Swarm manager", harness.SwarmPort, info.Name)
	}
	return *info.Swarm, nil
}

func (p managerPart) apply(ctx context.Context, c *engine.Cluster) error {
	return p.service().apply(ctx, c)
}

func (p managerPart) undo(ctx context.Context, c *engine.Cluster) error {
	return p.service().undo(ctx, c)
}

// joinPart is one host's join container, and the host Healthy in the manager's
// list.
type joinPart struct {
	harness.Topology
	host harness.Host
}

func (p joinPart) service() service {
	return service{name: "the join container", host: p.host, verb: "join", spec: engine.RunSpec{
		Image: swarmImage, Args: []string{"join", "--advertise=" + engineAddr(p.host).String(), p.Discovery()},
	}}
}

func (p joinPart) done(ctx context.Context, c *engine.Cluster) error {
	if err := p.service().done(ctx, c); err != nil {
		return err
	}
	swarm, err := swarmInfo(ctx, c)
	if err != nil {
		return err
	}
	return healthy(swarm, p.host)
}

// healthy is nil where the manager lists the host at its address as Healthy.
func healthy(s engine.Swarm, h harness.Host) error {
	for _, m := range s.Members {
		switch {
		case m.Addr != engineAddr(h):
		case m.Status != "Healthy":
			return fmt.Errorf("%s is %s in the manager's list (error: %s)", h.Name, m.Status, m.Error)
		case m.Name != h.Name:
			return fmt.Errorf("the manager's list has %s at %s, not %s", m.Name, m.Addr, h.Name)
		default:
			return nil
		}
	}
	return fmt.Errorf("%s is not in the manager's list", h.Name)
}

func (p joinPart) apply(ctx context.Context, c *engine.Cluster) error {
	return p.service().apply(ctx, c)
}

func (p joinPart) undo(ctx context.Context, c *engine.Cluster) error { return p.service().undo(ctx, c) }

// networkPart is the overlay network, on every engine, with every engine in
// every engine's gossip: only then do containers find one another.
type networkPart struct{ harness.Topology }

func (p networkPart) done(ctx context.Context, c *engine.Cluster) error {
	ids := make([]string, len(p.Hosts()))
	err := eachHost(p.Hosts(), func(i int, h harness.Host) error {
		n, err := c.Engine(h.Name).Network(ctx, p.Network)
		ids[i] = n.ID
		if err == nil && n.Driver != overlay {
			err = p.wrongDriver(h, n)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, h := range p.Hosts() {
		if ids[i] != ids[0] {
			return &WrongError{
				Host: h.Name, What: fmt.Sprintf("network %s is another one than the manager's", p.Network),
				Fix: fmt.Sprintf("%s network rm %s", engineFlag(h), ids[i]),
			}
		}
	}
	return p.gossips(ctx, c)
}

func (p networkPart) wrongDriver(h harness.Host, n engine.Network) error {
	return &WrongError{
		Host: h.Name, What: fmt.Sprintf("network %s has the driver %s, not %s", n.Name, n.Driver, overlay),
		Fix: fmt.Sprintf("%s network rm %s", engineFlag(h), n.ID),
	}
}

// gossips is nil where every engine has every engine in its gossip. Containers
// that are attached before that lose their neighbours for good.
func (p networkPart) gossips(ctx context.Context, c *engine.Cluster) error {
	return eachHost(p.Hosts(), func(_ int, h harness.Host) error {
		peers, err := engine.Gossip(ctx, c.Node(h.Name))
		if err != nil {
			return err
		}
		return knowsAll(h, peers, p.Hosts())
	})
}

// knowsAll is nil where the peers of an engine are all hosts, alive.
func knowsAll(h harness.Host, peers []engine.Peer, hosts []harness.Host) error {
	alive := map[string]bool{}
	for _, p := range peers {
		alive[p.Addr.String()] = p.State == engine.PeerAlive
	}
	var missing []string
	for _, other := range hosts {
		if !alive[other.Addr.String()] {
			missing = append(missing, other.Name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the engine of %s has not found %v by gossip yet", h.Name, missing)
	}
	return nil
}

func (p networkPart) apply(ctx context.Context, c *engine.Cluster) error {
	n, err := c.Swarm().Network(ctx, p.Network)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return c.Swarm().CreateNetwork(ctx, p.Network, overlay)
	case err == nil && n.Driver != overlay:
		return p.wrongDriver(p.Manager, n)
	}
	return err
}

func (p networkPart) undo(ctx context.Context, c *engine.Cluster) error {
	err := c.Engine(p.Manager.Name).RemoveNetwork(ctx, p.Network)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}
