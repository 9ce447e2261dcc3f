package diagnose

import (
	"fmt"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// members finds out why the manager does not list a registered host as Healthy.
func (d *diagnosis) members() {
	before, could := len(d.found), false
	for _, h := range d.topology.Members {
		if d.holds(memberKind, h.Name) {
			could = true
			d.member(h)
		}
	}
	d.asked(before, could, "the manager lists every member as Healthy")
}

func (d *diagnosis) member(h harness.Host) {
	manager := d.facts.hosts[d.topology.Manager.Name]
	m, listed := d.listed(h)
	rules := manager.probe.refuses(h.Engine().Port(), []harness.Host{h})
	said, silent := manager.probe.silent[dial("tcp", h.Engine())]
	asked := "docker -H=tcp://" + d.topology.Swarm().String() + " info"
	answered := fmt.Sprintf("%s: Status: %s, Error: %s", m.Name, m.Status, m.Error)
	if !listed {
		answered = "no " + h.Name
	}
	if listed && m.Status == engine.Healthy && !silent {
		return
	}
	restart := docker(d.topology.Manager, "restart %s", d.managerService().mine()[0].Name)
	var r *finding
	switch {
	case len(rules) > 0 && (silent || m.Error != ""):
		r = d.blocked("manager-cut-off", manager, rules, h.Engine().Port(), part{pathKind, h.Name})
	case silent:
		r = d.report("manager-cut-off", h.Name, managerSection, d.Lang.Say("the manager's host does not reach the engine of %s, which answers us", h.Name), part{pathKind, h.Name}).
			saw(dial("tcp", h.Engine())+", from "+d.topology.Manager.Name, said).sure(harness.Likely).
			advise(d.between())
	case !listed:
		r = d.report("member-missing", h.Name, managerSection, d.Lang.Say("%s is registered, and the manager does not list it", h.Name), part{memberKind, h.Name}).
			sure(harness.Likely).mend(restart).
			advise(d.Lang.Say("a manager that lost Consul for a while looks again after 60 s"))
	default:
		r = d.report("member-unhealthy", h.Name, managerSection, d.Lang.Say("the manager lists %s as %s", h.Name, m.Status), part{memberKind, h.Name}).
			mend(restart).
			advise(d.Lang.Say("its engine answers us: the manager asks it again every 30 to 60 s"))
	}
	r.saw(asked, answered)
}

// listed is a host in the manager's list.
func (d *diagnosis) listed(h harness.Host) (engine.Member, bool) {
	for _, m := range d.facts.swarm.Members {
		if m.Addr.String() == h.Engine().String() {
			return m, true
		}
	}
	return engine.Member{}, false
}
