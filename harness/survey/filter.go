package survey

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
)

// rule is a line of iptables-save that refuses or drops: what of it says which
// packets it is about.
type rule struct {
	chain, proto string
	addrs        []netip.Prefix // from or to which they go; none if it is about any
	ports        []string       // 2375, 7000:8000; none if it is about any
	narrow       bool           // it is about few packets only, as by their state
}

func parseRule(line string) rule {
	var r rule
	words := strings.Fields(line)
	for i, w := range words[:max(0, len(words)-1)] {
		value := words[i+1]
		switch w {
		case "-A":
			r.chain = value
		case "-p":
			r.proto = value
		case "-s", "-d":
			r.narrow = r.narrow || words[max(0, i-1)] == "!"
			prefix, _ := netip.ParsePrefix(value)
			r.addrs = append(r.addrs, prefix)
		case "--dport", "--sport", "--dports", "--sports", "--ports":
			r.ports = append(r.ports, strings.Split(value, ",")...)
		case "--ctstate", "--state", "--icmp-type", "--match-set", "--string", "--uid-owner":
			r.narrow = true
		}
	}
	return r
}

// isAboutPort reports whether the rule names a port, by itself or in a range.
func (r rule) isAboutPort(port uint16) bool {
	return slices.ContainsFunc(r.ports, func(ports string) bool {
		first, last, isRange := strings.Cut(ports, ":")
		if !isRange {
			last = first
		}
		from, fromErr := strconv.Atoi(first)
		to, toErr := strconv.Atoi(last)
		return fromErr == nil && toErr == nil && from <= int(port) && int(port) <= to
	})
}

// isAboutAll reports whether the rule is about whatever a chain is for.
func (r rule) isAboutAll() bool {
	return len(r.ports) == 0 && !r.narrow && len(r.addrs) == 0 && (r.proto == "" || r.proto == "tcp")
}

// isAboutHost reports whether the rule is about everything from or to one of the hosts.
func (r rule) isAboutHost(hosts []harness.Host) bool {
	isHosts := func(p netip.Prefix) bool {
		return slices.ContainsFunc(hosts, func(h harness.Host) bool { return p.Contains(h.Addr) })
	}
	return len(r.ports) == 0 && r.proto == "" && !r.narrow && slices.ContainsFunc(r.addrs, isHosts)
}

// RulesAbout returns the filter's rules about a port, and those about everything
// from or to one of the hosts.
func (p Probe) RulesAbout(port uint16, hosts []harness.Host) []string {
	var found []string
	for _, line := range p.Rules {
		if r := parseRule(line); !r.narrow && r.isAboutPort(port) || r.isAboutHost(hosts) {
			found = append(found, line)
		}
	}
	return found
}

// RulesForContainers returns the rules, not Docker's own, that stop all that is
// forwarded.
func (p Probe) RulesForContainers() []string {
	var found []string
	for _, line := range p.Rules {
		r := parseRule(line)
		isOwn := strings.Contains(line, "docker_gwbridge") // which keeps containers apart
		if r.isAboutAll() && !isOwn && (r.chain == "DOCKER-USER" || r.chain == "FORWARD") {
			found = append(found, line)
		}
	}
	return found
}

// LostRules returns what of the rules lacks by which Docker lets containers out, as
// iptables-save would have it; empty if nothing does, or it is not known.
func (p Probe) LostRules() []string {
	has := func(word string) bool {
		return slices.ContainsFunc(p.Kept, func(line string) bool { return strings.Contains(line, word) })
	}
	var lost []string
	if p.RulesRead && has(":FORWARD DROP") && !has("FORWARD -i") {
		lost = append(lost, ":FORWARD DROP, no -i docker0 -j ACCEPT")
	}
	if p.RulesRead && !has("MASQUERADE") && !has("SNAT") {
		lost = append(lost, "-t nat: no -j MASQUERADE")
	}
	return lost
}
