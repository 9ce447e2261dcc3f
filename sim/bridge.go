package sim

import (
	"encoding/json"
	"net"
	"net/netip"
	"slices"

	"github.com/docker/docker/api/types/network"

	"labcheck/harness/lang"
)

// labBridge is the network that a lab's nodes are on: a bridge, or the overlay of a lab
// on several machines.
type labBridge struct {
	id       string
	subnet   netip.Prefix
	topology string // as recordTopology writes it
	engines  []recordedEngine
}

// isOverlay reports whether the nodes are on several machines.
func (b labBridge) isOverlay() bool { return len(b.engines) > 0 }

// recordedEngine is an engine of a lab on several machines.
type recordedEngine struct {
	ID   string `json:"id"`
	Name string `json:"name"` // a value of --engine
}

// readMachines reads a value of labelEngines; it is empty if a lab is on one machine.
func readMachines(label string) (recorded []recordedEngine, err error) {
	if label == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(label), &recorded); err != nil {
		return nil, lang.Errorf("label %s of the lab's network: %w", labelEngines, err)
	}
	return recorded, nil
}

// interfaceName returns the name that the engine gives the bridge's interface.
func (b labBridge) interfaceName() string { return "br-" + b.id[:min(12, len(b.id))] }

// isLocal reports whether this machine has the bridge, with the lab's subnet on it,
// so that what is sent to a node's address goes to the node and nowhere else.
func (b labBridge) isLocal() bool {
	_, ok := b.localAddr()
	return ok
}

// localAddr returns this machine's own address on the bridge.
func (b labBridge) localAddr() (netip.Addr, bool) {
	i, err := net.InterfaceByName(b.interfaceName())
	if err != nil || i.Flags&net.FlagUp == 0 {
		return netip.Addr{}, false
	}
	addr, ok := overlappingAddr(*i, b.subnet)
	return addr.Addr(), ok
}

// overlappingAddr returns the address of an interface that overlaps with a subnet.
func overlappingAddr(i net.Interface, subnet netip.Prefix) (netip.Prefix, bool) {
	addrs, _ := i.Addrs() // none if the interface was removed since it was listed
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Masked().Overlaps(subnet) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// subnetsOf returns the subnets of a network.
func subnetsOf(ipam network.IPAM) []netip.Prefix {
	var found []netip.Prefix
	for _, c := range ipam.Config {
		if p, err := netip.ParsePrefix(c.Subnet); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// hasOverlap reports whether a network has addresses of a subnet.
func hasOverlap(n network.Inspect, subnet netip.Prefix) bool {
	return slices.ContainsFunc(subnetsOf(n.IPAM), subnet.Overlaps)
}
