package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/survey"
)

// checkNeighbours finds containers elsewhere that an engine was never told of, or
// whose packets it sends astray.
func checkNeighbours(d *diagnosis) bool {
	for h := range d.hostsWith(packetKind) {
		if len(localContainers(h)) > 0 && h.Probe.Told && !h.Probe.User {
			checkNeighboursOf(d, h)
		}
	}
	return keysAreKnown(d)
}

// checkNeighboursOf judges an engine that has containers itself. What is told by
// gossip is told once.
func checkNeighboursOf(d *diagnosis, h *survey.Host) {
	var lost, restart []string
	elsewhere := map[netip.Addr]harness.Host{}
	for _, other := range d.state.Hosts {
		if other.Name == h.Name {
			continue
		}
		for addr, name := range localContainers(other) {
			elsewhere[addr] = other.Host
			if !slices.Contains(h.Probe.Neighbours, addr) {
				lost = append(lost, fmt.Sprintf("%s (%s) on %s", name, addr, other.Name))
				restart = append(restart, dockerCommand(other.Host, "restart %s", name))
			}
		}
	}
	reportStale(d, h, elsewhere)
	if len(lost) == 0 {
		return
	}
	slices.Sort(lost)
	slices.Sort(restart)
	d.addFinding("neighbours-lost", h.Name, h.Name, d.topology.Network).
		addSeen("ip neigh show nud permanent, on "+h.Name, "no "+strings.Join(lost, ", no ")).addRemedy(restart...)
}

// reportStale reports an engine that sends what is for containers, by their
// addresses, to hosts that they are not on. An engine that had to ask where an
// address is keeps the answer when the container is gone, and while it does, it
// does not heed what it is told of the address's next container.
func reportStale(d *diagnosis, from *survey.Host, elsewhere map[netip.Addr]harness.Host) (isStale bool) {
	var astray []string
	for addr, on := range elsewhere {
		if to, told := from.Probe.Forwards[hardwareAddr(addr)]; told && to != on.Addr {
			astray = append(astray, fmt.Sprintf("%s dst %s; %s is on %s", hardwareAddr(addr), to, addr, on.Name))
		}
	}
	if len(astray) == 0 {
		return false
	}
	slices.Sort(astray)
	d.addFinding("neighbour-stale", from.Name, from.Name, d.topology.Network).
		addSeen("bridge fdb show, on "+from.Name, strings.Join(astray, "\n")).setAdvice(from.Name)
	return true
}

// hardwareAddr returns what the engine gives a container with an address.
func hardwareAddr(a netip.Addr) string {
	b := a.As4()
	return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}
