package steps

import (
	"fmt"
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

// CountedBySwarm returns the sizes of a host as Swarm is to print them: 1 and 1.017 GiB
func CountedBySwarm(h harness.Host) (cpus, memory string) {
	memory = units.CustomSize("%.4g %s", float64(swarmCounts(h.Memory)), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
	return fmt.Sprint(swarmCounts(int64(h.CPUs))), memory
}

// figures is a topology, to which the page's figures are brought.
type figures harness.Topology

// publishedHere writes 3375->2375/tcp with the port that is published here.
func (f figures) publishedHere(value string) string {
	host, container, ok := strings.Cut(value, "->")
	port, err := strconv.ParseUint(host, 10, 16)
	if !ok || err != nil {
		return value
	}
	return fmt.Sprintf("%d->%s", tutorial.Port(harness.Topology(f), uint16(port)), container)
}

// engineFigure returns what the engine of a host is to say of a property.
func (f figures) engineFigure(host, property, said string) string {
	h, _ := harness.Topology(f).Named(host)
	switch {
	case property == "CPUs" && h.Own.CPUs:
		return strconv.Itoa(h.CPUs)
	case property == "total memory" && h.Own.Memory:
		return units.BytesSize(float64(h.Memory))
	}
	return said
}

// memberFigures returns what Swarm is to say of a node's sizes.
func (f figures) memberFigures(node, cpus, memory string) (string, string) {
	h, _ := harness.Topology(f).Named(node)
	ownCPUs, ownMemory := CountedBySwarm(h)
	if h.Own.CPUs {
		cpus = ownCPUs
	}
	if h.Own.Memory {
		memory = ownMemory
	}
	return cpus, memory
}

// clusterFigure returns what Swarm is to say of the cluster as a whole.
func (f figures) clusterFigure(property, said string) string {
	members := f.Members
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
	tutorial := harness.Tutorial()
	return len(members) == len(tutorial.Members) && !slices.ContainsFunc(members, func(h harness.Host) bool {
		_, err := tutorial.Named(h.Name)
		return h.Own != harness.Sizes{} || err != nil
	})
}

// memberRows returns the nodes that Swarm is to list: the page's in its order if the
// members are those, else the members by name.
func (f figures) memberRows(said []tutorial.Row) []string {
	var pages, members []string
	for _, r := range said {
		pages = append(pages, r["node"]+" "+r["address"])
	}
	for _, h := range f.Members {
		members = append(members, h.Name+" "+h.Engine().String())
	}
	slices.Sort(members)
	if slices.Equal(members, slices.Sorted(slices.Values(pages))) {
		return pages
	}
	return members
}
