package diagnose

import (
	"fmt"
	"net/netip"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// network finds out where the overlay network lacks, is another, or can't work.
func (d *diagnosis) network() {
	before, all := len(d.found), true
	var hosts []*hostFacts
	for _, h := range d.topology.Hosts() {
		f := d.facts.hosts[h.Name]
		switch {
		case !d.holds(networkKind, h.Name):
		case f.netErr != nil:
			all = false
			d.notAsked = append(d.notAsked, d.Lang.Say("%s: its engine's networks: %s", h.Name, d.Lang.Error(root(f.netErr))))
		default:
			hosts = append(hosts, f)
		}
	}
	if id := d.theNetwork(hosts); id == "" && len(hosts) > 0 {
		d.noNetwork(hosts)
	} else {
		for _, f := range hosts {
			d.networkOn(f, id)
		}
	}
	d.asked(before, all && len(hosts) > 0, "%s is one overlay network on every engine", d.topology.Network)
}

// theNetwork is the ID of the overlay network that most hosts have.
func (d *diagnosis) theNetwork(hosts []*hostFacts) string {
	votes, best := map[string]int{}, ""
	for _, f := range hosts {
		for _, n := range f.networks {
			if n.Driver == engine.Overlay {
				votes[n.ID]++
			}
			if votes[n.ID] > votes[best] {
				best = n.ID
			}
		}
	}
	return best
}

// create is the page's command for the network.
func (d *diagnosis) create() string {
	return fmt.Sprintf("docker -H=tcp://%s network create --driver %s %s", d.topology.Swarm().String(), engine.Overlay, d.topology.Network)
}

// noNetwork: no engine has the overlay network, though some may have another of
// its name.
func (d *diagnosis) noNetwork(hosts []*hostFacts) {
	var breaks []part
	for _, h := range d.topology.Hosts() {
		breaks = append(breaks, part{networkKind, h.Name})
	}
	var seen []string
	var remove []string
	for _, f := range hosts {
		for _, n := range f.networks {
			seen = append(seen, fmt.Sprintf("%s: %.12s %s", f.host.Name, n.ID, n.Driver))
			remove = append(remove, docker(f.host, "network rm %s", n.ID))
		}
	}
	if len(seen) > 0 {
		d.report("network-wrong-driver", "", networkSection, d.Lang.Say("%s is no overlay network: it ends at each host", d.topology.Network), breaks...).
			saw("docker network ls", strings.Join(seen, "; ")).mend(append(remove, d.create())...)
		return
	}
	r := d.report("network-missing", "", networkSection, d.Lang.Say("no engine has %s", d.topology.Network), breaks...).
		saw(docker(d.topology.Manager, "network ls"), d.Lang.Say("no %s", d.topology.Network)).mend(d.create())
	d.lost(r)
}

// lost adds that Consul forgot the network, where it is younger than those that
// wrote into it.
func (d *diagnosis) lost(r *finding) {
	consul := d.consulService().mine()[0]
	for _, h := range d.topology.Members {
		joins := d.joinService(h).mine()
		if len(joins) == 0 || !consul.Created.After(joins[0].Created) {
			continue
		}
		r.Code = "consul-data-lost"
		r.Cause = d.Lang.Say("Consul was made anew and knows nothing of %s: what it held is lost", d.topology.Network)
		r.Confidence = harness.Likely
		r.saw(docker(d.topology.Manager, "inspect %s", consul.Name), "Created "+consul.Created.UTC().Format("2006-01-02T15:04:05Z")).
			saw(docker(h, "inspect %s", joins[0].Name), "Created "+joins[0].Created.UTC().Format("2006-01-02T15:04:05Z")).
			advise(d.Lang.Say("where making it hangs or says that pool configuration failed, restart the engines first"))
		return
	}
}

// networkOn: the cluster has the network; what about one host?
func (d *diagnosis) networkOn(f *hostFacts, id string) {
	var right *engine.Network
	var others []engine.Network
	for _, n := range f.networks {
		if n.ID == id {
			right = &n
		} else {
			others = append(others, n)
		}
	}
	breaks := part{networkKind, f.host.Name}
	asked := docker(f.host, "network ls")
	switch {
	case right == nil && len(others) == 0:
		d.report("network-missing", f.host.Name, networkSection, d.Lang.Say("%s does not have %s, which other engines have", f.host.Name, d.topology.Network), breaks).
			saw(asked, "no "+d.topology.Network).
			advise(d.Lang.Say("restart its engine: it reads the cluster store anew"))
	case len(others) > 0:
		r := d.report("network-twice", f.host.Name, networkSection, d.Lang.Say("%s has a network of its own that is also called %s", f.host.Name, d.topology.Network), breaks)
		for _, n := range others {
			r.saw(asked, fmt.Sprintf("%.12s %s %s", n.ID, n.Name, n.Driver)).mend(docker(f.host, "network rm %s", n.ID))
		}
	default:
		d.fits(f, *right)
	}
}

// local are the addresses of a host's own containers on the network, by name.
func (f *hostFacts) local() map[netip.Addr]string {
	own := map[netip.Addr]string{}
	for _, n := range f.networks {
		for _, e := range n.Containers {
			if !strings.HasPrefix(e.Container, "ep-") {
				own[e.Addr] = e.Name
			}
		}
	}
	return own
}
