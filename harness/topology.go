package harness

import (
	"fmt"
	"net/netip"
)

// The ports of the tutorial.
const (
	EnginePort uint16 = 2375 // each node's engine
	SwarmPort  uint16 = 3375 // the Swarm manager, on the manager node
	ConsulPort uint16 = 8500 // Consul, on the manager node
	GossipPort uint16 = 7946 // Serf, by which engines find one another for VXLAN
)

// Host is what a topology says of one node.
type Host struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr"`
	CPUs int        `json:"cpus"`
	// Memory is in bytes, as `docker info` counts it.
	Memory int64 `json:"memory"`
}

// Topology says which nodes there are, how large they are, and which network
// joins their containers.
type Topology struct {
	Subnet  netip.Prefix `json:"subnet"`
	Manager Host         `json:"manager"`
	// Members are the hosts that join the cluster, in the tutorial's order.
	Members []Host `json:"members"`
	// Network is the overlay network's name.
	Network string `json:"network"`
}

// Tutorial is the topology of the page, with the sizes that its `docker info`
// output shows: 1 CPU and 992.2 MiB on each host but `store`, whose 3.86 GiB
// (Swarm's figure, which is 5% over the engine's) are 3854600 kB.
func Tutorial() Topology {
	const small, large = 1016013 << 10, 3854600 << 10
	addr := netip.MustParseAddr
	return Topology{
		Subnet:  netip.MustParsePrefix("192.168.33.0/24"),
		Manager: Host{"manager", addr("192.168.33.11"), 1, small},
		Members: []Host{
			{"frontend01", addr("192.168.33.20"), 1, small},
			{"frontend02", addr("192.168.33.21"), 1, small},
			{"worker01", addr("192.168.33.200"), 1, small},
			{"store", addr("192.168.33.250"), 1, large},
		},
		Network: "mynet",
	}
}

// In is the same topology on another IPv4 subnet of 24 bits; the last octet of
// each address stays.
func (t Topology) In(subnet netip.Prefix) (Topology, error) {
	subnet = subnet.Masked()
	if !subnet.Addr().Is4() || subnet.Bits() != 24 {
		return Topology{}, Errorf("subnet %s: an IPv4 subnet with 24 bits is needed, such as 192.168.34.0/24",
			"サブネット %s: 192.168.34.0/24 のような 24 ビットの IPv4 サブネットが必要である", subnet)
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

// Hosts are all hosts, the manager first.
func (t Topology) Hosts() []Host {
	return append([]Host{t.Manager}, t.Members...)
}

// Discovery is the address of the discovery backend as the tutorial passes it
// to Swarm: consul://192.168.33.11:8500/
func (t Topology) Discovery() string {
	return fmt.Sprintf("consul://%s/", netip.AddrPortFrom(t.Manager.Addr, ConsulPort))
}
