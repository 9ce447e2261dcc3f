package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// managerOn returns the Swarm manager of a host that has one.
func managerOn(d *diagnosis, h harness.Host) service {
	s := service{codes: managerCodes, on: d.state.On(h.Name), works: true} // as far as is asked
	if h.Name == d.topology.Manager.Name {
		s.works = d.state.Swarm != nil
	} else {
		s.breaks = part{replicaKind, h.Name}
	}
	return d.serviceOn(tutorial.SwarmManager, s)
}

// checkManager finds out why the Swarm manager does not answer, or manages another
// cluster, or in another way.
func checkManager(d *diagnosis) bool {
	if !d.isIntact(engineKind, d.topology.Manager.Name) {
		return false
	}
	s := managerOn(d, d.topology.Manager)
	if found, ok := findContainer(d, s); ok && checkPort(d, s, found) {
		checkManaging(d, s, found)
		checkDetails(d, s, found, "unless-stopped")
	}
	return true
}

func checkManaging(d *diagnosis, s service, found survey.Container) {
	have, want := lastOf(found.Args), lastOf(s.Spec.Args)
	var f *finding
	switch {
	case strings.TrimSuffix(have, "/") != strings.TrimSuffix(want, "/"):
		f = s.reportContainer(d, "manager-wrong-discovery", found).
			addSeen(dockerCommand(s.on.Host, "inspect %s", found.Name), have+" instead of "+want)
	case d.state.SwarmError.Err != nil || d.state.Swarm == nil:
		checkManagerPort(d, s, found)
		return
	case d.state.Swarm.Strategy != "spread":
		f = s.reportContainer(d, "manager-wrong-strategy", found).
			addSeen(askSwarm(d.topology), "Strategy: "+d.state.Swarm.Strategy)
	case !s.hasPageArguments(found):
		f = s.reportContainer(d, s.codes.wrongArguments, found)
	default:
		return
	}
	s.makeAnew(f, found)
}

// askSwarm is how the Swarm manager is asked for its nodes.
func askSwarm(t harness.Topology) string { return "docker -H=tcp://" + t.Swarm().String() + " info" }

// checkManagerPort finds out why the manager's container runs, and its port does
// not answer.
func checkManagerPort(d *diagnosis, s service, found survey.Container) {
	err, port := d.state.SwarmError.Err, d.topology.Swarm().Port()
	answered := "an engine, " + d.state.SwarmName
	if err != nil {
		answered = reasonOf(err)
	}
	var f *finding
	switch rules := s.on.Probe.RulesAbout(port, nil); {
	case len(rules) > 0:
		f = reportRules(d, "manager-blocked", s.on, rules, port)
	case !d.isIntact(managerKind, ""):
		return // what stops it is found already
	case survey.Unreached(err) != nil:
		f = reportUnreached(d, survey.Unreached(err), part{managerKind, ""})
	default:
		f = d.addFinding("manager-silent", s.on.Name, port).addRemedy(dockerCommand(s.on.Host, "restart %s", found.Name))
	}
	f.addSeen(askSwarm(d.topology), answered)
	if l := lastLine(found.Log, "level=fatal", "level=error"); l != "" && f.Code == "manager-silent" {
		f.addSeen(dockerCommand(s.on.Host, "logs %s", found.Name), l)
	}
}

// checkReplicas finds Swarm managers that are lost beside the manager's, and
// whether there is a primary among those that answer.
func checkReplicas(d *diagnosis) bool {
	for _, h := range d.topology.Replicated() {
		if !d.isIntact(replicaKind, h.Name) {
			continue
		}
		if found, ok := findContainer(d, managerOn(d, h)); ok {
			checkDetails(d, managerOn(d, h), found, "unless-stopped")
		}
	}
	swarm := d.state.Swarm
	could := d.isIntact(managerKind, "") && d.isIntact(consulKind, "") && swarm != nil
	if could && swarm.Role == engine.Replica && strings.TrimSpace(swarm.Primary) == "" {
		d.addFinding("manager-no-primary", d.topology.Manager.Name).addSeen(askSwarm(d.topology), "Role: replica, no Primary")
	}
	return could
}

// checkMembers finds out why the manager does not list a registered host as
// Healthy.
func checkMembers(d *diagnosis) (could bool) {
	for _, h := range d.topology.Members {
		if d.isIntact(memberKind, h.Name) {
			could = true
			checkMember(d, h)
		}
	}
	return could
}

func checkMember(d *diagnosis, h harness.Host) {
	manager := d.state.On(d.topology.Manager.Name)
	m, listed := memberAt(d.state.Swarm, h)
	rules := manager.Probe.RulesAbout(h.Engine().Port(), []harness.Host{h})
	target := survey.Dial("tcp", h.Engine())
	isSilent := slices.Contains(manager.Probe.Silent, target)
	if listed && m.Status == engine.Healthy && !isSilent {
		return
	}
	restart := dockerCommand(d.topology.Manager, "restart %s", managerOn(d, d.topology.Manager).ownContainers()[0].Name)
	var f *finding
	switch {
	case len(rules) > 0 && (isSilent || m.Error != ""):
		f = reportRules(d, "manager-cut-off", manager, rules, h.Engine().Port()).setBreaks(part{pathKind, h.Name})
	case isSilent:
		f = d.addFinding("manager-cut-off", h.Name, h.Name).
			addSeen(target+", from "+d.topology.Manager.Name, noAnswer)
	case !listed:
		f = d.addFinding("member-missing", h.Name, h.Name).addRemedy(restart)
	default:
		f = d.addFinding("member-unhealthy", h.Name, h.Name, m.Status).addRemedy(restart)
	}
	answered := "no " + h.Name
	if listed {
		answered = fmt.Sprintf("%s: Status: %s, Error: %s", m.Name, m.Status, m.Error)
	}
	f.addSeen(askSwarm(d.topology), answered)
}

// memberAt returns a host in the manager's list, by the address of its engine.
func memberAt(s *engine.Swarm, h harness.Host) (engine.Member, bool) {
	i := slices.IndexFunc(s.Members, func(m engine.Member) bool { return m.Addr == h.Engine() })
	if i < 0 {
		return engine.Member{}, false
	}
	return s.Members[i], true
}

// lastOf returns the last argument; empty if there is none.
func lastOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[len(args)-1]
}

// flagOf returns the value of --name VALUE or --name=VALUE.
func flagOf(args []string, name string) string {
	args = tutorial.PlainArguments(args)
	if i := slices.Index(args, name); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}
