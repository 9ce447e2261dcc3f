package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// swarmNodes is where `swarm join` registers, a key ip:port for each node, below the
// path of its discovery.
const swarmNodes = "docker/swarm/nodes/"

// swarmKeys returns swarmNodes as the cluster has it.
func swarmKeys(d *diagnosis) string { return d.topology.KeysOf(swarmNodes) }

// joinOn returns the join container of a member. It works as far as its log goes: its key
// outlives it.
func joinOn(d *diagnosis, h harness.Host) service {
	return d.serviceOn(tutorial.SwarmJoin, service{codes: joinCodes, on: d.state.On(h.Name), works: true, look: joinLookKind})
}

// checkJoins finds out which hosts do not register for Swarm, and why.
func checkJoins(d *diagnosis) bool { return d.checkEachMember(joinKind, checkJoin) }

func checkJoin(d *diagnosis, h harness.Host) {
	s := joinOn(d, h)
	found, ok := findContainer(d, s)
	if !ok {
		return
	}
	call, _ := tutorial.CallOf(found.Container)
	discovery, place := call.DiscoveryIn(d.topology), s.PageCall().Discovery
	isNamed := engine.NamesHost(call.Advertise, s.on.Host) && isListedAs(d, call.Advertise)
	switch {
	case discovery != place:
		s.makeAnew(s.reportContainer(d, "join-wrong-discovery", found).
			addSeen(dockerCommand(s.on.Host, "inspect %s", found.Name), discovery+" instead of "+place), found)
	case call.Advertise != s.on.Engine().String() && !isNamed:
		reportWrongAddress(d, s, found, call.Advertise)
	default:
		checkTwice(d, s)
		reportDifferences(d, s, found)
		checkDetails(d, s, found)
	}
}

// isListedAs reports whether the manager lists what goes by a name as Healthy.
func isListedAs(d *diagnosis, advertised string) bool {
	return d.state.Swarm != nil && slices.ContainsFunc(d.state.Swarm.Members, func(m engine.Member) bool {
		return m.Advertised == advertised && m.Status == engine.Healthy
	})
}

// reportWrongAddress reports a join container that registers another address than
// its host's. The wrong key stays for as long as its session, up to 180 s.
func reportWrongAddress(d *diagnosis, s service, found survey.Container, advertised string) {
	code, key := "join-wrong-address", swarmKeys(d)+advertised
	if a, err := netip.ParseAddrPort(advertised); err == nil && a.Addr() == s.on.Addr {
		code = "join-wrong-port"
	}
	f := s.reportContainer(d, code, found).setBreaks(part{joinKind, s.on.Name}, part{listKind, ""}).
		addSeen(dockerCommand(s.on.Host, "inspect %s", found.Name), "--advertise="+advertised+" instead of "+s.on.Engine().String())
	s.makeAnew(f, found)
	isEngine := func(h harness.Host) bool { return h.Engine().String() == advertised }
	if d.state.Entries[key].Key != "" && !slices.ContainsFunc(d.topology.Hosts(), isEngine) {
		f.addRemedy(deleteKey(d, key))
	}
}

// checkTwice reports more than one running join container of a host, without those of
// another swarm.
func checkTwice(d *diagnosis, s service) {
	var names []string
	for _, c := range s.ownContainers() {
		if c.Running && s.IsOfSwarm(c.Container) {
			names = append(names, c.Name)
		}
	}
	if len(names) < 2 {
		return
	}
	f := d.addFinding("join-twice", s.on.Name, s.Title, s.on.Name).
		addSeen(dockerCommand(s.on.Host, "ps"), strings.Join(names, ", "))
	for _, n := range names[1:] {
		f.addRemedy(dockerCommand(s.on.Host, "rm -f %s", n))
	}
}

// deleteKey returns the command that takes a key out of Consul.
func deleteKey(d *diagnosis, key string) string {
	manager := d.topology.Manager
	if mine := consulOn(d, manager).ownContainers(); len(mine) > 0 {
		return dockerCommand(manager, "exec %s consul kv delete %s", mine[0].Name, key)
	}
	return fmt.Sprintf("curl -X DELETE http://%s/v1/kv/%s", d.topology.Consul(), key)
}

// checkKeys finds members that are not registered as they should be, and keys of
// what is no member.
func checkKeys(d *diagnosis) bool {
	if !keysAreKnown(d) {
		return false
	}
	d.checkEachMember(keyKind, checkKey)
	if d.isIntact(listKind, "") { // else a join container's wrong address explains them
		checkStrangers(d)
	}
	return true
}

// checkKey finds out what is wrong with the key of a member whose join container
// runs.
func checkKey(d *diagnosis, h harness.Host) {
	address := h.Engine().String()
	entry, there := keyOf(d, h)
	key := cmp.Or(entry.Key, swarmKeys(d)+address)
	if at := strings.TrimPrefix(key, swarmKeys(d)); engine.NamesHost(at, h) {
		address = at
	}
	restart := dockerCommand(h, "restart %s", joinOn(d, h).ownContainers()[0].Name)
	asked := "consul kv get " + key
	switch {
	case !there && reportProxy(d, joinOn(d, h), "join-proxy", part{keyKind, h.Name}):
	case !there:
		d.addFinding("key-missing", h.Name, h.Name).addSeen(asked, "no such key").addRemedy(restart)
	case entry.Value != address:
		d.addFinding("key-wrong", h.Name, h.Name).addSeen(asked, entry.Value).
			addRemedy(deleteKey(d, key), restart)
	case entry.Session == "":
		d.addFinding("key-stale", h.Name, h.Name).addSeen("GET /v1/kv/"+key, "no Session").
			addRemedy(deleteKey(d, key), restart)
	}
}

// keyOf returns a member's key in Consul, by the address of its engine or its name.
func keyOf(d *diagnosis, h harness.Host) (entry engine.Entry, there bool) {
	if entry, there = d.state.Entries[swarmKeys(d)+h.Engine().String()]; there {
		return entry, true
	}
	for key, e := range d.state.Entries {
		if at, ok := strings.CutPrefix(key, swarmKeys(d)); ok && engine.NamesHost(at, h) {
			return e, true
		}
	}
	return entry, false
}

// checkStrangers reports keys of what is no member.
func checkStrangers(d *diagnosis) {
	for _, name := range keysBelow(d, swarmKeys(d)) {
		isMember := func(h harness.Host) bool {
			entry, _ := keyOf(d, h)
			return name == h.Engine().String() || entry.Key == swarmKeys(d)+name
		}
		_, addrErr := netip.ParseAddrPort(name)
		var f *finding
		switch {
		case slices.ContainsFunc(d.topology.Members, isMember):
			continue
		case isMember(d.topology.Manager):
			f = d.addFinding("manager-joined", "")
		case addrErr != nil:
			f = d.addFinding("key-no-address", "", name)
		default:
			f = d.addFinding("key-without-node", "", name)
		}
		entry := d.state.Entries[swarmKeys(d)+name]
		f.addSeen("consul kv get -recurse "+swarmKeys(d), name+": "+entry.Value)
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
			if call, _ := tutorial.CallOf(c.Container); call.Command == "join" && c.Running && call.Advertise == name {
				f.addRemedy(dockerCommand(h.Host, "rm -f %s", c.Name))
			}
		}
	}
	f.addRemedy(deleteKey(d, swarmKeys(d)+name))
}
