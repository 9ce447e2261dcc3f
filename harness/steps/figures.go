package steps

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	units "github.com/docker/go-units"

	"labcheck/harness"
	"labcheck/harness/tutorial"
)

// The features have the page's sizes, counts and ports. A cluster that was
// described otherwise is held to its description; here is how the one becomes
// the other.

// overcommit is by how many percent Swarm counts more than an engine has
// (docker/swarm 1.2.9, cluster/engine.go, TotalMemory and TotalCpus).
const overcommit = 5

func swarmCounts(n int64) int64 { return n + n*overcommit/100 }

// published writes 3375->2375/tcp with the port that is published here.
func (w *World) published(value string) string {
	host, container, ok := strings.Cut(value, "->")
	port, err := strconv.ParseUint(host, 10, 16)
	if !ok || err != nil {
		return value
	}
	return fmt.Sprintf("%d->%s", tutorial.Port(w.topology(), uint16(port)), container)
}

// engineFigure is what the engine of a host is to say of a property.
func (w *World) engineFigure(host, property, said string) string {
	h, ok := w.host(host)
	switch {
	case ok && property == "CPUs" && h.Own.CPUs:
		return strconv.Itoa(h.CPUs)
	case ok && property == "total memory" && h.Own.Memory:
		return units.BytesSize(float64(h.Memory))
	}
	return said
}

// memberFigures are what Swarm is to say of a node's sizes.
func (w *World) memberFigures(node, cpus, memory string) (string, string) {
	h, _ := w.host(node)
	if h.Own.CPUs {
		cpus = fmt.Sprint(swarmCounts(int64(h.CPUs)))
	}
	if h.Own.Memory {
		memory = units.BytesSize(float64(swarmCounts(h.Memory)))
	}
	return cpus, memory
}

// clusterFigure is what Swarm is to say of the cluster as a whole.
func (w *World) clusterFigure(property, said string) string {
	members := w.topology().Members
	if asOnPage(members) {
		return said
	}
	var cpus, memory int64
	for _, h := range members {
		cpus += swarmCounts(int64(h.CPUs))
		memory += swarmCounts(h.Memory)
	}
	switch property {
	case "nodes":
		return strconv.Itoa(len(members))
	case "CPUs":
		return fmt.Sprint(cpus)
	case "total memory":
		return units.BytesSize(float64(memory))
	}
	return said
}

// asOnPage says whether the members and their sizes are the page's.
func asOnPage(members []harness.Host) bool {
	tutorial := harness.Tutorial().Members
	return len(members) == len(tutorial) && !slices.ContainsFunc(members, func(h harness.Host) bool {
		return h.Own != harness.Sizes{} || !slices.ContainsFunc(tutorial, func(p harness.Host) bool { return p.Name == h.Name })
	})
}

// memberRows are the nodes that Swarm is to list, in its order: of the page's
// those that are members here, and the members that the page does not have.
func (w *World) memberRows(said []tutorial.Row) []string {
	members := map[string]netip.AddrPort{}
	for _, h := range w.topology().Members {
		members[h.Name] = h.Engine()
	}
	var rows []string
	for _, r := range said {
		if _, ok := members[r["node"]]; ok {
			rows = append(rows, r["node"]+" "+r["address"])
			delete(members, r["node"])
		}
	}
	if len(rows) == len(said) && len(members) == 0 {
		return rows // in the page's own order
	}
	for name, at := range members {
		rows = append(rows, name+" "+at.String())
	}
	slices.Sort(rows)
	return rows
}
