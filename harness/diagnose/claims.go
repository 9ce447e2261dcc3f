package diagnose

import (
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
	"labcheck/harness/tutorial"
)

// The tags of a scenario that say what its claim rests on.
const (
	needsTag = "@needs:" // before a kind of part, or anyKind; one tag for each
	onTag    = "@on:"    // before the host that the claim is about
)

// anyKind is what a claim needs that may be false for any reason, and one whose
// tags say nothing.
const anyKind = "any"

// anyKinds returns the kinds that no other kind rests on.
func anyKinds() []kind {
	return []kind{
		packetKind, strategyKind, listKind, consulLookKind, managerLookKind, joinLookKind, imageKind, rebootKind,
		aloneKind, renewKind, placeKind,
	}
}

// taggedValues returns what a scenario's tags have after a prefix.
func taggedValues(s harness.Scenario, prefix string) []string {
	var all []string
	for _, t := range s.Tags {
		if value, ok := strings.CutPrefix(t, prefix); ok {
			all = append(all, value)
		}
	}
	return all
}

// neededKinds returns the kinds of parts that a claim needs; ok is false if it
// may rest on anything.
func neededKinds(s harness.Scenario) (kinds []kind, ok bool) {
	for _, name := range taggedValues(s, needsTag) {
		if name == anyKind {
			return nil, false
		}
		kinds = append(kinds, kind(name))
	}
	return kinds, len(kinds) > 0
}

// orderOf returns the order of an outline's rows; it is empty if these are not
// about a host each.
func orderOf(s harness.Scenario) tutorial.RowOrder {
	return tutorial.RowOrder(strings.Join(taggedValues(s, tutorial.RowsTag), ""))
}

// baseAndRow returns a scenario's id without its row, and the row's number from
// 1; 0 if it has none.
func baseAndRow(id string) (base string, row int) {
	base, number, _ := strings.Cut(id, "#")
	row, _ = strconv.Atoi(number) // 0 if that is none
	return base, row
}

// hostsIn returns the names of the hosts that an outline's rows are about, in their
// order.
func (d *diagnosis) hostsIn(order tutorial.RowOrder) []string {
	return harness.NamesOf(order.HostsIn(d.topology))
}

// hostsOf returns the hosts whose parts a claim needs: those that its failure is
// about, if it failed and that is known.
func (d *diagnosis) hostsOf(s harness.Scenario) []string {
	known := func(h string) bool { return slices.Contains(d.hostsIn(tutorial.AsHosts), h) }
	if slices.ContainsFunc(s.Hosts, known) {
		return slices.DeleteFunc(slices.Clone(s.Hosts), func(h string) bool { return !known(h) })
	}
	if on := taggedValues(s, onTag); len(on) > 0 {
		return on
	}
	order := orderOf(s)
	if order == "" {
		return d.hostsIn(tutorial.AsHosts)
	}
	hosts := d.hostsIn(order)
	if _, row := baseAndRow(s.ID); 1 <= row && row <= len(hosts) {
		return hosts[row-1 : row]
	}
	return hosts
}

// suspectParts returns all that a claim rests on, without what was seen to be right:
// whatever that rests on, it is not the cause.
func (d *diagnosis) suspectParts(s harness.Scenario) []part {
	kinds, known := neededKinds(s)
	if !known {
		kinds = anyKinds()
	}
	var all []part
	for _, k := range kinds {
		for _, h := range d.hostsOf(s) {
			all = append(all, d.partsBelow(d.partOf(k, h), d.isSeenRight)...)
		}
	}
	return all
}

// explainableClaims returns the claims that a finding can make false: those that
// failed if that is known, else all whose needs are known. Rows that are not
// about a host each count as one claim, and those about a host that the topology
// lacks as none.
func (d *diagnosis) explainableClaims() []harness.Scenario {
	if d.Failed != nil {
		return d.Failed
	}
	var all []harness.Scenario
	for _, s := range d.Claims {
		base, row := baseAndRow(s.ID)
		order := orderOf(s)
		switch _, known := neededKinds(s); {
		case !known, order != "" && row > len(d.hostsIn(order)):
			continue
		case order == "":
			s.ID = base
		}
		all = append(all, s)
	}
	return slices.CompactFunc(all, func(a, b harness.Scenario) bool { return a.ID == b.ID })
}

// explained returns the claims that rest on what a finding says is broken, on the
// hosts of their failure.
func (d *diagnosis) explained(f *finding) []string {
	var all []string
	for _, s := range d.explainableClaims() {
		if f.breaksAny(d.suspectParts(s)) {
			all = append(all, s.ID)
		}
	}
	return all
}

// unexplained returns the failed claims that rest on nothing that is known to be
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

// noCause returns the finding about claims that have no cause. It lists what was
// ruled out.
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
