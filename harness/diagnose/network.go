package diagnose

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

const (
	mtuOption   = "com.docker.network.driver.mtu"
	vxlanHeader = 50  // what VXLAN adds to a packet
	smallest    = 576 // that every IPv4 host takes, RFC 791
)

// checkNetwork finds out where the overlay network lacks, is another, or can't work.
func checkNetwork(d *diagnosis) bool {
	all := true
	var hosts []*survey.Host
	for _, h := range d.state.Hosts {
		switch {
		case !d.isIntact(networkKind, h.Name):
		case h.NetworksError.Err != nil:
			all = false
			why := d.Lang.Error(survey.KindOf(h.NetworksError.Err))
			d.notAsked = append(d.notAsked, d.Lang.Say("%s: its engine's networks: %s", h.Name, why))
		default:
			hosts = append(hosts, h)
		}
	}
	if id := commonNetwork(d.state.Hosts); id == "" && len(hosts) > 0 {
		reportNoNetwork(d, hosts)
	} else {
		for _, h := range hosts {
			checkNetworkOn(d, h, id)
		}
	}
	return all && len(hosts) > 0
}

// commonNetwork returns the ID of the overlay network that most hosts have.
func commonNetwork(hosts []*survey.Host) string {
	var ids []string
	for _, h := range hosts {
		for _, n := range h.Networks {
			if n.Driver == engine.Overlay {
				ids = append(ids, n.ID)
			}
		}
	}
	return harness.MostFrequent(ids)
}

// createNetwork returns the page's command for the network.
func createNetwork(d *diagnosis) string {
	subnet := ""
	if p := d.topology.NetworkSubnet; p.IsValid() {
		subnet = fmt.Sprintf("--subnet %s ", p)
	}
	return fmt.Sprintf("docker -H=tcp://%s network create --driver %s %s%s",
		d.topology.Swarm(), engine.Overlay, subnet, d.topology.Network)
}

// reportNoNetwork reports that no engine has the overlay network, though some may
// have another of its name.
func reportNoNetwork(d *diagnosis, hosts []*survey.Host) {
	var seen, remove []string
	for _, h := range hosts {
		for _, n := range h.Networks {
			seen = append(seen, fmt.Sprintf("%s: %.12s %s", h.Name, n.ID, n.Driver))
			remove = append(remove, dockerCommand(h.Host, "network rm %s", n.ID))
		}
	}
	var f *finding
	if len(seen) > 0 {
		f = d.addFinding("network-wrong-driver", "", d.topology.Network).
			addSeen("docker network ls", strings.Join(seen, "; "))
	} else {
		code, lost := "network-missing", dataLost(d)
		if len(lost) > 0 {
			code = "consul-data-lost"
		}
		f = d.addFinding(code, "", d.topology.Network).
			addSeen(dockerCommand(d.topology.Manager, "network ls"), d.Lang.Say("no %s", d.topology.Network))
		for _, c := range lost {
			f.addSeen(c.inspect, "Created "+c.created)
		}
	}
	f.setBreaks(d.partOnEachHost(networkKind)...).addRemedy(append(remove, createNetwork(d))...)
}

// made is when a container was made, and how that is asked.
type made struct{ inspect, created string }

// dataLost returns when Consul was made and when a container that wrote into it,
// if that one is older: then Consul has forgotten what it held.
func dataLost(d *diagnosis) []made {
	consul := consulOn(d, d.topology.Manager).ownContainers()[0]
	for _, h := range d.topology.Members {
		joins := joinOn(d, h).ownContainers()
		if len(joins) > 0 && consul.Created.After(joins[0].Created) {
			return []made{
				{dockerCommand(d.topology.Manager, "inspect %s", consul.Name), consul.Created.UTC().Format("2006-01-02T15:04:05Z")},
				{dockerCommand(h, "inspect %s", joins[0].Name), joins[0].Created.UTC().Format("2006-01-02T15:04:05Z")},
			}
		}
	}
	return nil
}

// checkNetworkOn finds out what is wrong on one host of a cluster that has the
// network.
func checkNetworkOn(d *diagnosis, h *survey.Host, id string) {
	var right *engine.Network
	var others []engine.Network
	for _, n := range h.Networks {
		if n.ID == id {
			right = &n
		} else {
			others = append(others, n)
		}
	}
	asked := dockerCommand(h.Host, "network ls")
	switch {
	case right == nil && len(others) == 0:
		f := d.addFinding("network-missing", h.Name, d.topology.Network).addSeen(asked, "no "+d.topology.Network).
			setCause("%s does not have %s, which other engines have", h.Name, d.topology.Network)
		f.Advice = d.Lang.Say("restart its engine: it reads the cluster store anew")
	case len(others) > 0:
		f := d.addFinding("network-twice", h.Name, h.Name, d.topology.Network)
		for _, n := range others {
			f.addSeen(asked, fmt.Sprintf("%.12s %s %s", n.ID, n.Name, n.Driver)).
				addRemedy(dockerCommand(h.Host, "network rm %s", n.ID))
		}
	default:
		checkFit(d, h, *right)
	}
}

// checkFit finds networks that can't work on a host: their addresses are taken, or
// their packets are too large.
func checkFit(d *diagnosis, h *survey.Host, n engine.Network) {
	if other, ok := clashingLink(h.Probe.Links, n); ok {
		reportUnfit(d, "network-clash", n, fmt.Sprint(n.Subnets), n.Name).
			addSeen("ip addr, on "+h.Name, other.Name+" "+other.Addr.String())
		return
	}
	outer, known := h.Probe.LinkOf(h.Host)
	mtu, set := 1500-vxlanHeader, false
	if o, err := strconv.Atoi(n.Options[mtuOption]); err == nil {
		mtu, set = o, true
	}
	asked, answered := "ip link, on "+h.Name, fmt.Sprintf("%s mtu %d", outer.Name, outer.MTU)
	switch {
	case !known || mtu+vxlanHeader <= outer.MTU && mtu >= smallest:
	case set:
		reportUnfit(d, "network-mtu", n, mtuOption+"="+n.Options[mtuOption], n.Name, mtu).addSeen(asked, answered)
	default:
		d.addFinding("mtu-small", h.Name, h.Name, outer.MTU, n.Name, mtu+vxlanHeader).addSeen(asked, answered).
			addRemedyOn(h.Name, fmt.Sprintf("ip link set %s mtu 1500", outer.Name)).setAdvice(mtuOption, outer.MTU-vxlanHeader)
	}
}

// reportUnfit reports a network that must be made anew, once for all hosts.
func reportUnfit(d *diagnosis, code string, n engine.Network, seen string, cause ...any) *finding {
	if d.hasFound(code) {
		return d.newFinding(code, "", cause...) // which is not told
	}
	manager := d.topology.Manager
	return d.addFinding(code, "", cause...).setBreaks(d.partOnEachHost(packetKind)...).
		addSeen(dockerCommand(manager, "network inspect %s", n.Name), seen).
		addRemedy(dockerCommand(manager, "network rm %s", n.Name), createNetwork(d))
}

// clashingLink returns an interface of a host with addresses of the network. The
// overlay's own have them rightly.
func clashingLink(links []survey.Link, n engine.Network) (survey.Link, bool) {
	for _, l := range links {
		isOverlay := strings.HasPrefix(l.Name, "ov-") || strings.HasPrefix(l.Name, "vx-")
		for _, s := range n.Subnets {
			if !isOverlay && l.Addr.IsValid() && s.Overlaps(l.Addr) {
				return l, true
			}
		}
	}
	return survey.Link{}, false
}

// localContainers returns the addresses of a host's own containers on the network,
// with their names.
func localContainers(h *survey.Host) map[netip.Addr]string {
	own := map[netip.Addr]string{}
	for _, n := range h.Networks {
		for _, e := range n.Containers {
			if !strings.HasPrefix(e.Container, "ep-") {
				own[e.Addr] = e.Name
			}
		}
	}
	return own
}
