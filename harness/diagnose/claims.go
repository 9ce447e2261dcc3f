package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
)

// claim is a scenario of the features, by its id, and what it rests on.
type claim struct {
	id string
	// rows are the hosts of an outline's rows, in their order; the kinds of
	// each are then of its host alone. Without rows they are of every host.
	rows  rows
	needs []kind
}

// rows is an order of hosts that outlines have.
type rows string

// The orders.
const (
	asJoined rows = "as joined" // the members as the page joins them
	asListed rows = "as listed" // the members by name, as Swarm lists them
	asHosts  rows = "as hosts"  // the manager, then the members as joined
	manager  rows = "manager"   // no rows: of the manager alone
)

// claims are those of the features. One that is not here may rest on anything.
var claims = []claim{
	{"manager-reaches", asJoined, []kind{pathKind}},
	{"start-consul", manager, []kind{consulBoxKind, diskKind}},
	{"ps-shows-consul", manager, []kind{consulLookKind}},
	{"consul-container", manager, []kind{consulLookKind}},
	{"consul-answers", manager, []kind{consulKind}},
	{"consul-leader", manager, []kind{consulKind}},
	{"start-manager", manager, []kind{managerBoxKind, diskKind}},
	{"swarm-container", manager, []kind{managerLookKind, managerKind}},
	{"info-of-the-engine", manager, []kind{settingKind}},
	{"manager-engine", manager, []kind{settingKind}},
	{"ps-shows-both", manager, []kind{consulLookKind, managerLookKind}},
	{"info-of-the-empty-cluster", manager, []kind{listKind, strategyKind}},
	{"swarm-settings", manager, []kind{strategyKind}},
	{"swarm-filters", manager, []kind{managerKind}},
	{"swarm-name", manager, []kind{managerKind}},
	{"join", asJoined, []kind{joinKind}},
	{"join-container", asJoined, []kind{joinKind}},
	{"node-healthy", asListed, []kind{memberKind}},
	{"info-of-the-cluster", "", []kind{memberKind, listKind, strategyKind}},
	{"nodes-in-order", "", []kind{memberKind, listKind}},
	{"node-size", asListed, []kind{memberKind}},
	{"node-details", asListed, []kind{memberKind}},
	{"cluster-totals", "", []kind{memberKind, listKind}},
	{"only-on-the-manager", "", []kind{consulLookKind, managerLookKind, engineKind}},
	{"registered", asJoined, []kind{keyKind}},
	{"runs-on-one-node", "", []kind{memberKind, listKind, diskKind}},
	{"spread", "", []kind{memberKind, listKind, strategyKind, diskKind}},
	{"networks-of-the-manager", manager, []kind{networkKind}},
	{"networks-of-the-cluster", "", []kind{memberKind, networkKind}},
	{"own-networks", asListed, []kind{memberKind}},
	{"create-network", "", []kind{networkKind, managerKind}},
	{"engines-meet", "", []kind{gossipKind}},
	{"cluster-shows-network", "", []kind{memberKind, networkKind}},
	{"manager-shows-network", manager, []kind{networkKind}},
	{"cluster-store", asHosts, []kind{settingKind}},
	{"node-shows-network", "", []kind{networkKind}},
	{"network-on-node", asHosts, []kind{networkKind}},
	{"network-of-cluster", "", []kind{networkKind, managerKind}},
	{"network-is-one", "", []kind{networkKind, managerKind}},
	{"engines-know-each-other", "", []kind{gossipKind}},
	{"reach-everywhere", "", []kind{packetKind, diskKind}},
	{"reach-through-swarm", "", []kind{packetKind, memberKind, diskKind}},
	{"inspect-bridge", manager, []kind{consulBoxKind, managerBoxKind}},
	{"inspect-mynet", manager, []kind{consulBoxKind, managerBoxKind, networkKind}},
	{"on-bridge-only", manager, []kind{consulBoxKind, managerBoxKind}},
}

// hostsOf are the hosts of an order.
func (d *diagnosis) hostsOf(r rows) []string {
	var names []string
	for _, h := range d.topology.Members {
		names = append(names, h.Name)
	}
	switch r {
	case asListed:
		slices.Sort(names)
	case asHosts, "":
		names = append([]string{d.topology.Manager.Name}, names...)
	case manager:
		names = []string{d.topology.Manager.Name}
	}
	return names
}

// rests is all that a claim rests on on some hosts.
func (d *diagnosis) rests(needs []kind, hosts []string) []part {
	var all []part
	for _, k := range needs {
		for _, h := range hosts {
			all = append(all, d.partsBelow(d.partOf(k, h))...)
		}
	}
	return all
}

// needs is what a scenario rests on, by its id.
func (d *diagnosis) needs(id string) []part {
	base, row, _ := strings.Cut(id, "#")
	for _, c := range claims {
		if c.id != base {
			continue
		}
		hosts := d.hostsOf(c.rows)
		var n int
		if _, err := fmt.Sscan(row, &n); err == nil && n >= 1 && n <= len(hosts) && c.byHost() {
			hosts = hosts[n-1 : n]
		}
		return d.rests(c.needs, hosts)
	}
	return d.rests([]kind{packetKind, memberKind, strategyKind, listKind, consulLookKind, managerLookKind}, d.hostsOf(asHosts))
}

// byHost tells whether each row of the claim is of a host.
func (c claim) byHost() bool { return c.rows == asJoined || c.rows == asListed || c.rows == asHosts }

// ids are the claims that a finding can make false: of those that failed, where
// that is known, else of all.
func (d *diagnosis) ids() []string {
	var all []string
	if d.Failed != nil {
		for _, s := range d.Failed {
			all = append(all, s.ID)
		}
		return all
	}
	for _, c := range claims {
		if !c.byHost() {
			all = append(all, c.id)
			continue
		}
		for i := range d.hostsOf(c.rows) {
			all = append(all, fmt.Sprintf("%s#%d", c.id, i+1))
		}
	}
	return all
}

// explained are the claims that rest on what a finding says is broken.
func (d *diagnosis) explained(f *finding) []string {
	var all []string
	for _, id := range d.ids() {
		if f.breaksAny(d.needs(id)) {
			all = append(all, id)
		}
	}
	return all
}

// unexplained are the failed claims that rest on nothing that is known to be
// broken.
func (d *diagnosis) unexplained() []string {
	var rest []string
	for _, s := range d.Failed {
		if !slices.ContainsFunc(d.found, func(f *finding) bool { return slices.Contains(f.Explains, s.ID) }) {
			rest = append(rest, s.ID)
		}
	}
	return rest
}

// noCause is the finding of what has no cause: with what was ruled out.
func (d *diagnosis) noCause(ids []string) harness.Finding {
	f := d.newFinding("unexplained", "", len(ids))
	f.Explains = ids
	for _, h := range d.held {
		f.addSeen(h, d.Lang.Say("so it is"))
	}
	for _, h := range d.notAsked {
		f.addSeen(h, d.Lang.Say("could not be asked"))
	}
	return f.Finding
}
