// Package enginetest simulates a cluster without Docker: engines, a Swarm
// manager, Consul and gossip answer, over connections in memory, so that a test
// can run on the clock of testing/synctest. A test sets their state, so that it
// can show each check a cluster on which the check fails.
package enginetest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"labcheck/harness"
)

// Cluster is the hosts of a topology. Once a client sends requests, its fields
// and those of its hosts are to be changed by Change only.
type Cluster struct {
	Topology harness.Topology
	// Hosts are by name.
	Hosts map[string]*Host
	// NoLeader makes Consul answer that it has no leader.
	NoLeader bool
	// Status and Keys may change the Swarm manager's SystemStatus and Consul's
	// values by their keys; nil changes nothing.
	Status func([][2]string) [][2]string
	Keys   func(map[string]string)
	// Exec runs a command in a container that has no Exec of its own.
	Exec func(host string, in *Container, argv []string) (stdout, stderr string, code int)

	mu      sync.Mutex
	calls   []string
	created int // number of containers and networks, for their IDs
	close   []func()
	running map[string]run
}

// New returns a cluster whose engines answer, and on which no step of the
// tutorial was performed.
func New(t harness.Topology) *Cluster {
	c := &Cluster{Topology: t, Hosts: map[string]*Host{}, running: map[string]run{}}
	for _, h := range t.Hosts() {
		on := &Host{
			Host: h, cluster: c, services: map[uint16]*listener{},
			ID: "ID of " + h.Name, Version: "20.10.5",
			Store: "consul://" + t.Consul().String(), Advertise: h.Engine().String(),
			Images: []string{"progrium/consul", "swarm", "labcheck/workload"}, Answer: map[uint16]http.HandlerFunc{},
		}
		on.Networks = []Network{{ID: idOf("bridge of " + h.Name), Name: "bridge", Driver: "bridge"}}
		c.Hosts[h.Name] = on
		c.serveRequests(on, h.Engine().Port(), on.serveEngine)
		c.serveConnections(on, harness.GossipPort, on.serveGossip)
	}
	for _, h := range t.Managers() {
		c.serveRequests(c.Hosts[h.Name], t.Swarm().Port(), c.serveSwarm)
	}
	for _, h := range t.ConsulServers() {
		c.serveRequests(c.Hosts[h.Name], t.Consul().Port(), c.serveConsul)
	}
	return c
}

// Performed performs the tutorial on the cluster, and returns the cluster.
func (c *Cluster) Performed() *Cluster {
	t := c.Topology
	c.managerHost().Add(Container{
		Image: "progrium/consul", Args: []string{"-server", "-bootstrap"}, Hostname: "consul",
		Restart:  "unless-stopped",
		Networks: map[string]string{"bridge": "172.17.0.2"}, Ports: []Port{{t.Consul().Port(), harness.ConsulPort}},
	})
	c.managerHost().Add(Container{
		Image: "swarm", Args: []string{"manage", t.Discovery()}, Restart: "unless-stopped",
		Networks: map[string]string{"bridge": "172.17.0.3"}, Ports: []Port{{t.Swarm().Port(), harness.EnginePort}},
	})
	for _, h := range t.Members {
		join := []string{"join", "--advertise=" + h.Engine().String(), t.Discovery()}
		c.Hosts[h.Name].Add(Container{Image: "swarm", Args: join})
	}
	c.addNetwork(Network{ID: idOf("mynet"), Name: t.Network, Driver: "overlay", Scope: "global", Subnet: "10.0.0.0/24"})
	return c
}

// Nodes returns the hosts as nodes, the manager first.
func (c *Cluster) Nodes() []harness.Node {
	var all []harness.Node
	for _, h := range c.Topology.Hosts() {
		all = append(all, node{c.Hosts[h.Name]})
	}
	return all
}

// Change calls do while no request is served, so that do can change the cluster.
func (c *Cluster) Change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

// Calls returns the requests that may have changed something, as HOST: METHOD
// PATH, in their order. Those to the Swarm manager and to Consul have swarm and
// consul for the host.
func (c *Cluster) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Close stops all services.
func (c *Cluster) Close() {
	for _, end := range c.close {
		end()
	}
}

func (c *Cluster) managerHost() *Host { return c.Hosts[c.Topology.Manager.Name] }

// serveRequests serves HTTP on a port of a host, one request at a time.
func (c *Cluster) serveRequests(h *Host, port uint16, handler http.HandlerFunc) {
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		other, late := h.Answer[port], h.dropsRequest(port, r.URL.Path)
		c.mu.Unlock()
		if late {
			<-r.Context().Done()
			return
		}
		if other != nil {
			other(w, r)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		handler(w, r)
	})}
	s.SetKeepAlivesEnabled(false) // a host that is off keeps no connection
	l := newListener()
	h.services[port] = l
	go func() { _ = s.Serve(l) }() // until s.Close
	c.close = append(c.close, func() { _ = s.Close() })
}

// serveConnections calls answer for each connection to a port of a host.
func (c *Cluster) serveConnections(h *Host, port uint16, answer func(net.Conn)) {
	l := newListener()
	h.services[port] = l
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				c.mu.Lock()
				late := h.dropsRequest(port, "")
				c.mu.Unlock()
				if late {
					_, _ = io.Copy(io.Discard, conn) // until the other end is closed
					_ = conn.Close()
					return
				}
				answer(conn)
			})
		}
	})
	c.close = append(c.close, func() {
		_ = l.Close()
		group.Wait()
	})
}

// recordCall records a request if it may change something.
func (c *Cluster) recordCall(host string, r *http.Request, path string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.calls = append(c.calls, fmt.Sprintf("%s: %s %s", host, r.Method, path))
	}
}

// idOf returns an ID of 64 digits, always the same for a name.
func idOf(name string) string {
	return fmt.Sprintf("%x", []byte(fmt.Sprintf("%-32.32s", name)))
}

func (c *Cluster) newID(what string) string {
	c.created++
	return idOf(fmt.Sprintf("%d %s", c.created, what))
}

// addNetwork adds a network to every host.
func (c *Cluster) addNetwork(n Network) {
	for _, h := range c.Hosts {
		h.Networks = append(h.Networks, n)
	}
}

// epoch is when a container was created if it has no time of its own.
var epoch = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// swarmTime returns the current time in the format of Swarm.
func swarmTime() string { return time.Now().UTC().Format(time.RFC3339) }
