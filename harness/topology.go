package harness

import (
	"cmp"
	"fmt"
	"net/netip"
)

// The ports of the tutorial.
const (
	EnginePort uint16 = 2375 // each node's engine
	SwarmPort  uint16 = 3375 // the Swarm manager, on the manager node
	ConsulPort uint16 = 8500 // Consul, on the manager node
	GossipPort uint16 = 7946 // Serf, by which engines discover one another for VXLAN
)

// Host is a node of a topology.
type Host struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr"`
	CPUs int        `json:"cpus"`
	// Memory is in bytes, as `docker info` counts it.
	Memory int64 `json:"memory"`
	// Port is the port of the engine; 0 is EnginePort.
	Port uint16 `json:"port,omitempty"`
	// Own tells which of the sizes were given for this cluster. The others are the
	// page's.
	Own Sizes `json:"own,omitzero"`
	// Labels are those of the engine, which Swarm lists beside its own.
	Labels map[string]string `json:"labels,omitempty"`
	// EngineFlags are further flags of dockerd, in a lab.
	EngineFlags []string `json:"engine_flags,omitempty"`
}

// Sizes is a condition for each size of a host.
type Sizes struct {
	CPUs   bool `json:"cpus,omitempty"`
	Memory bool `json:"memory,omitempty"`
}

// Engine returns the address on which the host's engine listens.
func (h Host) Engine() netip.AddrPort {
	return netip.AddrPortFrom(h.Addr, cmp.Or(h.Port, EnginePort))
}

// Topology is the nodes of a cluster, their sizes, and the network that connects
// their containers.
type Topology struct {
	Subnet  netip.Prefix `json:"subnet"`
	Manager Host         `json:"manager"`
	// Members are the hosts that join the cluster, in the tutorial's order.
	Members []Host `json:"members"`
	// Network is the overlay network's name.
	Network string `json:"network"`
	// NetworkSubnet is the overlay network's; the engines choose one if it is not valid.
	NetworkSubnet netip.Prefix `json:"network_subnet,omitzero"`
	// SwarmPort and ConsulPort are on the manager; 0 is the tutorial's.
	SwarmPort  uint16 `json:"swarm_port,omitempty"`
	ConsulPort uint16 `json:"consul_port,omitempty"`
	// Replicas is how many of the members, the first ones, run a Swarm manager,
	// too. The page mentions replicas and creates none.
	Replicas int `json:"replicas,omitempty"`
	// ReplicasOn names these members if they are not the first ones.
	ReplicasOn []string `json:"replicas_on,omitempty"`
	// OneConsul tells that replicas share the manager's Consul, as in Swarm's manual.
	// Those that labcheck makes have servers of their own.
	OneConsul bool `json:"one_consul,omitempty"`
	// DiscoveryPath and StorePath are the paths in Consul below which Swarm and the
	// engines have their keys. The page has them at the root.
	DiscoveryPath string `json:"discovery_path,omitempty"`
	StorePath     string `json:"store_path,omitempty"`
	// RestartJoin tells that the join containers start again with their hosts. The
	// page's do not.
	RestartJoin bool `json:"restart_join,omitempty"`
}

// Tutorial returns the topology of the page, with the sizes that its `docker info`
// output shows: 1 CPU and 992.2 MiB on each host but `store`, whose 3.86 GiB
// (Swarm's figure, which is 5% over the engine's) are 3854600 kB.
func Tutorial() Topology {
	const small, large = 1016013 << 10, 3854600 << 10
	host := func(name, addr string, memory int64) Host {
		return Host{Name: name, Addr: netip.MustParseAddr(addr), CPUs: 1, Memory: memory}
	}
	return Topology{
		Subnet:  netip.MustParsePrefix("192.168.33.0/24"),
		Manager: host("manager", "192.168.33.11", small),
		Members: []Host{
			host("frontend01", "192.168.33.20", small),
			host("frontend02", "192.168.33.21", small),
			host("worker01", "192.168.33.200", small),
			host("store", "192.168.33.250", large),
		},
		Network: "mynet",
	}
}

// Hosts returns all hosts, the manager first.
func (t Topology) Hosts() []Host {
	return append([]Host{t.Manager}, t.Members...)
}

// Named returns the host of a name.
func (t Topology) Named(name string) (Host, error) {
	for _, h := range t.Hosts() {
		if h.Name == name {
			return h, nil
		}
	}
	return Host{}, fmt.Errorf("no host is called %q", name)
}

// Swarm returns the address on which the Swarm manager listens.
func (t Topology) Swarm() netip.AddrPort {
	return netip.AddrPortFrom(t.Manager.Addr, cmp.Or(t.SwarmPort, SwarmPort))
}

// Consul returns the address on which Consul listens.
func (t Topology) Consul() netip.AddrPort {
	return netip.AddrPortFrom(t.Manager.Addr, cmp.Or(t.ConsulPort, ConsulPort))
}

// Discovery returns the address of the discovery backend as the tutorial passes it
// to Swarm: consul://192.168.33.11:8500/
func (t Topology) Discovery() string {
	return fmt.Sprintf("consul://%s/", t.Consul())
}
