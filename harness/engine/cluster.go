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
	managers map[string]*Client
	consuls  map[string]*Consul
}

// Open prepares clients for all services of a topology, spoken to as the
// tutorial does; nothing is dialled yet. Every host must have its node; nodes of
// no host are left alone.
func Open(t harness.Topology, nodes []harness.Node) (*Cluster, error) {
	return Options{}.Open(t, nodes)
}

// Open is Open with options.
func (o Options) Open(t harness.Topology, nodes []harness.Node) (*Cluster, error) {
	c := &Cluster{
		topology: t, nodes: map[string]harness.Node{},
		engines: map[string]*Client{}, managers: map[string]*Client{}, consuls: map[string]*Consul{},
	}
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
		var engineErr, managerErr, consulErr error
		c.engines[h.Name], engineErr = o.connectPort(n, h.Engine().Port())
		c.managers[h.Name], managerErr = o.connectReplica(n, t.Swarm().Port())
		c.consuls[h.Name], consulErr = o.connectConsul(n, t.Consul().Port())
		if err := errors.Join(engineErr, managerErr, consulErr); err != nil {
			return nil, err
		}
	}
	var err error
	c.swarm, err = o.connectPort(c.nodes[t.Manager.Name], t.Swarm().Port())
	return c, err
}

// As returns the same cluster with another topology, which must have the same hosts.
// It shares its connections with c, and is not closed by itself.
func (c *Cluster) As(t harness.Topology) *Cluster {
	other := *c
	other.topology = t
	return &other
}

// Topology returns what the cluster is to be.
func (c *Cluster) Topology() harness.Topology { return c.topology }

// Node returns the node of a host of the topology; nil for another name.
func (c *Cluster) Node(name string) harness.Node { return c.nodes[name] }

// Engine returns the engine of a host of the topology; nil for another name.
func (c *Cluster) Engine(name string) *Client { return c.engines[name] }

// Swarm returns the Swarm manager, on the manager.
func (c *Cluster) Swarm() *Client {
	if c.topology.Replicas > 0 {
		return c.SwarmOn(c.topology.Manager.Name)
	}
	return c.swarm
}

// SwarmOn returns the Swarm manager of a host that has one, and may be a replica; nil
// for a name that is no host's.
func (c *Cluster) SwarmOn(name string) *Client { return c.managers[name] }

// Consul returns the discovery backend, on the manager.
func (c *Cluster) Consul() *Consul { return c.ConsulOn(c.topology.Manager.Name) }

// ConsulOn returns the Consul of a host that has one; nil for a name that is no
// host's.
func (c *Cluster) ConsulOn(name string) *Consul { return c.consuls[name] }

// Close ends the idle connections.
func (c *Cluster) Close() error {
	errs := []error{c.swarm.Close()}
	for name, e := range c.engines {
		errs = append(errs, e.Close(), c.managers[name].Close(), c.consuls[name].Close())
	}
	return errors.Join(errs...)
}
