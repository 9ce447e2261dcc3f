package diagnose

import (
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

func (d *diagnosis) managerService() service {
	return d.service("manager", service{
		code: "manager", name: lang.Text{EN: "the Swarm manager container"},
		on: d.facts.hosts[d.topology.Manager.Name], image: swarmImage, arg: "manage",
		port:   engine.Port{Host: d.topology.Swarm().Port(), Container: harness.EnginePort},
		works:  d.facts.swarm != nil,
		breaks: part{managerBoxKind, ""}, section: managerSection,
	})
}

// manager finds out why the Swarm manager does not answer, or manages another
// cluster, or in another way.
func (d *diagnosis) manager() {
	before := len(d.found)
	could := d.holds(engineKind, d.topology.Manager.Name)
	if could {
		s := d.managerService()
		found, ok := d.look(s)
		if ok && d.published(s, found) {
			d.manages(s, found)
			d.settled(s, found, "unless-stopped", part{managerLookKind, ""})
		}
	}
	d.asked(before, could, "the Swarm manager answers and spreads")
}

func (d *diagnosis) manages(s service, found box) {
	have, want := last(found.Args), last(s.want)
	switch {
	case strings.TrimSuffix(have, "/") != strings.TrimSuffix(want, "/"):
		r := d.about(s, "wrong-discovery", found, "%s on %s looks for its nodes in the wrong place").
			saw(docker(s.on.host, "inspect %s", found.Name), have+" instead of "+want)
		r.breaks = []part{{managerKind, ""}}
		d.again(s, r, found, s.mine())
	case d.facts.swarmErr != nil || d.facts.swarm == nil:
		d.noManager(s, found)
	case d.facts.swarm.Strategy != "spread":
		r := d.about(s, "wrong-strategy", found, "%s on %s does not spread containers").
			saw("docker -H=tcp://"+d.topology.Swarm().String()+" info", "Strategy: "+d.facts.swarm.Strategy)
		r.breaks = []part{{strategyKind, ""}}
		d.again(s, r, found, s.mine())
	case !s.right(found):
		r := d.about(s, "wrong-arguments", found, "%s on %s has other arguments than the page gives it")
		r.breaks = []part{{managerLookKind, ""}}
		d.again(s, r, found, s.mine())
	}
}

func (d *diagnosis) noManager(s service, found box) {
	answered := "an engine, " + d.facts.swarmName
	if d.facts.swarmErr != nil {
		answered = reason(d.facts.swarmErr)
	}
	asked := "docker -H=tcp://" + d.topology.Swarm().String() + " info"
	if rules := s.on.probe.refuses(d.topology.Swarm().Port(), nil); len(rules) > 0 {
		d.blocked("manager-blocked", s.on, rules, d.topology.Swarm().Port(), part{managerKind, ""}).saw(asked, answered)
		return
	}
	if !d.holds(managerKind, "") {
		return // what stops it is found already
	}
	if un := unreached(d.facts.swarmErr); un != nil {
		d.notReached(managerSection, un, part{managerKind, ""}).saw(asked, answered)
		return
	}
	r := d.report("manager-silent", s.on.host.Name, managerSection, d.Lang.Say("the Swarm manager container runs, and port %d does not answer", d.topology.Swarm().Port()), part{managerKind, ""}).
		saw(asked, answered).sure(harness.Likely).
		mend(docker(s.on.host, "restart %s", found.Name))
	if l := line(found.log, "level=fatal", "level=error"); l != "" {
		r.saw(docker(s.on.host, "logs %s", found.Name), l)
	}
}

func last(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[len(args)-1]
}

// flag is the value of --name VALUE or --name=VALUE.
func flag(args []string, name string) string {
	args = plain(args)
	if i := slices.Index(args, name); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}
