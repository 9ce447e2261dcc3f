package diagnose

import (
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
)

func testDiagnosis(failed ...string) *diagnosis {
	d := &diagnosis{topology: harness.Tutorial()}
	for _, id := range failed {
		d.Failed = append(d.Failed, claimOf(id))
	}
	return d
}

// claimOf returns the scenario of an id, with its tags in the features.
func claimOf(id string) harness.Scenario {
	for _, s := range featureClaims() {
		if s.ID == id {
			return s
		}
	}
	return harness.Scenario{ID: id}
}

// featureClaims returns the scenarios of the features, with no more than their ids
// and tags. The package suite, which imports this one, can't be asked for them.
func featureClaims() []harness.Scenario {
	var all []harness.Scenario
	files, _ := fs.Glob(features.FS, "en/*.feature")
	for _, name := range files {
		content, _ := fs.ReadFile(features.FS, name)
		var of harness.Scenario
		row := -1 // before the first row, or the heading, of an outline's examples
		for line := range strings.Lines(string(content)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.Contains(line, "@id:"):
				of, row = harness.Scenario{Tags: strings.Fields(line)}, -1
				of.ID = taggedValues(of, "@id:")[0]
			case strings.HasPrefix(line, "Scenario:"):
				all = append(all, of)
			case line == "Examples:":
				row = 0
			case row >= 0 && strings.HasPrefix(line, "|"):
				if row > 0 {
					all = append(all, harness.Scenario{ID: fmt.Sprintf("%s#%d", of.ID, row), Tags: of.Tags})
				}
				row++
			}
		}
	}
	return all
}

// TestExplained: one cause explains the claims that rest on what is broken, and
// no others.
func TestExplained(t *testing.T) {
	failed := []string{"registered#2", "registered#1", "node-healthy#2", "node-healthy#3", "cluster-totals#1", "swarm-settings#2", "consul-leader", "never-heard-of"}
	for _, c := range []struct {
		breaks part
		want   []string
	}{
		{part{joinKind, "frontend02"}, []string{"registered#2", "node-healthy#2", "cluster-totals#1", "never-heard-of"}},
		{part{joinKind, "store"}, []string{"node-healthy#3", "cluster-totals#1", "never-heard-of"}},
		{part{memberKind, "frontend02"}, []string{"node-healthy#2", "cluster-totals#1", "never-heard-of"}},
		{part{strategyKind, ""}, []string{"swarm-settings#2", "never-heard-of"}},
		{part{consulKind, ""}, []string{"registered#2", "registered#1", "node-healthy#2", "node-healthy#3", "cluster-totals#1", "consul-leader", "never-heard-of"}},
		{part{engineKind, "manager"}, failed},
	} {
		d := testDiagnosis(failed...)
		d.addFinding("host-down", c.breaks.host, "x").setBreaks(c.breaks)
		if diff := cmp.Diff(c.want, d.makeResult().Findings[0].Explains); diff != "" {
			t.Errorf("%v:\n%s", c.breaks, diff)
		}
	}
}

// TestOtherCauses: where every false claim has a cause, others are left out.
func TestOtherCauses(t *testing.T) {
	for failed, want := range map[string]int{"registered#2": 1, "": 2} {
		d := testDiagnosis(strings.Fields(failed)...)
		d.addFinding("join-missing", "frontend02", "x", "y")
		d.addFinding("network-missing", "", "x").setBreaks(d.partOnEachHost(networkKind)...)
		if got := d.makeResult().Findings; len(got) != want {
			t.Errorf("%q: %+v", failed, got)
		}
	}
}

// TestUnexplained: what no cause explains is a finding too, with what was ruled
// out.
func TestUnexplained(t *testing.T) {
	d := testDiagnosis("registered#1", "registered#2")
	d.noteLayer(lang.Text{EN: "Consul answers"}, true, true)
	d.addFinding("join-missing", "frontend02", "x", "y")
	d.noteLayer(lang.Text{EN: "packets arrive"}, false, true)
	r := d.makeResult()
	last := r.Findings[len(r.Findings)-1]
	if len(r.Findings) != 2 || last.Code != "unexplained" || !slices.Equal(last.Explains, []string{"registered#1"}) {
		t.Errorf("%+v", r.Findings)
	}
	want := []harness.Observation{{Asked: "Consul answers", Answered: "so it is"}, {Asked: "packets arrive: what was found is to be fixed first", Answered: "could not be asked"}}
	if diff := cmp.Diff(want, last.Seen); diff != "" {
		t.Error(diff)
	}
}

// TestBlocks: what rests on something broken is not asked, what does not is.
func TestBlocks(t *testing.T) {
	d := testDiagnosis()
	d.addFinding("consul-stopped", "manager", "x", "y")
	for _, c := range []struct {
		what  kind
		host  string
		holds bool
	}{
		{engineKind, "manager", true},
		{consulKind, "manager", false},
		{managerKind, "manager", true},
		{joinKind, "store", true},
		{keyKind, "store", false},
		{memberKind, "store", false},
		{networkKind, "store", false},
		{packetKind, "manager", false},
	} {
		if d.isIntact(c.what, c.host) != c.holds {
			t.Errorf("%s of %s: %v", c.what, c.host, !c.holds)
		}
	}
}

// TestKinds: what every kind rests on is known, and ends.
func TestKinds(t *testing.T) {
	d := testDiagnosis()
	for k := range rests {
		if below := d.partsBelow(d.partOf(k, "store"), nil); !slices.ContainsFunc(below, func(p part) bool { return p.what == engineKind }) {
			t.Errorf("%s does not rest on an engine: %v", k, below)
		}
	}
	d.Claims = featureClaims()
	if n := len(d.explainableClaims()); n < 60 {
		t.Errorf("%d claims", n)
	}
	if all := fmt.Sprint(d.explained(&finding{breaks: []part{{gossipKind, "store"}}})); all != "[engines-meet engines-know-each-other reach-everywhere reach-through-swarm]" {
		t.Error(all)
	}
}

// TestSeenRight: all that a survey sees of a healthy cluster is right, and what is changed
// is not.
func TestSeenRight(t *testing.T) {
	healthy := healthyFacts()
	for k := range seenRight {
		for _, h := range healthy.topology.Members {
			if p := (part{k, h.Name}); !healthy.isSeenRight(p) {
				t.Errorf("healthy: %v is not right", p)
			}
		}
	}
	for _, c := range []struct {
		kind   kind
		breaks func(d *diagnosis, store *survey.Host)
	}{
		{consulKind, func(d *diagnosis, _ *survey.Host) { d.state.Leader = "" }},
		{managerKind, func(d *diagnosis, _ *survey.Host) { d.state.Swarm = nil }},
		{strategyKind, func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Strategy = "binpack" }},
		{listKind, func(d *diagnosis, _ *survey.Host) {
			d.state.Swarm.Members[3].Addr = netip.MustParseAddrPort("10.0.0.1:2375")
		}},
		{memberKind, func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members[3].Status = "Pending" }},
		{memberKind, func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members[3].Name = "x" }},
		{memberKind, func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members = d.state.Swarm.Members[:3] }},
		{keyKind, func(d *diagnosis, _ *survey.Host) { d.enter(swarmNodes+"192.168.33.250:2375", "x") }},
		{registeredKind, func(d *diagnosis, store *survey.Host) { delete(d.state.Entries, registrationKey(d, store)) }},
		{networkKind, func(_ *diagnosis, store *survey.Host) { store.Networks = nil }},
		{networkKind, func(_ *diagnosis, store *survey.Host) { store.Networks = []engine.Network{{ID: "two", Name: "mynet"}} }},
		{gossipKind, func(_ *diagnosis, store *survey.Host) { store.Peers = store.Peers[:1] }},
	} {
		d := healthyFacts()
		c.breaks(d, d.state.On("store"))
		if d.isSeenRight(part{c.kind, "store"}) {
			t.Errorf("%v is right though it was changed", c.kind)
		}
	}
}
