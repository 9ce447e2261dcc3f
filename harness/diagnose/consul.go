package diagnose

import (
	"errors"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

func (d *diagnosis) consulService() service {
	return d.service("consul", service{
		code: "consul", name: lang.Text{EN: "the Consul container"},
		on: d.facts.hosts[d.topology.Manager.Name], image: consulImage,
		port:   engine.Port{Host: d.topology.Consul().Port(), Container: harness.ConsulPort},
		works:  d.facts.leaderErr == nil || errors.Is(d.facts.leaderErr, engine.ErrNoLeader),
		breaks: part{consulBoxKind, ""}, section: consulSection,
	})
}

// consul finds out why Consul does not answer, has no leader, or is out of reach
// of a host.
func (d *diagnosis) consul() {
	before := len(d.found)
	manager := d.topology.Manager.Name
	could := d.holds(engineKind, manager) && d.facts.hosts[manager].boxesErr == nil
	if could {
		s := d.consulService()
		found, ok := d.look(s)
		if ok && d.published(s, found) {
			d.leader(s, found)
			d.settled(s, found, "unless-stopped", part{consulLookKind, ""})
		}
	}
	d.asked(before, could, "Consul answers and has a leader")
	d.servers()
	d.reach()
}

func (d *diagnosis) leader(s service, found box) {
	err := d.facts.leaderErr
	switch {
	case err == nil && !s.right(found):
		r := d.about(s, "wrong-arguments", found, "%s on %s has other arguments than the page gives it")
		r.advise(d.Lang.Say("it works as it is; made anew it loses what it holds: %s, then %s", docker(s.on.host, "rm -f %s", found.Name), s.command))
		r.breaks = []part{{consulLookKind, ""}}
	case err == nil:
	case errors.Is(err, engine.ErrNoLeader):
		d.noLeader(s, found)
	default:
		d.noConsul(s, err)
	}
}

func (d *diagnosis) noLeader(s service, found box) {
	if len(d.topology.ConsulServers()) > 1 {
		d.noQuorum(s, found)
		return
	}
	r := d.about(s, "no-leader", found, "%s on %s answers but has no leader").
		saw("GET /v1/status/leader of "+d.topology.Consul().String(), `""`)
	r.breaks = []part{{consulKind, ""}}
	if slices.Contains(found.Args, "-bootstrap") {
		r.advise(d.Lang.Say("an election takes up to 10 s after a start: ask again; else look at docker logs %s", found.Name)).sure(harness.Likely)
		return
	}
	r.Code = "consul-no-bootstrap"
	r.Cause = d.Lang.Say("Consul was started without -bootstrap: it waits for other servers and never has a leader")
	d.again(s, r, found, s.mine())
}

// noConsul: the container runs, and its port does not answer.
func (d *diagnosis) noConsul(s service, err error) {
	if rules := s.on.probe.refuses(d.topology.Consul().Port(), d.topology.Hosts()); len(rules) > 0 {
		d.blocked("consul-blocked", s.on, rules, d.topology.Consul().Port(), part{consulKind, ""})
		return
	}
	if s.on.probe.forward == "0" {
		d.noForward(s.on).saw("GET /v1/status/leader of "+d.topology.Consul().String(), reason(err))
		return
	}
	if un := unreached(err); un != nil {
		d.notReached(consulSection, un, part{consulKind, ""}).saw("GET /v1/status/leader of "+d.topology.Consul().String(), reason(err))
		return
	}
	d.report("consul-silent", s.on.host.Name, consulSection, d.Lang.Say("the Consul container runs, and port %d does not answer", d.topology.Consul().Port()), part{consulKind, ""}).
		saw("GET /v1/status/leader of "+d.topology.Consul().String(), reason(err)).sure(harness.Likely).
		mend(docker(s.on.host, "restart %s", s.mine()[0].Name))
}

func (d *diagnosis) noForward(f *hostFacts) *finding {
	return d.report("forwarding-off", f.host.Name, hostsSection, d.Lang.Say("the kernel of %s forwards nothing: published ports lead nowhere", f.host.Name), part{consulKind, ""}, part{managerKind, ""}, part{packetKind, f.host.Name}).
		saw("sysctl net.ipv4.ip_forward, on "+f.host.Name, "0").
		advise(d.Lang.Say("switch it on, on %s itself: sysctl -w net.ipv4.ip_forward=1", f.host.Name))
}

// reach finds hosts that can't reach a Consul which answers us.
func (d *diagnosis) reach() {
	before := len(d.found)
	could := d.holds(consulKind, "")
	for _, h := range d.topology.Hosts() {
		f := d.facts.hosts[h.Name]
		target := dial("tcp", d.topology.Consul())
		said, silent := f.probe.silent[target]
		if !could || !silent || !d.holds(engineKind, h.Name) {
			continue
		}
		if rules := f.probe.refuses(d.topology.Consul().Port(), d.topology.Hosts()); len(rules) > 0 {
			d.blocked("consul-blocked", f, rules, d.topology.Consul().Port(), part{reachKind, h.Name}).saw(target+", from "+h.Name, said)
			continue
		}
		d.report("consul-unreachable", h.Name, consulSection, d.Lang.Say("%s does not reach Consul", h.Name), part{reachKind, h.Name}).
			saw(target+", from "+h.Name, said).sure(harness.Likely).
			advise(d.between())
	}
	d.asked(before, could, "every host reaches Consul")
}

// keys are those below a path of Consul's, without the path.
func (d *diagnosis) keys(path string) []string {
	var all []string
	for k := range d.facts.entries {
		if name, ok := strings.CutPrefix(k, path); ok && name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
