package tutorial

import (
	"slices"
	"strings"

	"labcheck/harness"
)

// RowsTag begins the tag of an outline that has a row for each host of some kind. The
// order of the hosts follows.
const RowsTag = "@rows:"

// RowOrder is the order of the hosts that an outline's rows are about.
type RowOrder string

// The orders.
const (
	AsJoined RowOrder = "as-joined" // the members as the page joins them
	AsListed RowOrder = "as-listed" // the members by name, as Swarm lists them
	AsHosts  RowOrder = "as-hosts"  // the manager, then the members as joined
)

// HostsIn returns the hosts that an outline's rows are about, in their order.
func (o RowOrder) HostsIn(t harness.Topology) []harness.Host {
	hosts := slices.Clone(t.Members)
	switch o {
	case AsListed:
		slices.SortFunc(hosts, func(a, b harness.Host) int { return strings.Compare(a.Name, b.Name) })
	case AsHosts:
		hosts = t.Hosts()
	}
	return hosts
}
