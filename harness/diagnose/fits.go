package diagnose

import (
	"fmt"
	"strconv"
	"strings"

	"labcheck/harness/engine"
)

const (
	mtuOption   = "com.docker.network.driver.mtu"
	vxlanHeader = 50  // what VXLAN adds to a packet
	smallest    = 576 // that every IPv4 host takes, RFC 791
)

// fits finds networks that can't work on a host: their addresses are taken, or
// their packets are too large.
func (d *diagnosis) fits(f *hostFacts, n engine.Network) {
	again := []string{docker(d.topology.Manager, "network rm %s", n.Name), d.create()}
	if other, ok := clash(f.probe.links, n); ok {
		if d.once("network-clash") {
			d.report("network-clash", "", networkSection, d.Lang.Say("the addresses of %s are taken: packets for its containers and for hosts can't be told apart", n.Name), d.everywhere(packetKind)...).
				saw(docker(d.topology.Manager, "network inspect %s", n.Name), fmt.Sprint(n.Subnets)).
				saw("ip addr, on "+f.host.Name, other.name+" "+other.addr.String()).mend(again...)
		}
		return
	}
	outer, known := f.probe.outer(f.host)
	mtu, set := 1500-vxlanHeader, false
	if o, err := strconv.Atoi(n.Options[mtuOption]); err == nil {
		mtu, set = o, true
	}
	switch {
	case !known || mtu+vxlanHeader <= outer.mtu && mtu >= smallest:
	case set:
		if d.once("network-mtu") {
			d.report("network-mtu", "", networkSection, d.Lang.Say("%s has an MTU of %d: its packets do not fit into those of the hosts, or hold nothing", n.Name, mtu), d.everywhere(packetKind)...).
				saw(docker(d.topology.Manager, "network inspect %s", n.Name), mtuOption+"="+n.Options[mtuOption]).
				saw("ip link, on "+f.host.Name, fmt.Sprintf("%s mtu %d", outer.name, outer.mtu)).mend(again...)
		}
	default:
		d.report("mtu-small", f.host.Name, networkSection, d.Lang.Say("%s takes packets of %d bytes, %s sends up to %d: large ones are lost", f.host.Name, outer.mtu, n.Name, mtu+vxlanHeader), part{packetKind, f.host.Name}).
			saw("ip link, on "+f.host.Name, fmt.Sprintf("%s mtu %d", outer.name, outer.mtu)).
			advise(d.Lang.Say("set it on the host itself: ip link set %s mtu 1500; where that is not possible make the network with --opt %s=%d", outer.name, mtuOption, outer.mtu-vxlanHeader))
	}
}

// clash is an interface of the host with addresses of the network. The
// overlay's own have them rightly.
func clash(links []link, n engine.Network) (link, bool) {
	for _, l := range links {
		own := strings.HasPrefix(l.name, "ov-") || strings.HasPrefix(l.name, "vx-")
		for _, s := range n.Subnets {
			if !own && l.addr.IsValid() && s.Overlaps(l.addr) {
				return l, true
			}
		}
	}
	return link{}, false
}

// once tells whether no finding has a code yet.
func (d *diagnosis) once(code string) bool {
	for _, f := range d.found {
		if f.Code == code {
			return false
		}
	}
	return true
}

func (d *diagnosis) everywhere(k kind) []part {
	var all []part
	for _, h := range d.topology.Hosts() {
		all = append(all, part{k, h.Name})
	}
	return all
}
