package diagnose

import (
	"fmt"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// server is the Consul of a host beside the manager. Hosts that register with it
// drop out when it is lost; Consul itself goes on.
func (d *diagnosis) server(h harness.Host) service {
	return d.service("consul-"+h.Name, service{
		code: "consul", name: lang.Text{EN: "the Consul container"},
		on: d.facts.hosts[h.Name], image: consulImage,
		port:   engine.Port{Host: d.topology.Consul().Port(), Container: harness.ConsulPort},
		works:  true, // as far as is asked
		breaks: part{serverKind, h.Name}, section: consulSection,
	})
}

// servers finds Consul servers that are lost while the others go on.
func (d *diagnosis) servers() {
	others := d.topology.ConsulServers()[1:]
	if len(others) == 0 {
		return
	}
	before, could := len(d.found), d.holds(consulKind, "")
	for _, h := range others {
		if !could || !d.holds(serverKind, h.Name) {
			continue
		}
		known := len(d.found)
		if found, ok := d.look(d.server(h)); ok {
			d.settled(d.server(h), found, "unless-stopped", part{serverKind, h.Name})
			continue
		}
		for _, f := range d.found[known:] {
			f.breaks = append(f.breaks, d.keysOf(h)...)
		}
	}
	d.asked(before, could, "every Consul server runs")
}

// keysOf are the registrations that go through a host's Consul.
func (d *diagnosis) keysOf(server harness.Host) []part {
	var all []part
	for _, h := range d.topology.Members {
		if d.topology.ConsulOf(h).Name == server.Name {
			all = append(all, part{keyKind, h.Name})
		}
	}
	return all
}

// noQuorum: of several servers so many are lost that the rest can't elect a
// leader.
func (d *diagnosis) noQuorum(s service, found box) {
	servers := d.topology.ConsulServers()
	asked := "GET /v1/status/leader of " + d.topology.Consul().String()
	r := d.report("consul-no-quorum", s.on.host.Name, consulSection, "", part{consulKind, ""}).saw(asked, `""`)
	runs := 1 // the manager's
	for _, h := range servers[1:] {
		state, start := d.downAs(d.server(h))
		if state == "" {
			runs++
			continue
		}
		r.saw(docker(h, "ps --all"), state)
		if start != "" {
			r.mend(start)
		}
	}
	r.Cause = d.Lang.Say("Consul has lost its quorum: %d of its %d servers run, and a leader needs %d",
		runs, len(servers), len(servers)/2+1)
	if runs > len(servers)/2 {
		r.Code = "consul-no-leader"
		r.Cause = d.Lang.Say("Consul has no leader, though %d of its %d servers run", runs, len(servers))
		r.advise(d.Lang.Say("an election takes up to 10 s: ask again; else see whether the servers reach one another on TCP 8300 and 8301: docker logs %s", found.Name)).sure(harness.Likely)
	}
}

// downAs says how a server that does not run is, and by which command it starts;
// empty where it runs, and no command where its engine must come back first.
func (d *diagnosis) downAs(s service) (state, start string) {
	if !d.holds(engineKind, s.on.host.Name) || s.on.boxesErr != nil {
		return d.Lang.Say("no answer"), ""
	}
	mine := s.mine()
	switch {
	case len(mine) == 0:
		return d.Lang.Say("no container of %s", s.image), s.command
	case mine[0].State == "running":
		return "", ""
	case mine[0].State == "paused":
		return fmt.Sprintf("%s: paused", mine[0].Name), docker(s.on.host, "unpause %s", mine[0].Name)
	}
	return fmt.Sprintf("%s: %s", mine[0].Name, mine[0].State), docker(s.on.host, "start %s", mine[0].Name)
}

// replica is the Swarm manager of a host beside the manager.
func (d *diagnosis) replica(h harness.Host) service {
	return d.service("manager-"+h.Name, service{
		code: "manager", name: lang.Text{EN: "the Swarm manager container"},
		on: d.facts.hosts[h.Name], image: swarmImage, arg: "manage",
		port:   engine.Port{Host: d.topology.Swarm().Port(), Container: harness.EnginePort},
		works:  true, // as far as is asked
		breaks: part{replicaKind, h.Name}, section: managerSection,
	})
}

// replicas finds Swarm managers that are lost beside the manager's, and whether
// there is a primary among those that answer.
func (d *diagnosis) replicas() {
	others := d.topology.Replicated()
	if len(others) == 0 {
		return
	}
	before := len(d.found)
	for _, h := range others {
		if !d.holds(replicaKind, h.Name) {
			continue
		}
		if found, ok := d.look(d.replica(h)); ok {
			d.settled(d.replica(h), found, "unless-stopped", part{replicaKind, h.Name})
		}
	}
	could := d.holds(managerKind, "") && d.holds(consulKind, "") && d.facts.swarm != nil
	if could && d.facts.swarm.Role == engine.Replica && strings.TrimSpace(d.facts.swarm.Primary) == "" {
		d.report("manager-no-primary", d.topology.Manager.Name, managerSection, d.Lang.Say("no Swarm manager is primary: what is asked of them waits"), part{managerKind, ""}).
			saw("docker -H=tcp://"+d.topology.Swarm().String()+" info", "Role: replica, no Primary").sure(harness.Likely).
			advise(d.Lang.Say("an election takes up to 25 s after the primary or Consul's quorum was lost: ask again"))
	}
	d.asked(before, could, "every replica of the Swarm manager runs, and one is primary")
}
