package report

import (
	"fmt"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

func joined(h harness.HostSnapshot) bool { return h.Role == "manager" || h.Member == "Healthy" }

// attached says that the host has the overlay network, the others' one.
func attached(h harness.HostSnapshot, id string) bool { return h.NetworkID == id }

// trouble is what is wrong with a host, in sentences: what the run has found,
// or else what can be seen.
func trouble(h harness.HostSnapshot, s harness.Snapshot, id string, l lang.Language) []string {
	if len(h.Problems) > 0 {
		return h.Problems
	}
	var all []string
	if h.Engine == "" {
		all = append(all, l.Say("its engine does not answer"))
	}
	for _, c := range h.Containers {
		if c.State != "running" {
			all = append(all, l.Say("%s is %s", containerName(c), c.State))
		}
	}
	switch {
	case joined(h):
	case h.Member == "":
		all = append(all, l.Say("Swarm does not list it"))
	default:
		all = append(all, l.Say("Swarm gives it as %s", h.Member))
	}
	switch {
	case id == "":
	case !attached(h, id):
		all = append(all, l.Say("it is not on %s", s.Network))
	case h.Peers < len(s.Hosts):
		all = append(all, l.Say("it has found %d of %d engines", h.Peers, len(s.Hosts)))
	}
	return all
}

// tell is a host in words.
func tell(h harness.HostSnapshot, troubles []string, l lang.Language) string {
	facts := []string{"Engine " + h.Engine}
	if h.Engine == "" {
		facts = nil
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
	return fmt.Sprintf("%s (%s): %s.", h.Name, h.Addr, strings.Join(append(facts, troubles...), ", "))
}

// containerName is what the tutorial calls a container.
func containerName(c harness.ContainerSnapshot) string {
	switch c.Role {
	case "consul":
		return "consul"
	case "manager":
		return "swarm manage"
	case "join":
		return "swarm join"
	}
	return c.Name
}
