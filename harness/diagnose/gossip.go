package diagnose

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// engineNodes is where engines register, a key ip:port for each.
const engineNodes = "docker/nodes/"

// vxlanPort carries the overlay network's packets, over UDP.
const vxlanPort = 4789

// gossip finds out why engines do not tell one another of their containers, or
// packets are stopped on their way.
func (d *diagnosis) gossip() {
	before := len(d.found)
	could := d.holds(consulKind, "") && d.facts.keysErr == nil
	for _, h := range d.topology.Hosts() {
		if could && d.holds(registeredKind, h.Name) {
			d.registered(d.facts.hosts[h.Name])
		}
	}
	d.asked(before, could, "every engine is registered with Consul")
	before = len(d.found)
	for _, h := range d.topology.Hosts() {
		if d.holds(engineKind, h.Name) {
			d.filtered(d.facts.hosts[h.Name])
		}
	}
	for _, h := range d.topology.Hosts() {
		if d.holds(gossipKind, h.Name) {
			d.gossips(d.facts.hosts[h.Name])
		}
	}
	d.split()
	d.asked(before, could, "every engine knows every other by gossip, and nothing stops their packets")
	before = len(d.found)
	for _, h := range d.topology.Hosts() {
		if d.holds(packetKind, h.Name) {
			d.neighbours(d.facts.hosts[h.Name])
		}
	}
	d.asked(before, could, "every engine was told of the containers on %s elsewhere", d.topology.Network)
}

func (d *diagnosis) registered(f *hostFacts) {
	key := engineNodes + f.host.Engine().String()
	if d.facts.entries[key].Key != "" {
		return
	}
	r := d.report("engine-not-registered", f.host.Name, hostsSection, d.Lang.Say("the engine of %s is not registered with Consul", f.host.Name), part{registeredKind, f.host.Name}).
		saw("consul kv get "+key, "no such key").
		advise(d.Lang.Say("an engine registers within its discovery.heartbeat, 20 s by default; restart it where it does not"))
	last := line(f.log, "discovery error", "in discovery failed")
	if last != "" {
		r.saw("the engine's log, on "+f.host.Name, last)
	}
	if strings.Contains(last, "ttl") || strings.Contains(last, "TTL") {
		r.Code = "engine-short-ttl"
		r.Cause = d.Lang.Say("the engine of %s never registers: Consul refuses sessions as short as half its discovery.ttl", f.host.Name)
		r.Advice = d.Lang.Say("restart it with discovery.ttl=60, or without that option")
	}
}

// filtered reports what a host's packet filter stops of the network's traffic.
func (d *diagnosis) filtered(f *hostFacts) {
	if rules := f.probe.refuses(harness.GossipPort, d.topology.Hosts()); len(rules) > 0 && d.holds(reachKind, f.host.Name) {
		d.blocked("gossip-blocked", f, rules, harness.GossipPort, part{gossipKind, f.host.Name})
	}
	if rules := f.probe.refuses(vxlanPort, nil); len(rules) > 0 {
		d.blocked("vxlan-blocked", f, rules, vxlanPort, part{packetKind, f.host.Name})
	}
	if f.probe.forward == "0" && d.once("forwarding-off") {
		d.noForward(f)
	}
}

func (d *diagnosis) gossips(f *hostFacts) {
	h := f.host
	asked := "gossip of " + gossipOf(h).String()
	switch {
	case errors.Is(f.gossipErr, engine.ErrRefused):
		d.report("gossip-not-joined", h.Name, networkSection, d.Lang.Say("the engine of %s is registered, but has joined no gossip", h.Name), part{gossipKind, h.Name}).
			saw(asked, reason(f.gossipErr)).
			advise(d.Lang.Say("restart the engine"))
	case unreached(f.gossipErr) != nil:
		if !d.deaf(f) {
			d.notReached(networkSection, unreached(f.gossipErr), part{gossipKind, h.Name}).saw(asked, reason(f.gossipErr))
		}
	case f.gossipErr != nil:
		d.report("gossip-silent", h.Name, networkSection, d.Lang.Say("the engine of %s does not answer on port %d", h.Name, harness.GossipPort), part{gossipKind, h.Name}).
			saw(asked, reason(f.gossipErr)).sure(harness.Likely).
			advise(d.Lang.Say("let TCP and UDP %d through between the hosts", harness.GossipPort))
	default:
		d.deaf(f)
	}
}

// deaf reports an engine that no other host's datagrams reach.
func (d *diagnosis) deaf(f *hostFacts) bool {
	for _, proto := range []string{"udp", "tcp"} {
		var lost []string
		target := dial(proto, gossipOf(f.host))
		asked := 0
		for _, from := range d.topology.Hosts() {
			p := d.facts.hosts[from.Name].probe
			if from == f.host || p.silent == nil {
				continue
			}
			asked++
			if _, silent := p.silent[target]; silent && d.holds(gossipKind, from.Name) {
				lost = append(lost, from.Name)
			}
		}
		if len(lost) > 0 && len(lost) == asked {
			d.report("gossip-cut-off", f.host.Name, networkSection, d.Lang.Say("no other host reaches the engine of %s by %s", f.host.Name, strings.ToUpper(proto)+" 7946"), part{gossipKind, f.host.Name}).
				saw(target+", from "+strings.Join(lost, ", "), "no answer").sure(harness.Likely).
				advise(d.Lang.Say("let TCP and UDP %d through between the hosts", harness.GossipPort))
			return true
		}
	}
	return false
}

// split reports engines that have found one another only in parts.
func (d *diagnosis) split() {
	var lacks []string
	var breaks []part
	for _, h := range d.topology.Hosts() {
		if !d.holds(gossipKind, h.Name) {
			continue
		}
		var missing []string
		for _, other := range d.topology.Hosts() {
			if d.holds(gossipKind, other.Name) && !knows(d.facts.hosts[h.Name].peers, other.Addr) {
				missing = append(missing, other.Name)
			}
		}
		if len(missing) > 0 {
			lacks = append(lacks, fmt.Sprintf("%s lacks %s", h.Name, strings.Join(missing, ", ")))
			breaks = append(breaks, part{gossipKind, h.Name})
		}
	}
	if len(lacks) == 0 {
		return
	}
	d.report("gossip-split", "", networkSection, d.Lang.Say("the engines' gossip is in parts that do not find one another any more"), breaks...).
		saw("gossip of every engine", strings.Join(lacks, "; ")).
		advise(d.Lang.Say("labcheck bootstrap, for the same lab or target, joins them; so does restarting the engines of the smaller part. Restart containers that were on %s", d.topology.Network))
}

func knows(peers []engine.Peer, addr netip.Addr) bool {
	return slices.ContainsFunc(peers, func(p engine.Peer) bool { return p.Addr == addr && p.State == engine.PeerAlive })
}

// neighbours finds containers elsewhere that an engine was never told of: what
// is told by gossip is told once.
func (d *diagnosis) neighbours(f *hostFacts) {
	if len(f.local()) == 0 || !f.probe.told || f.probe.user {
		return
	}
	var lost, mend []string
	elsewhere := map[netip.Addr]harness.Host{}
	for _, h := range d.topology.Hosts() {
		if h == f.host {
			continue
		}
		for addr, name := range d.facts.hosts[h.Name].local() {
			elsewhere[addr] = h
			if !slices.Contains(f.probe.neighbours, addr) {
				lost = append(lost, fmt.Sprintf("%s (%s) on %s", name, addr, h.Name))
				mend = append(mend, docker(h, "restart %s", name))
			}
		}
	}
	d.stale(f.host, f.probe, elsewhere)
	if len(lost) == 0 {
		return
	}
	slices.Sort(lost)
	slices.Sort(mend)
	d.report("neighbours-lost", f.host.Name, networkSection, d.Lang.Say("%s was not told of containers on %s elsewhere, and will not be: they were attached before the engines had found one another", f.host.Name, d.topology.Network), part{packetKind, f.host.Name}).
		saw("ip neigh show nud permanent, on "+f.host.Name, "no "+strings.Join(lost, ", no ")).mend(mend...)
}

// stale tells of an engine that sends what is for containers, by their addresses,
// to hosts that they are not on. An engine that had to ask where an address is
// keeps the answer when the container is gone, and while it does, it does not heed
// what it is told of the address's next container.
func (d *diagnosis) stale(from harness.Host, now probe, elsewhere map[netip.Addr]harness.Host) bool {
	var astray []string
	for addr, on := range elsewhere {
		if to, told := now.forwards[hardwareAddr(addr)]; told && to != on.Addr {
			astray = append(astray, fmt.Sprintf("%s dst %s; %s is on %s", hardwareAddr(addr), to, addr, on.Name))
		}
	}
	if len(astray) == 0 {
		return false
	}
	slices.Sort(astray)
	d.report("neighbour-stale", from.Name, networkSection, d.Lang.Say(
		"%s sends packets for containers on %s to where earlier containers with their addresses were",
		from.Name, d.topology.Network), part{packetKind, from.Name}).
		saw("bridge fdb show, on "+from.Name, strings.Join(astray, "\n")).
		advise(d.Lang.Say("restart the engine of %s: it forgets what it was told, and is told again", from.Name))
	return true
}
