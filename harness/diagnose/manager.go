package diagnose

import (
	"cmp"
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
	s := service{codes: managerCodes, on: d.state.On(h.Name), works: true, look: managerLookKind} // as far as is asked
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
		checkDetails(d, s, found)
	}
	checkOthers(d)
	return true
}

// checkOthers finds Swarm managers that know nothing of one another: each takes itself
// for the primary.
func checkOthers(d *diagnosis) {
	for _, h := range d.topology.Members {
		s := managerOn(d, h)
		mine := s.ownContainers()
		if len(mine) == 0 || !mine[0].Running {
			continue
		}
		c, replicated := mine[0], slices.ContainsFunc(d.topology.Replicated(), func(r harness.Host) bool { return r.Name == h.Name })
		primaries := d.state.Swarm != nil && d.state.Swarm.Role != engine.Replica &&
			s.on.Replica != nil && s.on.Replica.Role != engine.Replica
		if replicated && !primaries {
			continue
		}
		f := d.addFinding("manager-two-primaries", h.Name, d.topology.Manager.Name, h.Name).
			addSeen(dockerCommand(h, "ps --no-trunc"), c.Name+": "+c.Command).
			addRemedy(dockerCommand(h, "rm -f %s", c.Name))
		manager := managerOn(d, d.topology.Manager)
		for _, m := range manager.ownContainers() {
			if replicated && !manager.hasPageArguments(m) {
				f.addRemedy(dockerCommand(d.topology.Manager, "rm -f %s", m.Name), manager.typedCommand())
			}
		}
		if replicated {
			f.addRemedy(s.typedCommand())
		}
	}
}

func checkManaging(d *diagnosis, s service, found survey.Container) {
	call, _ := tutorial.CallOf(found.Container)
	have, want := call.DiscoveryIn(d.topology), s.PageCall().Discovery
	var f *finding
	switch {
	case have != want && !hasAllMembers(d):
		f = s.reportContainer(d, "manager-wrong-discovery", found).
			addSeen(dockerCommand(s.on.Host, "inspect %s", found.Name), have+" instead of "+want)
	case d.state.SwarmError.Err != nil || d.state.Swarm == nil:
		checkManagerPort(d, s, found)
		return
	case d.state.Swarm.Strategy != "spread":
		f = s.reportContainer(d, "manager-wrong-strategy", found).
			addSeen(askSwarm(d.topology), "Strategy: "+d.state.Swarm.Strategy)
	default:
		reportDifferences(d, s, found)
		return
	}
	s.makeAnew(f, found)
}

// askSwarm returns how the Swarm manager is asked for its nodes.
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
	case len(s.on.Probe.RulesForContainers()) > 0 || len(s.on.Probe.LostRules()) > 0:
		f = reportFilter(d, s.on).setBreaks(part{managerKind, ""})
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
			checkDetails(d, managerOn(d, h), found)
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
func checkMembers(d *diagnosis) bool { return d.checkEachMember(memberKind, checkMember) }

func checkMember(d *diagnosis, h harness.Host) {
	manager := d.state.On(d.topology.Manager.Name)
	m, listed := d.state.Swarm.At(h)
	rules := manager.Probe.RulesAbout(h.Engine().Port(), []harness.Host{h})
	target := survey.Dial("tcp", h.Engine())
	isSilent := slices.Contains(manager.Probe.Silent, target)
	if listed && m.Status == engine.Healthy && !isSilent {
		return
	}
	if listed && m.Status == "" && m.Problem == "" && !isSilent {
		reportTooOld(d, h)
		return
	}
	var restart []string
	for _, c := range managerOn(d, d.topology.Manager).ownContainers() {
		restart = []string{dockerCommand(d.topology.Manager, "restart %s", c.Name)}
		break
	}
	var f *finding
	switch {
	case len(rules) > 0 && (isSilent || m.Error != ""):
		f = reportRules(d, "manager-cut-off", manager, rules, h.Engine().Port()).setBreaks(part{pathKind, h.Name})
	case reportProxy(d, managerOn(d, d.topology.Manager), "manager-proxy", part{memberKind, h.Name}):
		return
	case isSilent:
		f = d.addFinding("manager-cut-off", h.Name, h.Name).
			addSeen(target+", from "+d.topology.Manager.Name, noAnswer)
	case !listed:
		f = d.addFinding("member-missing", h.Name, h.Name).addRemedy(restart...)
	default:
		f = d.addFinding("member-unhealthy", h.Name, h.Name, m.Status).addRemedy(restart...)
	}
	answered := "no " + h.Name
	if listed {
		answered = fmt.Sprintf("%s: Status: %s, Error: %s", m.Name, m.Status, m.Error)
	}
	f.addSeen(askSwarm(d.topology), answered)
}

// reportTooOld reports a Swarm manager that does not tell how its members are, once
// for all of them.
func reportTooOld(d *diagnosis, h harness.Host) {
	if !d.hasFound("manager-too-old") {
		d.addFinding("manager-too-old", d.topology.Manager.Name, cmp.Or(d.state.SwarmVersion, "?")).setBreaks().
			addSeen(askSwarm(d.topology), "no Status of "+h.Name)
	}
	f := d.found[slices.IndexFunc(d.found, func(f *finding) bool { return f.Code == "manager-too-old" })]
	f.breaks = append(f.breaks, part{memberKind, h.Name})
}

// hasAllMembers reports whether the manager lists every member as Healthy.
func hasAllMembers(d *diagnosis) bool {
	return !slices.ContainsFunc(d.topology.Members, func(h harness.Host) bool {
		m, _ := d.state.Swarm.At(h)
		return m.Status != engine.Healthy
	})
}
