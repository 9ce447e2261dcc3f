package harness

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"labcheck/harness/lang"
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

// insideHost is a network that each host has inside.
type insideHost struct {
	network string
	subnet  netip.Prefix
}

// insideHosts are the networks that Docker 20.10 gives each host, and the tutorial's
// overlay network.
var insideHosts = []insideHost{
	{"docker0", netip.MustParsePrefix("172.17.0.0/16")},
	{"docker_gwbridge", netip.MustParsePrefix("172.18.0.0/16")},
	{"mynet", netip.MustParsePrefix("10.0.0.0/24")},
}

// In returns the topology on another IPv4 subnet of 24 bits, with the same last
// octet of each address.
func (t Topology) In(subnet netip.Prefix) (Topology, error) {
	subnet = subnet.Masked()
	if !subnet.Addr().Is4() || subnet.Bits() != 24 {
		return Topology{}, lang.Errorf(
			"subnet %s: an IPv4 subnet with 24 bits is needed, such as 192.168.34.0/24", subnet)
	}
	if first := subnet.Addr().As4()[0]; !subnet.Addr().IsGlobalUnicast() || first == 0 || first >= 240 {
		return Topology{}, lang.Errorf("subnet %s: hosts can't have such addresses; want a private subnet", subnet)
	}
	if i := slices.IndexFunc(insideHosts, func(n insideHost) bool { return n.subnet.Overlaps(subnet) }); i >= 0 {
		return Topology{}, lang.Errorf("subnet %s: %s inside each host has it", subnet, insideHosts[i].network)
	}
	move := func(h Host) Host {
		a := subnet.Addr().As4()
		a[3] = h.Addr.As4()[3]
		h.Addr = netip.AddrFrom4(a)
		return h
	}
	moved := t
	moved.Subnet = subnet
	moved.Manager = move(t.Manager)
	moved.Members = nil
	for _, h := range t.Members {
		moved.Members = append(moved.Members, move(h))
	}
	return moved, nil
}

// Hosts returns all hosts, the manager first.
func (t Topology) Hosts() []Host {
	return append([]Host{t.Manager}, t.Members...)
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
