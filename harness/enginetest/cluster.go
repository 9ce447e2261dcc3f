// Package enginetest is a cluster without Docker: engines, a Swarm manager,
// Consul and gossip that answer over real connections as their state is, which
// a test can set, so that every check can be shown a cluster on which it fails.
package enginetest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"labcheck/harness"
)

// Cluster is the hosts of a topology. Its fields and those of its hosts are for
// Change once something is asked.
type Cluster struct {
	Topology harness.Topology
	// Hosts are by name.
	Hosts map[string]*Host
	// NoLeader has Consul answer that it has none.
	NoLeader bool
	// Status and Keys may change what the Swarm manager says of its cluster and
	// what Consul holds, value by key; nil changes nothing.
	Status func([][2]string) [][2]string
	Keys   func(map[string]string)
	// Exec answers what is run in a container that has no Exec of its own.
	Exec func(host string, in *Container, argv []string) (stdout, stderr string, code int)

	mu      sync.Mutex
	calls   []string
	made    int // containers and networks, for their IDs
	close   []func()
	running map[string]run
}

// New is a cluster whose engines answer, and on which nothing of the tutorial
// was done.
func New(t harness.Topology) *Cluster {
	c := &Cluster{Topology: t, Hosts: map[string]*Host{}, running: map[string]run{}}
	for _, h := range t.Hosts() {
		on := &Host{
			Host: h, cluster: c, services: map[uint16]string{},
			ID: "ID of " + h.Name, Version: "20.10.5", Store: "consul://" + t.Consul().String(), Advertise: h.Engine().String(),
			Images: []string{"progrium/consul", "swarm", "labcheck/workload"}, Answer: map[uint16]http.HandlerFunc{},
		}
		on.Networks = []Network{{ID: id("bridge of " + h.Name), Name: "bridge", Driver: "bridge"}}
		c.Hosts[h.Name] = on
		c.serve(on, h.Engine().Port(), on.engine)
		c.listen(on, harness.GossipPort, on.gossip)
	}
	for _, h := range t.Managers() {
		c.serve(c.Hosts[h.Name], t.Swarm().Port(), c.swarm)
	}
	for _, h := range t.ConsulServers() {
		c.serve(c.Hosts[h.Name], t.Consul().Port(), c.consul)
	}
	return c
}

// Performed does what the tutorial does.
func (c *Cluster) Performed() *Cluster {
	t := c.Topology
	c.manager().Add(Container{
		Image: "progrium/consul", Args: []string{"-server", "-bootstrap"}, Hostname: "consul", Restart: "unless-stopped", Networks: map[string]string{"bridge": "172.17.0.2"},
		Ports: []Port{{t.Consul().Port(), harness.ConsulPort}},
	})
	c.manager().Add(Container{
		Image: "swarm", Args: []string{"manage", t.Discovery()}, Restart: "unless-stopped", Networks: map[string]string{"bridge": "172.17.0.3"},
		Ports: []Port{{t.Swarm().Port(), harness.EnginePort}},
	})
	for _, h := range t.Members {
		c.Hosts[h.Name].Add(Container{Image: "swarm", Args: []string{"join", "--advertise=" + h.Engine().String(), t.Discovery()}})
	}
	c.network(Network{ID: id("mynet"), Name: t.Network, Driver: "overlay", Scope: "global", Subnet: "10.0.0.0/24"})
	return c
}

// Nodes are the hosts, the manager first.
func (c *Cluster) Nodes() []harness.Node {
	var all []harness.Node
	for _, h := range c.Topology.Hosts() {
		all = append(all, node{c.Hosts[h.Name]})
	}
	return all
}

// Change changes the cluster while it may be asked.
func (c *Cluster) Change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

// Calls are the requests that may have changed something, as HOST: METHOD PATH,
// in their order; Swarm's have swarm for the host.
func (c *Cluster) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Close ends the services.
func (c *Cluster) Close() {
	for _, end := range c.close {
		end()
	}
}

func (c *Cluster) manager() *Host { return c.Hosts[c.Topology.Manager.Name] }

// serve has a port of a host answered by a handler, one request at a time.
func (c *Cluster) serve(h *Host, port uint16, handler http.HandlerFunc) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		other, late := h.Answer[port], h.late(port, r.URL.Path)
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
	}))
	s.Config.SetKeepAlivesEnabled(false) // a host that is off has no connection left
	h.services[port] = s.Listener.Addr().String()
	c.close = append(c.close, s.Close)
}

// listen has a port of a host answered connection by connection.
func (c *Cluster) listen(h *Host, port uint16, answer func(net.Conn)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("no port on loopback: %v", err)) // as httptest does
	}
	h.services[port] = l.Addr().String()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				c.mu.Lock()
				late := h.late(port, "")
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

// note keeps a request that may change something.
func (c *Cluster) note(host string, r *http.Request, path string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.calls = append(c.calls, fmt.Sprintf("%s: %s %s", host, r.Method, path))
	}
}

// id is an ID of 64 digits, and the same for the same name.
func id(name string) string {
	return fmt.Sprintf("%x", []byte(fmt.Sprintf("%-32.32s", name)))
}

func (c *Cluster) newID(what string) string {
	c.made++
	return id(fmt.Sprintf("%d %s", c.made, what))
}

// network gives every host a network.
func (c *Cluster) network(n Network) {
	for _, h := range c.Hosts {
		h.Networks = append(h.Networks, n)
	}
}

// epoch is when containers were made, unless they say otherwise.
var epoch = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// now is the time as Swarm shows it.
func now() string { return time.Now().UTC().Format(time.RFC3339) }
