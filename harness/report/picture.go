package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// picture is a drawing of a snapshot.
type picture struct {
	ID          string
	Title       string
	Description string   // the drawing in words
	Problems    []string // by host
	Network     string   // the overlay network's caption; empty before it exists
	Hosts       []hostBox
}

// hostBox is a host in the drawing.
type hostBox struct {
	harness.HostSnapshot
	Broken    bool
	Joined    bool
	OnNetwork bool
}

// newPictures draws the snapshots in which the stage or the problems differ from
// the ones before. In a run without problems these are the snapshots after the
// page's first and third step, for which the page has figures.
func newPictures(snapshots []harness.Snapshot, l lang.Language) []picture {
	var all []picture
	for i, s := range snapshots {
		p := newPicture(len(all)+1, s, l)
		if i > 0 && s.Stage == snapshots[i-1].Stage && slices.Equal(p.Problems, all[len(all)-1].Problems) {
			continue
		}
		all = append(all, p)
	}
	return all
}

func newPicture(n int, s harness.Snapshot, l lang.Language) picture {
	p := picture{ID: fmt.Sprintf("picture.%d", n), Title: l.Say("The cluster after “%s”", s.After)}
	id := networkID(s.Hosts)
	if id != "" {
		p.Network = fmt.Sprintf("%s · overlay · %.12s", s.Network, id)
	}
	var sentences []string
	for _, h := range s.Hosts {
		problems := hostProblems(h, s, id, l)
		if len(problems) > 0 {
			p.Problems = append(p.Problems, h.Name+": "+strings.Join(problems, ", "))
		}
		p.Hosts = append(p.Hosts, hostBox{h, len(problems) > 0, hasJoined(h), h.NetworkID == id})
		sentences = append(sentences, describeHost(h, problems, l))
	}
	p.Description = strings.Join(sentences, " ")
	return p
}

// networkID returns the id that most hosts have for the overlay network, or
// nothing if no host has one.
func networkID(hosts []harness.HostSnapshot) string {
	number, most := map[string]int{}, ""
	for _, h := range hosts {
		if h.NetworkID == "" {
			continue
		}
		number[h.NetworkID]++
		if number[h.NetworkID] > number[most] {
			most = h.NetworkID
		}
	}
	return most
}

// hostProblems returns what is wrong with a host: the problems that the run found,
// or else those that the snapshot shows.
func hostProblems(h harness.HostSnapshot, s harness.Snapshot, id string, l lang.Language) []string {
	if len(h.Problems) > 0 {
		return h.Problems
	}
	var all []string
	if h.Engine == "" {
		all = append(all, l.Say("the engine does not answer"))
	}
	for _, c := range h.Containers {
		if c.State != "running" {
			all = append(all, l.Say("%s is %s", containerName(c), c.State))
		}
	}
	switch {
	case hasJoined(h):
	case h.Member == "":
		all = append(all, l.Say("Swarm does not list the host"))
	default:
		all = append(all, l.Say("Swarm lists the host as %s", h.Member))
	}
	switch {
	case id == "":
	case h.NetworkID != id:
		all = append(all, l.Say("the host does not have %s", s.Network))
	case h.Peers < len(s.Hosts):
		all = append(all, l.Say("the engine knows %d of %d engines", h.Peers, len(s.Hosts)))
	}
	return all
}

// describeHost describes a host in a sentence.
func describeHost(h harness.HostSnapshot, problems []string, l lang.Language) string {
	var facts []string
	if h.Engine != "" {
		facts = append(facts, "Engine "+h.Engine)
	}
	for _, c := range h.Containers {
		facts = append(facts, containerName(c)+" "+c.State)
	}
	if h.Member != "" {
		facts = append(facts, "Swarm: "+h.Member)
	}
	if h.NetworkID != "" {
		facts = append(facts, l.Say("network %.12s", h.NetworkID))
	}
	return fmt.Sprintf("%s (%s): %s.", h.Name, h.Addr, strings.Join(append(facts, problems...), ", "))
}

func hasJoined(h harness.HostSnapshot) bool { return h.Role == "manager" || h.Member == "Healthy" }

// containerName returns the tutorial's name of a container.
func containerName(c harness.ContainerSnapshot) string {
	names := map[string]string{"consul": "consul", "manager": "swarm manage", "join": "swarm join"}
	return cmp.Or(names[c.Role], c.Name)
}
