package harness

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"labcheck/harness/lang"
)

// The bits that the subnet of hosts may have: room for 13 to 65,533 hosts.
const (
	widestSubnet    = 16
	narrowestSubnet = 28
)

// insideHost is a network that each host has inside.
type insideHost struct {
	network string
	subnet  netip.Prefix
}

// insideHosts returns the networks that Docker 20.10 gives each host, and the overlay
// network.
func (t Topology) insideHosts() []insideHost {
	overlay := t.NetworkSubnet
	if !overlay.IsValid() {
		overlay = netip.MustParsePrefix("10.0.0.0/24") // the engines' first choice
	}
	return []insideHost{
		{"docker0", netip.MustParsePrefix("172.17.0.0/16")},
		{"docker_gwbridge", netip.MustParsePrefix("172.18.0.0/16")},
		{t.Network, overlay},
	}
}

// In returns the topology on another IPv4 subnet of 16 to 28 bits. Each host keeps its
// place in the subnet: the same last octet, if both have 24 bits. On its own subnet it
// returns the topology as it is, if hosts can have their addresses there.
func (t Topology) In(subnet netip.Prefix) (Topology, error) {
	subnet = subnet.Masked()
	if err := checkBits(t.Subnet); err != nil {
		return Topology{}, err
	}
	if err := t.CheckSubnet(subnet); err != nil {
		return Topology{}, err
	}
	moved := t
	moved.Subnet, moved.Members = subnet, nil
	for i, h := range t.Hosts() {
		if err := checkPlace(t.Subnet, h); err != nil {
			return Topology{}, err
		}
		h.Addr = placeIn(subnet, placeOf(t.Subnet, h.Addr))
		if err := checkPlace(subnet, h); err != nil {
			return Topology{}, err
		}
		if i == 0 {
			moved.Manager = h
		} else {
			moved.Members = append(moved.Members, h)
		}
	}
	return moved, nil
}

// CheckSubnet returns an error if hosts can't have a subnet.
func (t Topology) CheckSubnet(subnet netip.Prefix) error {
	if err := checkBits(subnet); err != nil {
		return err
	}
	if first := subnet.Addr().As4()[0]; !subnet.Addr().IsGlobalUnicast() || first == 0 || first >= 240 {
		return lang.Errorf("subnet %s: hosts can't have such addresses; want a private subnet", subnet)
	}
	inside := t.insideHosts()
	if i := slices.IndexFunc(inside, func(n insideHost) bool { return n.subnet.Overlaps(subnet) }); i >= 0 {
		return lang.Errorf("subnet %s: %s inside each host has it", subnet, inside[i].network)
	}
	return nil
}

// checkBits returns an error if a subnet is no IPv4 subnet of 16 to 28 bits.
func checkBits(subnet netip.Prefix) error {
	if subnet.Addr().Is4() && subnet.Bits() >= widestSubnet && subnet.Bits() <= narrowestSubnet {
		return nil
	}
	return lang.Errorf("subnet %s: an IPv4 subnet with %d to %d bits is needed, such as 192.168.34.0/24",
		subnet, widestSubnet, narrowestSubnet)
}

// checkPlace returns an error if a host can't have its address: it is not in the
// subnet, or is its first, second or last one. The second is the bridge's own.
func checkPlace(subnet netip.Prefix, h Host) error {
	size := uint32(1) << (32 - subnet.Bits())
	place := uint32(0)
	if subnet.Contains(h.Addr) {
		place = placeOf(subnet, h.Addr)
	}
	if place < 2 || place == size-1 {
		return lang.Errorf("subnet %s: no host can have the address %s there, as %s would; the first is %s, the last %s",
			subnet, h.Addr, h.Name, placeIn(subnet, 2), placeIn(subnet, size-2))
	}
	return nil
}

// placeOf returns how many addresses of a subnet are before one of them.
func placeOf(subnet netip.Prefix, addr netip.Addr) uint32 {
	first, a := subnet.Masked().Addr().As4(), addr.As4()
	return binary.BigEndian.Uint32(a[:]) - binary.BigEndian.Uint32(first[:])
}

// placeIn returns the address of a place in a subnet.
func placeIn(subnet netip.Prefix, place uint32) netip.Addr {
	a := subnet.Masked().Addr().As4()
	binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(a[:])+place)
	return netip.AddrFrom4(a)
}

// Around returns the topology on the narrowest subnet of at most 24 bits that has all
// its hosts. Whether hosts of a lab can have that subnet is for In to say.
func (t Topology) Around() (Topology, error) {
	for _, h := range t.Hosts() {
		if !h.Addr.Is4() {
			return Topology{}, lang.Errorf("%s has the address %s: hosts of a lab have IPv4 addresses", h.Name, h.Addr)
		}
	}
	for bits := 24; bits >= widestSubnet; bits-- {
		subnet, _ := t.Manager.Addr.Prefix(bits)
		isOutside := func(h Host) bool { return checkPlace(subnet, h) != nil }
		if !slices.ContainsFunc(t.Hosts(), isOutside) {
			t.Subnet = subnet
			return t, nil
		}
	}
	return Topology{}, lang.Errorf("no subnet with %d bits or more has the addresses of all hosts", widestSubnet)
}

// Numbered returns a topology of n hosts on a subnet: the manager, and members whose
// names are node1, node2 and so on, with as many digits as the last one needs. All
// have the size of the page's small hosts.
func Numbered(n int, subnet netip.Prefix) (Topology, error) {
	subnet = subnet.Masked()
	t := Tutorial()
	if err := t.CheckSubnet(subnet); err != nil {
		return Topology{}, err
	}
	if most := 1<<(32-subnet.Bits()) - 3; n < 2 || n > most {
		return Topology{}, lang.Errorf("%d hosts: want 2 to %d, which is how many subnet %s has room for", n, most, subnet)
	}
	t.Subnet, t.Members = subnet, nil
	digits := len(strconv.Itoa(n - 1))
	for i := range n {
		h := t.Manager // for its size
		h.Own = Sizes{CPUs: true, Memory: true}
		h.Addr = placeIn(subnet, uint32(i)+2)
		if i == 0 {
			t.Manager = h
			continue
		}
		h.Name = fmt.Sprintf("node%0*d", digits, i)
		t.Members = append(t.Members, h)
	}
	return t, nil
}

// IsTutorial reports whether the page's commands, at the addresses of these hosts, make
// this cluster: it has the page's hosts, by their names, and its network, and no
// replicas.
func (t Topology) IsTutorial() bool {
	page := Tutorial()
	return slices.Equal(slices.Sorted(slices.Values(t.HostNames())), slices.Sorted(slices.Values(page.HostNames()))) &&
		t.Network == page.Network && t.NetworkSubnet == page.NetworkSubnet && t.Replicas == 0
}

// HostNames returns the names of all hosts, the manager's first.
func (t Topology) HostNames() []string { return NamesOf(t.Hosts()) }

// NamesOf returns the names of hosts, in their order.
func NamesOf(hosts []Host) []string {
	var names []string
	for _, h := range hosts {
		names = append(names, h.Name)
	}
	return names
}
