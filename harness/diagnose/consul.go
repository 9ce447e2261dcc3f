package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// consulOn returns the Consul of a host that has one. Hosts that register with one
// beside the manager's drop out when it is lost; Consul itself goes on.
func consulOn(d *diagnosis, h harness.Host) service {
	s := service{codes: consulCodes, on: d.state.On(h.Name), works: true, look: consulLookKind} // as far as is asked
	if h.Name == d.topology.Manager.Name {
		err := d.state.LeaderError.Err
		s.works = err == nil || errors.Is(err, engine.ErrNoLeader)
	} else {
		s.breaks = part{serverKind, h.Name}
	}
	return d.serviceOn(tutorial.Consul, s)
}

// checkConsul finds out why Consul does not answer, or has no leader.
func checkConsul(d *diagnosis) bool {
	manager := d.topology.Manager
	if !d.isIntact(engineKind, manager.Name) || d.state.On(manager.Name).ContainersError.Err != nil {
		return false
	}
	s := consulOn(d, manager)
	if found, ok := findContainer(d, s); ok && checkPort(d, s, found) {
		checkLeader(d, s, found)
		checkDetails(d, s, found)
	}
	return true
}

func checkLeader(d *diagnosis, s service, found survey.Container) {
	switch err := d.state.LeaderError.Err; {
	case err == nil:
		reportDifferences(d, s, found)
	case errors.Is(err, engine.ErrNoLeader) && len(d.topology.ConsulServers()) > 1:
		reportQuorum(d, s, found)
	case errors.Is(err, engine.ErrNoLeader) && slices.Contains(found.Args, "-bootstrap"):
		s.reportContainer(d, "consul-no-leader", found).addSeen(askLeader(d.topology), `""`).setAdvice(found.Name)
	case errors.Is(err, engine.ErrNoLeader):
		f := s.reportContainer(d, "consul-no-bootstrap", found).addSeen(askLeader(d.topology), `""`)
		f.setCause("Consul was started without -bootstrap: it waits for other servers and never has a leader")
		s.makeAnew(f, found)
	default:
		checkConsulPort(d, s, err)
	}
}

// askLeader returns how Consul is asked for its leader.
func askLeader(t harness.Topology) string { return "GET /v1/status/leader of " + t.Consul().String() }

// reportQuorum reports that of several servers so many are lost that the rest can't
// elect a leader.
func reportQuorum(d *diagnosis, manager service, found survey.Container) {
	servers := d.topology.ConsulServers()
	lost := map[string]string{} // as what each is lost, by its host
	var starts []string
	for _, h := range servers[1:] {
		state, start := downAs(d, consulOn(d, h))
		if state != "" {
			lost[h.Name] = state
		}
		if start != "" {
			starts = append(starts, start)
		}
	}
	running, need := len(servers)-len(lost), len(servers)/2+1
	var f *finding
	if running >= need {
		f = d.addFinding("consul-no-leader", manager.on.Name).
			setCause("Consul has no leader, though %d of its %d servers run", running, len(servers))
		f.Advice = d.Lang.Say("an election takes up to 10 s: ask again; else see whether the servers reach one "+
			"another on TCP 8300 and 8301: docker logs %s", found.Name)
	} else {
		f = d.addFinding("consul-no-quorum", manager.on.Name, running, len(servers), need)
	}
	f.addSeen(askLeader(d.topology), `""`).addRemedy(starts...)
	for _, h := range servers[1:] {
		if state := lost[h.Name]; state != "" {
			f.addSeen(dockerCommand(h, "ps --all"), state)
		}
	}
}

// downAs returns how a server is that does not run, and the command that starts it;
// nothing if it runs, and no command if its engine must come back first.
func downAs(d *diagnosis, s service) (state, start string) {
	if !d.isIntact(engineKind, s.on.Name) || s.on.ContainersError.Err != nil {
		return d.Lang.Say("no answer"), ""
	}
	mine := s.ownContainers()
	switch {
	case len(mine) == 0:
		return d.Lang.Say("no container of %s", s.Spec.Image), s.typedCommand()
	case mine[0].State == "running":
		return "", ""
	case mine[0].State == "paused":
		return fmt.Sprintf("%s: paused", mine[0].Name), dockerCommand(s.on.Host, "unpause %s", mine[0].Name)
	}
	return fmt.Sprintf("%s: %s", mine[0].Name, mine[0].State), dockerCommand(s.on.Host, "start %s", mine[0].Name)
}

// checkConsulPort finds out why Consul's container runs, and its port does not
// answer.
func checkConsulPort(d *diagnosis, s service, err error) {
	port := d.topology.Consul().Port()
	if rules := s.on.Probe.RulesAbout(port, d.topology.Hosts()); len(rules) > 0 {
		reportRules(d, "consul-blocked", s.on, rules, port).setBreaks(part{consulKind, ""})
		return
	}
	var f *finding
	switch filtered := reportFilter(d, s.on); {
	case filtered != nil:
		f = filtered.setBreaks(part{consulKind, ""}, part{managerKind, ""})
	case s.on.Probe.Forward == "0":
		f = reportForwarding(d, s.on)
	case survey.Unreached(err) != nil:
		f = reportUnreached(d, survey.Unreached(err), part{consulKind, ""})
	default:
		f = d.addFinding("consul-silent", s.on.Name, port).
			addRemedy(dockerCommand(s.on.Host, "restart %s", s.ownContainers()[0].Name))
	}
	f.addSeen(askLeader(d.topology), reasonOf(err))
}

func reportForwarding(d *diagnosis, h *survey.Host) *finding {
	return d.addFinding("forwarding-off", h.Name, h.Name).addRemedyOn(h.Name, "sysctl -w net.ipv4.ip_forward=1").
		setBreaks(part{consulKind, ""}, part{managerKind, ""}, part{packetKind, h.Name}).
		addSeen("sysctl net.ipv4.ip_forward, on "+h.Name, "0")
}

// checkServers finds Consul servers that are lost while the others go on.
func checkServers(d *diagnosis) bool {
	could := d.isIntact(consulKind, "")
	for _, h := range d.topology.ConsulServers()[1:] {
		if !could || !d.isIntact(serverKind, h.Name) {
			continue
		}
		before := len(d.found)
		if found, ok := findContainer(d, consulOn(d, h)); ok {
			checkDetails(d, consulOn(d, h), found)
			continue
		}
		for _, f := range d.found[before:] {
			f.breaks = append(f.breaks, keysThrough(d.topology, h)...)
		}
	}
	return could
}

// keysThrough returns the registrations that go through a host's Consul.
func keysThrough(t harness.Topology, server harness.Host) []part {
	var all []part
	for _, h := range t.Members {
		if t.ConsulOf(h).Name == server.Name {
			all = append(all, part{keyKind, h.Name})
		}
	}
	return all
}

// noAnswer is what a host answers of a service that it dialled in vain.
const noAnswer = "no answer within 1 s, or refused"

// checkWayToConsul finds hosts that can't reach a Consul which answers us.
func checkWayToConsul(d *diagnosis) bool {
	could := d.isIntact(consulKind, "")
	consul := d.topology.Consul()
	target := survey.Dial("tcp", consul)
	for _, h := range d.state.Hosts {
		if !could || !slices.Contains(h.Probe.Silent, target) || !d.isIntact(reachKind, h.Name) {
			continue
		}
		var f *finding
		if rules := h.Probe.RulesAbout(consul.Port(), d.topology.Hosts()); len(rules) > 0 {
			f = reportRules(d, "consul-blocked", h, rules, consul.Port()).setBreaks(part{reachKind, h.Name})
		} else {
			f = d.addFinding("consul-unreachable", h.Name, h.Name)
		}
		f.addSeen(target+", from "+h.Name, noAnswer)
	}
	return could
}

// keysBelow returns the keys below a path of Consul's, without the path.
func keysBelow(d *diagnosis, path string) []string {
	var all []string
	for k := range d.state.Entries {
		if name, ok := strings.CutPrefix(k, path); ok && name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
