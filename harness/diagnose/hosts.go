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

// checkHosts finds out why engines do not answer.
func checkHosts(d *diagnosis) bool {
	for _, h := range d.state.Hosts {
		switch {
		case h.DialError.Err != nil:
			checkConnection(d, h)
		case h.Hangs(): // what it waits for is judged first
		case h.InfoError.Err != nil:
			checkAnswer(d, h)
		case h.Info.Name != h.Name:
			d.addFinding("host-name", h.Name, h.Addr, h.Info.Name, h.Name).
				addSeen(dockerCommand(h.Host, "info --format '{{.Name}}'"), h.Info.Name).
				addRemedyOn(h.Name, "hostname "+h.Name).
				setBreaks(part{memberKind, h.Name}, part{nameKind, h.Name})
		}
	}
	checkIDs(d)
	checkBridges(d)
	return true
}

// checkBridges finds interfaces, such as bridges of Docker, that take what a host sends
// to others.
func checkBridges(d *diagnosis) {
	for _, h := range d.state.Hosts {
		covered := map[survey.Link][]harness.Host{}
		for _, to := range d.topology.Hosts() {
			if l, over := h.Probe.LinkOver(h.Host, to.Addr); over && to.Name != h.Name {
				covered[l] = append(covered[l], to)
			}
		}
		for _, l := range h.Probe.Links {
			if to := covered[l]; len(to) > 0 {
				reportBridge(d, h, l, to)
			}
		}
	}
}

// reportBridge reports an interface that has addresses of other hosts.
func reportBridge(d *diagnosis, h *survey.Host, l survey.Link, covered []harness.Host) {
	var names []string
	breaks := []part{{packetKind, h.Name}}
	for _, to := range covered {
		names = append(names, to.Name)
		switch {
		case to.Name == d.topology.Manager.Name:
			breaks = append(breaks, part{reachKind, h.Name})
		case h.Name == d.topology.Manager.Name:
			breaks = append(breaks, part{pathKind, to.Name}, part{placeKind, to.Name}, part{reachKind, to.Name})
		}
		breaks = append(breaks, part{packetKind, to.Name})
		if !engine.Knows(h.Peers, to.Addr) {
			breaks = append(breaks, part{gossipKind, h.Name})
		}
	}
	f := d.addFinding("bridge-over-hosts", h.Name, l.Name, h.Name, strings.Join(names, ", ")).setBreaks(breaks...).
		addSeen("ip addr, on "+h.Name, l.Name+" "+l.Addr.String())
	network := strings.TrimPrefix(l.Name, "br-")
	if l.Name == "docker0" {
		f.Advice = d.Lang.Say("restart the engine of %s with another --bip, such as --bip=172.17.0.1/16", h.Name)
		return
	}
	// Typed there: what the engine would answer to a covered host goes to the bridge. It
	// removes no network while that keeps it from its cluster store.
	f.addRemedyOn(h.Name, fmt.Sprintf("ip link set %s down", l.Name), "docker network rm "+network)
}

// checkConnection finds out why no connection to the engine's port comes about.
func checkConnection(d *diagnosis, h *survey.Host) {
	answered := reasonOf(h.DialError.Err)
	rules := h.Probe.RulesAbout(h.Engine().Port(), d.topology.Hosts())
	outer, known := h.Probe.LinkOf(h.Host)
	isAsked := h.Probe.Unasked.Err == nil
	var f *finding
	switch {
	case errors.Is(h.Probe.Failed.Err, harness.ErrFrozen): // and it is connected to by commands
		f = reportFrozen(d, h)
	case h.Probe.Failed.Err != nil:
		f = reportEnded(d, h, "host-down", h.Name)
	case len(rules) > 0:
		f = reportRules(d, "engine-port-blocked", h, rules, h.Engine().Port())
	case isAsked && (!known || !outer.Up):
		f = d.addFinding("host-link-down", h.Name, h.Name, h.Addr).
			addSeen("ip addr, on "+h.Name, describeLinks(h.Probe.Links))
	case isAsked && h.Probe.Engine == "" || survey.IsRefused(h.DialError.Err):
		f = reportEnded(d, h, "engine-ended", h.Engine().Port(), h.Name)
	case survey.Unreached(h.DialError.Err) != nil:
		f = reportUnreached(d, survey.Unreached(h.DialError.Err), part{engineKind, h.Name})
	default:
		f = d.addFinding("host-unreachable", h.Name, h.Name, h.Engine().Port())
	}
	f.addSeen("TCP "+h.Engine().String(), answered)
	if !isAsked {
		f.addSeen("a command on "+h.Name, d.Lang.Error(h.Probe.Unasked.Err))
	}
}

// reportEnded reports an engine that has ended: by what its log says, or else by
// another code.
func reportEnded(d *diagnosis, h *survey.Host, otherwise string, cause ...any) *finding {
	var f *finding
	last := lastLine(h.Log, "failed to start daemon", "fatal", "level=error", "unable to configure")
	switch {
	case strings.Contains(last, "advertise"):
		f = d.addFinding("engine-bad-advertise", h.Name, h.Name).setAdvice(h.Engine().String())
	case strings.Contains(last, "discovery") && strings.Contains(last, "not supported"):
		f = d.addFinding("engine-no-backend", h.Name, h.Name).setAdvice(storeOf(d.topology))
	default:
		f = d.addFinding(otherwise, h.Name, cause...)
		if otherwise == "engine-ended" {
			f.setAdvice(h.Engine().String())
		}
	}
	if failed := h.Probe.Failed.Err; failed != nil {
		f.addSeen("a command on "+h.Name, failed.Error())
	} else if h.Probe.Unasked.Err == nil {
		f.addSeen("ps, on "+h.Name, engineState(h.Probe))
	}
	if last != "" {
		f.addSeen("the engine's log, on "+h.Name, last)
	}
	return f
}

// checkIDs reports engines that share an identity: Swarm lists only one of them.
func checkIDs(d *diagnosis) {
	owners := map[string]harness.Host{}
	for _, h := range d.state.Hosts {
		id := h.Info.ID
		first, taken := owners[id]
		if id == "" || !taken {
			owners[id] = h.Host
			continue
		}
		d.addFinding("engine-same-id", h.Name, first.Name, h.Name).
			setBreaks(part{memberKind, first.Name}, part{memberKind, h.Name}).
			addSeen(dockerCommand(first, "info --format '{{.ID}}'"), id).
			addSeen(dockerCommand(h.Host, "info --format '{{.ID}}'"), id).
			setAdvice(h.Name)
	}
}

// reportRules reports rules of a host's packet filter that stop a port, or that
// cut it off from another host altogether.
func reportRules(d *diagnosis, code string, h *survey.Host, rules []string, port uint16) *finding {
	breaks := d.partOf(codeOf(code).Breaks, h.Name)
	var f *finding
	if slices.ContainsFunc(rules, func(r string) bool { return port == 0 || strings.Contains(r, "port") }) {
		f = d.addFinding(code, h.Name).setCause("the packet filter of %s stops traffic on port %d", h.Name, port)
	} else {
		f = d.addFinding("host-cut", h.Name, h.Name)
	}
	f.setBreaks(breaks)
	if breaks.what == gossipKind { // engines take one for alive for a while, and tell it nothing
		f.setBreaks(breaks, part{packetKind, h.Name})
	}
	f.Confidence = harness.Certain // a rule is seen itself
	f.rules, f.rulesOn = rules, h.Name
	for _, rule := range rules {
		f.addSeen("iptables-save, on "+h.Name, rule).
			addRemedyOn(h.Name, "iptables "+strings.Replace(rule, "-A ", "-D ", 1))
	}
	return f
}

// reportUnreached reports a service that can't be reached from here, once, whatever
// is behind it.
func reportUnreached(d *diagnosis, un *harness.UnreachableError, breaks part) *finding {
	for _, f := range d.found {
		if f.unreached != nil && f.unreached.IsSame(un) {
			f.breaks = append(f.breaks, breaks)
			return f
		}
	}
	f := d.addFinding("unreachable", un.Node).setBreaks(breaks)
	f.unreached, f.Cause = un, un.In(d.Lang)
	if hint := un.Hint.In(d.Lang); hint != "" {
		f.Advice = hint
	}
	return f
}

func describeLinks(links []survey.Link) string {
	var all []string
	for _, l := range links {
		state := "down"
		if l.Up {
			state = "up"
		}
		addr := "without an address"
		if l.Addr.IsValid() {
			addr = l.Addr.String()
		}
		if l.Name != "lo" {
			all = append(all, fmt.Sprintf("%s %s %s, mtu %d", l.Name, state, addr, l.MTU))
		}
	}
	return strings.Join(all, "; ")
}
