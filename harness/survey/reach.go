package survey

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// reachTime is how long a service may take to answer at all.
const reachTime = 5 * time.Second

// Reach asks every service of a cluster once, all at the same time, so that its
// nodes know what does not answer before a claim wants to know it. If no engine can be
// reached, the way to them is broken, and the error says how. Of nodes that do not
// Remember it asks nothing.
func Reach(ctx context.Context, c *engine.Cluster) error {
	nodes := memoryNodes(c)
	if nodes == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	t := c.Topology()
	var group sync.WaitGroup
	ask := func(n *memoryNode, port uint16, do func() error) {
		group.Go(func() {
			if lost := Classify(n, fmt.Sprintf("%s:%d", n.Addr(), port), do()); lost != nil {
				n.markLost(port, lost)
			}
		})
	}
	for i, h := range t.Hosts() {
		nodes[i].startRemembering()
		ask(nodes[i], h.Engine().Port(), func() error { return isHost(ctx, c, h) })
		ask(nodes[i], harness.GossipPort, func() error {
			_, err := engine.Gossip(ctx, nodes[i])
			return unlessClaimed(err)
		})
	}
	ask(nodes[0], t.Swarm().Port(), func() error {
		_, err := c.Swarm().Info(ctx)
		return unlessClaimed(err)
	})
	ask(nodes[0], t.Consul().Port(), func() error {
		_, err := c.Consul().Keys(ctx, "docker/swarm/")
		return unlessClaimed(err)
	})
	group.Wait()
	var away []error
	for _, n := range nodes {
		un := n.engineAway()
		if un == nil {
			return nil
		}
		away = append(away, un)
	}
	return errors.Join(away...)
}

// memoryNodes returns the nodes of a cluster that remember, the manager's first.
func memoryNodes(c *engine.Cluster) (all []*memoryNode) {
	for _, h := range c.Topology().Hosts() {
		if n, ok := c.Node(h.Name).(*memoryNode); ok {
			all = append(all, n)
		}
	}
	return all
}

// isHost wants a host's engine, and not another's.
func isHost(ctx context.Context, c *engine.Cluster, h harness.Host) error {
	info, err := c.Engine(h.Name).Info(ctx)
	if err == nil && info.Name != h.Name {
		err = &harness.UnreachableError{
			Node: h.Name, Service: h.Engine().String(), Layer: harness.LayerIdentity,
			What: lang.Textf("the engine there is that of %s", info.Name),
			Hint: lang.Textf("fix the address of %s in the inventory, or the host's name", h.Name),
		}
	}
	return err
}

// unlessClaimed returns an error but nil for what the claims are about: that a
// service is not there, or says that it can't.
func unlessClaimed(err error) error {
	for _, known := range []error{engine.ErrTLS, engine.ErrWrongService, engine.ErrTimeout, engine.ErrDenied} {
		if errors.Is(err, known) {
			return err
		}
	}
	if errors.As(err, new(*harness.UnreachableError)) {
		return err
	}
	return nil
}
