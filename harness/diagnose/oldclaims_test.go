package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	wasJoined rows = "as-joined" // the members as the page joins them
	wasListed rows = "as listed" // the members by name, as Swarm lists them
	wasHosts  rows = "as hosts"  // the manager, then the members as joined
	manager   rows = "manager"   // no rows: of the manager alone
)

// claims are those of the features. One that is not here may rest on anything.
var claims = []claim{
	{"manager-reaches", wasJoined, []kind{pathKind}},
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
	{"join", wasJoined, []kind{joinKind}},
	{"join-container", wasJoined, []kind{joinKind}},
	{"node-healthy", wasListed, []kind{memberKind}},
	{"info-of-the-cluster", "", []kind{memberKind, listKind, strategyKind}},
	{"nodes-in-order", "", []kind{memberKind, listKind}},
	{"node-size", wasListed, []kind{memberKind}},
	{"node-details", wasListed, []kind{memberKind}},
	{"cluster-totals", "", []kind{memberKind, listKind}},
	{"only-on-the-manager", "", []kind{consulLookKind, managerLookKind, engineKind}},
	{"registered", wasJoined, []kind{keyKind}},
	{"runs-on-one-node", "", []kind{memberKind, listKind, diskKind}},
	{"spread", "", []kind{memberKind, listKind, strategyKind, diskKind}},
	{"networks-of-the-manager", manager, []kind{networkKind}},
	{"networks-of-the-cluster", "", []kind{memberKind, networkKind}},
	{"own-networks", wasListed, []kind{memberKind}},
	{"create-network", "", []kind{networkKind, managerKind}},
	{"engines-meet", "", []kind{gossipKind}},
	{"cluster-shows-network", "", []kind{memberKind, networkKind}},
	{"manager-shows-network", manager, []kind{networkKind}},
	{"cluster-store", wasHosts, []kind{settingKind}},
	{"node-shows-network", "", []kind{networkKind}},
	{"network-on-node", wasHosts, []kind{networkKind}},
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
func (d *diagnosis) oldHostsOf(r rows) []string {
	var names []string
	for _, h := range d.topology.Members {
		names = append(names, h.Name)
	}
	switch r {
	case wasListed:
		slices.Sort(names)
	case wasHosts, "":
		names = append([]string{d.topology.Manager.Name}, names...)
	case manager:
		names = []string{d.topology.Manager.Name}
	}
	return names
}

// rests is all that a claim rests on on some hosts.
func (d *diagnosis) oldRests(needs []kind, hosts []string) []part {
	var all []part
	for _, k := range needs {
		for _, h := range hosts {
			all = append(all, d.below(d.of(k, h))...)
		}
	}
	return all
}

// needs is what a scenario rests on, by its id.
func (d *diagnosis) oldNeeds(id string) []part {
	base, row, _ := strings.Cut(id, "#")
	for _, c := range claims {
		if c.id != base {
			continue
		}
		hosts := d.oldHostsOf(c.rows)
		var n int
		if _, err := fmt.Sscan(row, &n); err == nil && n >= 1 && n <= len(hosts) && c.byHost() {
			hosts = hosts[n-1 : n]
		}
		return d.oldRests(c.needs, hosts)
	}
	return d.oldRests([]kind{packetKind, memberKind, strategyKind, listKind, consulLookKind, managerLookKind}, d.oldHostsOf(wasHosts))
}

// byHost tells whether each row of the claim is of a host.
func (c claim) byHost() bool { return c.rows == wasJoined || c.rows == wasListed || c.rows == wasHosts }

// ids are the claims that a finding can make false: of those that failed, where
// that is known, else of all.
func (d *diagnosis) oldIDs() []string {
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
		for i := range d.oldHostsOf(c.rows) {
			all = append(all, fmt.Sprintf("%s#%d", c.id, i+1))
		}
	}
	return all
}

// TestTagsAreTheTable holds that the tags of the features say what the table says.
func TestTagsAreTheTable(t *testing.T) {
	smaller, larger := harness.Tutorial(), harness.Tutorial()
	smaller.Members = smaller.Members[:3]
	larger.Members = append(larger.Members, harness.Host{Name: "extra"})
	for _, topology := range []harness.Topology{harness.Tutorial(), smaller, larger} {
		d := testDiagnosis()
		d.topology = topology
		d.Claims = featureClaims()
		for _, s := range d.Claims {
			if diff := cmp.Diff(fmt.Sprint(d.oldNeeds(s.ID)), fmt.Sprint(d.needs(s))); diff != "" {
				t.Errorf("%s (-table +tags):\n%s", s.ID, diff)
			}
			if len(d.needs(s)) == 0 {
				t.Error(s.ID)
			}
		}
		var ids []string
		for _, s := range d.explainable() {
			ids = append(ids, s.ID)
		}
		old := slices.DeleteFunc(d.oldIDs(), func(id string) bool {
			return strings.HasSuffix(id, "#5") && len(topology.Members) == 5 && !strings.HasPrefix(id, "cluster-store") && !strings.HasPrefix(id, "network-on-node") || strings.HasSuffix(id, "#6")
		})
		if diff := cmp.Diff(old, ids); diff != "" {
			t.Errorf("claims that can be explained (-table +tags):\n%s", diff)
		}
	}
}
