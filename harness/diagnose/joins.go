package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// swarmNodes is where `swarm join` registers, a key ip:port for each node.
const swarmNodes = "docker/swarm/nodes/"

// joinOn returns the join container of a member.
func joinOn(d *diagnosis, h harness.Host) service {
	works := true // as far as its log goes: its key outlives it
	return d.service(tutorial.SwarmJoin, service{codes: joinCodes, on: d.state.On(h.Name), works: works})
}

// checkJoins finds out which hosts do not register for Swarm, and why.
func checkJoins(d *diagnosis) (could bool) {
	for _, h := range d.topology.Members {
		if d.holds(joinKind, h.Name) {
			could = true
			checkJoin(d, joinOn(d, h))
		}
	}
	return could
}

func checkJoin(d *diagnosis, s service) {
	found, ok := findContainer(d, s)
	if !ok {
		return
	}
	advertised, want := flagOf(found.Args, "--advertise"), s.on.Engine().String()
	discovery, place := strings.TrimSuffix(lastOf(found.Args), "/"), strings.TrimSuffix(lastOf(s.Spec.Args), "/")
	switch {
	case discovery != place:
		s.makeAnew(s.report(d, "join-wrong-discovery", found).
			saw(docker(s.on.Host, "inspect %s", found.Name), discovery+" instead of "+place), found)
	case advertised != want:
		reportWrongAddress(d, s, found, advertised)
	default:
		checkTwice(d, s)
		restart := "no"
		if d.topology.RestartJoin {
			restart = "unless-stopped"
		}
		checkDetails(d, s, found, restart)
	}
}

// reportWrongAddress reports a join container that registers another address than
// its host's. The wrong key stays for as long as its session, up to 180 s.
func reportWrongAddress(d *diagnosis, s service, found survey.Container, advertised string) {
	code, key := "join-wrong-address", swarmNodes+advertised
	if a, err := netip.ParseAddrPort(advertised); err == nil && a.Addr() == s.on.Addr {
		code = "join-wrong-port"
	}
	f := s.report(d, code, found).breaking(part{joinKind, s.on.Name}, part{listKind, ""}).
		saw(docker(s.on.Host, "inspect %s", found.Name), "--advertise="+advertised+" instead of "+s.on.Engine().String())
	s.makeAnew(f, found)
	if code == "join-wrong-port" && d.state.Entries[key].Key != "" {
		f.fix(deleteKey(d, key))
	}
}

// checkTwice reports more than one running join container of a host.
func checkTwice(d *diagnosis, s service) {
	var names []string
	for _, c := range s.mine() {
		if c.Running {
			names = append(names, c.Name)
		}
	}
	if len(names) < 2 {
		return
	}
	f := d.report("join-twice", s.on.Name, s.Title, s.on.Name).saw(docker(s.on.Host, "ps"), strings.Join(names, ", "))
	for _, n := range names[1:] {
		f.fix(docker(s.on.Host, "rm -f %s", n))
	}
}

// deleteKey returns the command that takes a key out of Consul.
func deleteKey(d *diagnosis, key string) string {
	manager := d.topology.Manager
	return docker(manager, "exec %s consul kv delete %s", consulOn(d, manager).mine()[0].Name, key)
}

// checkKeys finds members that are not registered as they should be, and keys of
// what is no member.
func checkKeys(d *diagnosis) bool {
	if !d.holds(consulKind, "") || d.state.KeysError.Err != nil {
		return false
	}
	for _, h := range d.topology.Members {
		if d.holds(keyKind, h.Name) {
			checkKey(d, h)
		}
	}
	if d.holds(listKind, "") { // else a join container's wrong address explains them
		checkStrangers(d)
	}
	return true
}

// checkKey finds out what is wrong with the key of a member whose join container
// runs.
func checkKey(d *diagnosis, h harness.Host) {
	address := h.Engine().String()
	entry, there := d.state.Entries[swarmNodes+address]
	restart := docker(h, "restart %s", joinOn(d, h).mine()[0].Name)
	asked := "consul kv get " + swarmNodes + address
	switch {
	case !there:
		d.report("key-missing", h.Name, h.Name).saw(asked, "no such key").fix(restart)
	case entry.Value != address:
		d.report("key-wrong", h.Name, h.Name).saw(asked, entry.Value).fix(deleteKey(d, swarmNodes+address), restart)
	case entry.Session == "":
		d.report("key-stale", h.Name, h.Name).saw("GET /v1/kv/"+swarmNodes+address, "no Session").
			fix(deleteKey(d, swarmNodes+address), restart)
	}
}

// checkStrangers reports keys of what is no member.
func checkStrangers(d *diagnosis) {
	for _, name := range keysBelow(d, swarmNodes) {
		isMember := func(h harness.Host) bool { return h.Engine().String() == name }
		_, addrErr := netip.ParseAddrPort(name)
		var f *finding
		switch {
		case slices.ContainsFunc(d.topology.Members, isMember):
			continue
		case isMember(d.topology.Manager):
			f = d.report("manager-joined", "")
		case addrErr != nil:
			f = d.report("key-no-address", "", name)
		default:
			f = d.report("key-without-node", "", name)
		}
		entry := d.state.Entries[swarmNodes+name]
		f.saw("consul kv get -recurse "+swarmNodes, name+": "+entry.Value)
		removeStranger(d, f, name)
		if entry.Session == "" || len(f.Remedy) > 1 {
			f.Advice = ""
		}
	}
}

// removeStranger removes a key, and the join container that keeps it there if that
// is on one of our hosts.
func removeStranger(d *diagnosis, f *finding, name string) {
	for _, h := range d.state.Hosts {
		for _, c := range h.Containers {
			if runs(c.Container, "join") && c.Running && flagOf(c.Args, "--advertise") == name {
				f.fix(docker(h.Host, "rm -f %s", c.Name))
			}
		}
	}
	f.fix(deleteKey(d, swarmNodes+name))
}
