package engine

import (
	"errors"
	"fmt"

	"labcheck/harness"
)

// Cluster is a topology, its nodes, and a client for each service on them.
type Cluster struct {
	topology harness.Topology
	nodes    map[string]harness.Node
	engines  map[string]*Client
	swarm    *Client
	consul   *Consul
}

// Open prepares clients for all services of a topology, spoken to as the
// tutorial does; nothing is dialled yet. Every host must have its node; nodes of
// no host are left alone.
func Open(t harness.Topology, nodes []harness.Node) (*Cluster, error) {
	return Options{}.Open(t, nodes)
}

// Open is Open with options.
func (o Options) Open(t harness.Topology, nodes []harness.Node) (*Cluster, error) {
	c := &Cluster{topology: t, nodes: map[string]harness.Node{}, engines: map[string]*Client{}}
	for _, n := range nodes {
		c.nodes[n.Name()] = n
	}
	for _, h := range t.Hosts() {
		n := c.nodes[h.Name]
		if n == nil {
			return nil, fmt.Errorf("host %s has no node", h.Name)
		}
		if n.Addr() != h.Addr {
			return nil, fmt.Errorf("host %s has the address %s, its node %s", h.Name, h.Addr, n.Addr())
		}
		engine, err := o.connect(n, h.Engine().Port())
		if err != nil {
			return nil, err
		}
		c.engines[h.Name] = engine
	}
	var swarmErr, consulErr error
	c.swarm, swarmErr = o.connect(c.nodes[t.Manager.Name], t.Swarm().Port())
	c.consul, consulErr = o.connectConsul(c.nodes[t.Manager.Name], t.Consul().Port())
	return c, errors.Join(swarmErr, consulErr)
}

// Topology is what the cluster is to be.
func (c *Cluster) Topology() harness.Topology { return c.topology }

// Node is the node of a host of the topology; nil for another name.
func (c *Cluster) Node(name string) harness.Node { return c.nodes[name] }

// Engine is the engine of a host of the topology; nil for another name.
func (c *Cluster) Engine(name string) *Client { return c.engines[name] }

// Swarm is the Swarm manager.
func (c *Cluster) Swarm() *Client { return c.swarm }

// Consul is the discovery backend.
func (c *Cluster) Consul() *Consul { return c.consul }

// Close ends the idle connections.
func (c *Cluster) Close() error {
	errs := []error{c.swarm.Close(), c.consul.Close()}
	for _, e := range c.engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}
