package report

import (
	"cmp"
	"fmt"
	"net/netip"
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
	Problems    []string // by host, and broken links
	// SwarmAfter and NetworkAfter are the parts of the page after which the hosts had
	// joined and the overlay network was there; empty if that was so before.
	SwarmAfter, NetworkAfter string
	Network                  string // the overlay network's caption; empty before it exists
	Total                    int    // hosts
	Hosts                    []hostBox
	Links                    []brokenLink
}

// hostBox is a host in the drawing.
type hostBox struct {
	harness.HostSnapshot
	Broken    bool
	Joined    bool
	OnNetwork bool
	LosesTo   []string // hosts to which packets of its containers are lost
	// More are the hosts that are like it and shown with it.
	More []string
}

// Last returns the last of the hosts that are shown together.
func (h hostBox) Last() string { return h.More[len(h.More)-1] }

// Number returns how many hosts are shown together.
func (h hostBox) Number() int { return 1 + len(h.More) }

// describeState returns what two hosts have in common that differ in their names and addresses
// only.
func (h hostBox) describeState() string {
	h.Name, h.Addr, h.Containers = "", netip.Addr{}, slices.Clone(h.Containers)
	for i := range h.Containers {
		h.Containers[i].Name = ""
	}
	return fmt.Sprint(h)
}

// groupHosts shows those of many hosts together that are alike.
func (p *picture) groupHosts() {
	if len(p.Hosts) <= mostApart {
		return
	}
	groups := harness.GroupBy(p.Hosts, hostBox.describeState)
	p.Hosts = nil
	for _, group := range groups {
		first := group[0]
		for _, h := range group[1:] {
			first.More = append(first.More, h.Name)
		}
		p.Hosts = append(p.Hosts, first)
	}
}

// newPictures draws the cluster at the end of a run, with the links that carry
// nothing, and before that the one at its start if another problem is seen there. A
// snapshot for which nothing answered in time says nothing of a cluster that answers.
func newPictures(e harness.Evidence, l lang.Language) []picture {
	shown := slices.DeleteFunc(slices.Clone(e.Snapshots), func(s harness.Snapshot) bool { return s.Stage == "none" })
	if len(shown) == 0 {
		shown = e.Snapshots
	}
	if len(shown) == 0 {
		return nil
	}
	first, last := newPicture(shown[0], l), newPicture(shown[len(shown)-1], l)
	all := []picture{last}
	if len(shown) > 1 && !slices.Equal(first.Problems, last.Problems) {
		all = []picture{first, last}
	}
	all[len(all)-1].addBrokenLinks(brokenLinks(e.Scenarios), l)
	for i := range all {
		all[i].groupHosts()
		all[i].ID = fmt.Sprintf("picture.%d", i+1)
		all[i].Title = l.Say("The cluster at the end of the run")
	}
	switch {
	case !e.Target.Fresh:
		all[0].Title = l.Say("The cluster as found")
	case len(all) == 2:
		all[0].Title = l.Say("The cluster after “%s”", shown[0].After)
	}
	if e.Target.Fresh {
		all[len(all)-1].SwarmAfter, all[len(all)-1].NetworkAfter = stepsOf(shown)
	}
	return all
}

// stepsOf returns after which parts of the page the hosts had joined, and the
// overlay network was there.
func stepsOf(snapshots []harness.Snapshot) (swarm, network string) {
	for _, s := range slices.Backward(snapshots) {
		if s.Stage == "joined" || s.Stage == "network" {
			swarm = s.After
		}
		if s.Stage == "network" {
			network = s.After
		}
	}
	return swarm, network
}

func newPicture(s harness.Snapshot, l lang.Language) picture {
	p := picture{Total: len(s.Hosts)}
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
		p.Hosts = append(p.Hosts, hostBox{
			HostSnapshot: h, Broken: len(problems) > 0, Joined: hasJoined(h), OnNetwork: h.NetworkID == id,
		})
		sentences = append(sentences, describeHost(h, problems, l))
	}
	p.Description = strings.Join(sentences, " ")
	return p
}

// networkID returns the id that most hosts have for the overlay network, or
// nothing if no host has one.
func networkID(hosts []harness.HostSnapshot) string {
	var ids []string
	for _, h := range hosts {
		ids = append(ids, h.NetworkID)
	}
	return harness.MostFrequent(ids)
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
