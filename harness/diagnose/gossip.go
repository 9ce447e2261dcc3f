package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// engineNodes is where engines register, a key ip:port for each.
const engineNodes = "docker/nodes/"

// vxlanPort carries the overlay network's packets, over UDP.
const vxlanPort = 4789

// keysAreKnown reports whether Consul says which keys it has.
func keysAreKnown(d *diagnosis) bool {
	return d.isIntact(consulKind, "") && d.state.KeysError.Err == nil
}

// checkRegistrations finds engines that are not registered with Consul.
func checkRegistrations(d *diagnosis) bool {
	could := keysAreKnown(d)
	for h := range d.hostsWith(registeredKind) {
		if could {
			checkRegistration(d, h)
		}
	}
	return could
}

// registrationKey returns the key by which an engine is registered with Consul.
func registrationKey(d *diagnosis, h *survey.Host) string {
	return d.topology.EngineKeysOf(engineNodes) + h.Engine().String()
}

func isRegistered(d *diagnosis, h *survey.Host) bool {
	return d.state.Entries[registrationKey(d, h)].Key != ""
}

func checkRegistration(d *diagnosis, h *survey.Host) {
	if isRegistered(d, h) {
		return
	}
	code, last := "engine-not-registered", lastLine(h.Log, "discovery error", "in discovery failed")
	if strings.Contains(strings.ToLower(last), "ttl") {
		code = "engine-short-ttl"
	}
	f := d.addFinding(code, h.Name, h.Name).addSeen("consul kv get "+registrationKey(d, h), "no such key")
	if last != "" {
		f.addSeen("the engine's log, on "+h.Name, last)
	}
}

// checkGossip finds out why engines do not tell one another of their containers, or
// packets are stopped on their way.
func checkGossip(d *diagnosis) bool {
	could := keysAreKnown(d)
	for h := range d.hostsWith(engineKind) {
		checkFilter(d, h)
	}
	for h := range d.hostsWith(gossipKind) {
		checkPeers(d, h)
	}
	checkSplit(d)
	return could
}

// checkFilter reports what a host's packet filter stops of the network's traffic.
func checkFilter(d *diagnosis, h *survey.Host) {
	rules := h.Probe.RulesAbout(harness.GossipPort, d.topology.Hosts())
	if len(rules) > 0 && d.isIntact(reachKind, h.Name) {
		reportRules(d, "gossip-blocked", h, rules, harness.GossipPort)
	}
	if rules := h.Probe.RulesAbout(vxlanPort, nil); len(rules) > 0 {
		reportRules(d, "vxlan-blocked", h, rules, vxlanPort)
	}
	if h.Probe.Forward == "0" && !d.hasFound("forwarding-off") {
		reportForwarding(d, h)
	}
}

func checkPeers(d *diagnosis, h *survey.Host) {
	asked, err := "gossip of "+survey.GossipOf(h.Host).String(), h.GossipError.Err
	switch {
	case errors.Is(err, engine.ErrRefused):
		d.addFinding("gossip-not-joined", h.Name, h.Name).addSeen(asked, reasonOf(err))
	case survey.Unreached(err) != nil:
		if !checkDeafness(d, h) {
			reportUnreached(d, survey.Unreached(err), part{gossipKind, h.Name}).addSeen(asked, reasonOf(err))
		}
	case err != nil:
		d.addFinding("gossip-silent", h.Name, h.Name, harness.GossipPort).addSeen(asked, reasonOf(err)).
			setAdvice(harness.GossipPort)
	default:
		checkDeafness(d, h)
	}
}

// checkDeafness reports an engine that no other host's datagrams reach.
func checkDeafness(d *diagnosis, h *survey.Host) (isDeaf bool) {
	for _, proto := range []string{"udp", "tcp"} {
		target := survey.Dial(proto, survey.GossipOf(h.Host))
		lost, dialled := lostWays(d, h, target)
		if len(lost) > 0 && len(lost) == dialled {
			d.addFinding("gossip-cut-off", h.Name, h.Name, strings.ToUpper(proto)+" 7946").
				addSeen(target+", from "+strings.Join(lost, ", "), "no answer").setAdvice(harness.GossipPort)
			return true
		}
	}
	return false
}

// lostWays returns from which of the other hosts a host's gossip does not answer,
// and how many have dialled it.
func lostWays(d *diagnosis, to *survey.Host, target string) (lost []string, dialled int) {
	for _, from := range d.state.Hosts {
		if from.Name == to.Name || !from.Probe.Dialled {
			continue
		}
		dialled++
		if slices.Contains(from.Probe.Silent, target) && d.isIntact(gossipKind, from.Name) {
			lost = append(lost, from.Name)
		}
	}
	return lost, dialled
}

// checkSplit reports engines that have found one another only in parts.
func checkSplit(d *diagnosis) {
	var lacks []string
	var breaks []part
	for h := range d.hostsWith(gossipKind) {
		var missing []string
		for other := range d.hostsWith(gossipKind) {
			if !engine.Knows(h.Peers, other.Addr) {
				missing = append(missing, other.Name)
			}
		}
		if len(missing) > 0 {
			lacks = append(lacks, fmt.Sprintf("%s lacks %s", h.Name, strings.Join(missing, ", ")))
			breaks = append(breaks, part{gossipKind, h.Name})
		}
	}
	if len(lacks) > 0 {
		d.addFinding("gossip-split", "").setBreaks(breaks...).setAdvice(d.topology.Network).
			addSeen("gossip of every engine", strings.Join(lacks, "; "))
	}
}
