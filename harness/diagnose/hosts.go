package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// hosts finds out why engines do not answer.
func (d *diagnosis) hosts() {
	before := len(d.found)
	for _, h := range d.topology.Hosts() {
		f := d.facts.hosts[h.Name]
		switch {
		case f.dialErr != nil:
			d.unreachable(f)
		case f.hangs(): // what it waits for is asked first
		case f.infoErr != nil:
			d.silent(f)
		case f.info.Name != h.Name:
			d.report("host-name", h.Name, hostsSection, d.Lang.Say(
				"the host at %[1]s calls itself %[2]s, not %[3]s", h.Addr, f.info.Name, h.Name), part{engineKind, h.Name}).
				saw(docker(h, "info --format '{{.Name}}'"), f.info.Name).
				advise(d.Lang.Say("give the host its name back: hostname %s, on the host itself", h.Name))
		}
	}
	d.sameID()
	d.asked(before, true, "every host can be reached, and every engine answers as itself")
}

// unreachable: no connection to the engine's port came about.
func (d *diagnosis) unreachable(f *hostFacts) {
	h := f.host
	asked := "TCP " + h.Engine().String()
	answered := reason(f.dialErr)
	refused := errors.Is(f.dialErr, engine.ErrRefused) || strings.Contains(answered, "refused")
	rules := f.probe.refuses(h.Engine().Port(), d.topology.Hosts())
	outer, known := f.probe.outer(h)
	var r *finding
	switch {
	case f.probe.err != nil:
		r = d.report("host-down", h.Name, hostsSection, d.Lang.Say("the host %s is down", h.Name), part{engineKind, h.Name}).
			saw("a command on "+h.Name, f.probe.err.Error()).
			advise(d.Lang.Say("start the host, and look at why it ended"))
		d.whyEnded(f, r)
	case len(rules) > 0:
		r = d.blocked("engine-port-blocked", f, rules, h.Engine().Port(), part{engineKind, h.Name})
	case f.probe.unasked == nil && (!known || !outer.up):
		r = d.report("host-link-down", h.Name, hostsSection, d.Lang.Say("no network interface of %s that is up has the address %s", h.Name, h.Addr), part{engineKind, h.Name}).
			saw("ip addr, on "+h.Name, describeLinks(f.probe.links)).
			advise(d.Lang.Say("bring the interface up, or give it its address again"))
	case f.probe.unasked == nil && f.probe.state == 0 || refused:
		r = d.report("engine-ended", h.Name, hostsSection, d.Lang.Say("no engine listens on port %d of %s", h.Engine().Port(), h.Name), part{engineKind, h.Name}).
			advise(d.Lang.Say("start the engine with --host=tcp://%s: systemctl start docker, on the host itself", h.Engine().String()))
		if f.probe.unasked == nil {
			r.saw("ps, on "+h.Name, engineState(f.probe))
		}
		d.whyEnded(f, r)
	case unreached(f.dialErr) != nil:
		r = d.notReached(hostsSection, unreached(f.dialErr), part{engineKind, h.Name})
	default:
		r = d.report("host-unreachable", h.Name, hostsSection, d.Lang.Say("%s can't be reached on port %d, although its engine runs", h.Name, h.Engine().Port()), part{engineKind, h.Name}).
			sure(harness.Likely).
			advise(d.between())
	}
	r.saw(asked, answered)
	if f.probe.unasked != nil {
		r.saw("a command on "+h.Name, d.Lang.Error(f.probe.unasked))
	}
}

// blocked reports rules of a host's packet filter that stop a port, or that cut
// it off from another host altogether.
func (d *diagnosis) blocked(code string, f *hostFacts, rules []string, port uint16, breaks ...part) *finding {
	cause := d.Lang.Say("the packet filter of %s stops traffic on port %d", f.host.Name, port)
	if !slices.ContainsFunc(rules, func(r string) bool { return strings.Contains(r, "port ") }) {
		code = "host-cut"
		cause = d.Lang.Say("the packet filter of %s stops all traffic with another host", f.host.Name)
	}
	r := d.report(code, f.host.Name, networkSection, cause, breaks...)
	var undo []string
	for _, rule := range rules {
		r.saw("iptables-save, on "+f.host.Name, rule)
		undo = append(undo, "iptables "+strings.Replace(rule, "-A ", "-D ", 1))
	}
	return r.advise(d.Lang.Say("take the rule away, on %s itself: %s", f.host.Name, strings.Join(undo, "; ")))
}

// roomless reports file systems that the engine can't write to any more.
func (d *diagnosis) roomless(f *hostFacts) {
	if len(f.probe.full) == 0 {
		return
	}
	d.report("disk-full", f.host.Name, hostsSection, d.Lang.Say("there is no room left where the engine of %s writes", f.host.Name), part{diskKind, f.host.Name}).
		saw("df, on "+f.host.Name, strings.Join(f.probe.full, "; ")).
		advise(d.Lang.Say("make room: %s shows what takes it", docker(f.host, "system df")))
}

// sameID reports engines that share an identity: Swarm lists only one of them.
func (d *diagnosis) sameID() {
	owners := map[string]harness.Host{}
	for _, h := range d.topology.Hosts() {
		id := d.facts.hosts[h.Name].info.ID
		first, taken := owners[id]
		if id == "" || !taken {
			owners[id] = h
			continue
		}
		d.report("engine-same-id", h.Name, hostsSection, d.Lang.Say("the engines of %s and %s have the same ID", first.Name, h.Name), part{memberKind, first.Name}, part{memberKind, h.Name}).
			saw(docker(first, "info --format '{{.ID}}'"), id).saw(docker(h, "info --format '{{.ID}}'"), id).
			advise(d.Lang.Say("the host was copied: remove /etc/docker/key.json on %s and restart its engine", h.Name))
	}
}

func describeLinks(links []link) string {
	var all []string
	for _, l := range links {
		state := "down"
		if l.up {
			state = "up"
		}
		if l.name != "lo" {
			all = append(all, fmt.Sprintf("%s %s %s, mtu %d", l.name, state, l.addr, l.mtu))
		}
	}
	return strings.Join(all, "; ")
}
