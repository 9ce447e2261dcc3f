package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// swarmNodes is where `swarm join` registers, a key ip:port for each node.
const swarmNodes = "docker/swarm/nodes/"

func (d *diagnosis) joinService(h harness.Host) service {
	return d.service("join-"+h.Name, service{
		code: "join", name: lang.Text{EN: "the join container"},
		on: d.facts.hosts[h.Name], image: swarmImage, arg: "join",
		works:  true, // as far as its log goes: its key outlives it
		breaks: part{joinKind, h.Name}, section: joinsSection,
	})
}

// joins finds out which hosts do not register for Swarm, and why.
func (d *diagnosis) joins() {
	before, could := len(d.found), false
	for _, h := range d.topology.Members {
		if d.holds(joinKind, h.Name) {
			could = true
			d.join(d.joinService(h))
		}
	}
	d.asked(before, could, "every member's join container runs as the page has it")
	before = len(d.found)
	could = d.holds(consulKind, "") && d.facts.keysErr == nil
	if could {
		for _, h := range d.topology.Members {
			if d.holds(keyKind, h.Name) {
				d.key(h)
			}
		}
		d.strangers()
	}
	d.asked(before, could, "every member's key is in Consul, and nobody else's")
}

func (d *diagnosis) join(s service) {
	found, ok := d.look(s)
	if !ok {
		return
	}
	advertised, want := flag(found.Args, "--advertise"), s.on.host.Engine().String()
	discovery, place := strings.TrimSuffix(last(found.Args), "/"), strings.TrimSuffix(last(s.want), "/")
	var r *finding
	switch {
	case discovery != place:
		r = d.about(s, "wrong-discovery", found, "%s on %s registers in the wrong place").
			saw(docker(s.on.host, "inspect %s", found.Name), discovery+" instead of "+place)
	case advertised != want:
		r = d.about(s, "wrong-address", found, "%s on %s registers another address than the host's engine has").
			saw(docker(s.on.host, "inspect %s", found.Name), "--advertise="+advertised+" instead of "+want)
		if a, err := netip.ParseAddrPort(advertised); err == nil && a.Addr() == s.on.host.Addr {
			r.Code = "join-wrong-port"
		}
		// The wrong key stays for as long as its session, up to 180 s.
		r.breaks = append(r.breaks, part{listKind, ""})
	default:
		d.surplus(s)
		restart := "no"
		if d.topology.RestartJoin {
			restart = "unless-stopped"
		}
		d.settled(s, found, restart, part{joinKind, s.on.host.Name})
		return
	}
	d.again(s, r, found, s.mine())
	if key := swarmNodes + advertised; r.Code == "join-wrong-port" && d.facts.entries[key].Key != "" {
		r.mend(d.deleteKey(key))
	}
}

// deleteKey is the command that takes a key out of Consul.
func (d *diagnosis) deleteKey(key string) string {
	return docker(d.topology.Manager, "exec %s consul kv delete %s", d.consulService().mine()[0].Name, key)
}

// key: a member's join container runs; what is its key like?
func (d *diagnosis) key(h harness.Host) {
	address := h.Engine().String()
	entry, there := d.facts.entries[swarmNodes+address]
	restart := docker(h, "restart %s", d.joinService(h).mine()[0].Name)
	asked := "consul kv get " + swarmNodes + address
	switch {
	case !there:
		d.report("key-missing", h.Name, joinsSection, d.Lang.Say("the join container of %s runs, but its key is not in Consul", h.Name), part{keyKind, h.Name}).
			saw(asked, "no such key").
			mend(restart).
			advise(d.Lang.Say("it registers again by itself within 60 s"))
	case entry.Value != address:
		d.report("key-wrong", h.Name, joinsSection, d.Lang.Say("the key of %s in Consul holds another address", h.Name), part{keyKind, h.Name}).
			saw(asked, entry.Value).
			mend(d.deleteKey(swarmNodes+address), restart)
	case entry.Session == "":
		d.report("key-stale", h.Name, joinsSection, d.Lang.Say("the key of %s in Consul belongs to no session: it stays when the host is gone", h.Name), part{keyKind, h.Name}).
			saw("GET /v1/kv/"+swarmNodes+address, "no Session").
			mend(d.deleteKey(swarmNodes+address), restart)
	}
}

// strangers are keys of what is no member.
func (d *diagnosis) strangers() {
	if !d.holds(listKind, "") {
		return // a join container's wrong address explains them
	}
	for _, name := range d.keys(swarmNodes) {
		known := slices.ContainsFunc(d.topology.Members, func(h harness.Host) bool { return h.Engine().String() == name })
		if known {
			continue
		}
		code := "key-without-node"
		what := d.Lang.Say("Consul has a key for %s, which is no node of the cluster", name)
		if name == d.topology.Manager.Engine().String() {
			code, what = "manager-joined", d.Lang.Say("the manager's host has joined the cluster as a node")
		} else if _, err := netip.ParseAddrPort(name); err != nil {
			code, what = "key-no-address", d.Lang.Say("Consul has a key %s, which is no address", name)
		}
		entry := d.facts.entries[swarmNodes+name]
		r := d.report(code, "", joinsSection, what, part{listKind, ""}).
			saw("consul kv get -recurse "+swarmNodes, name+": "+entry.Value)
		d.dropStranger(r, name, entry.Session != "")
	}
}

// dropStranger also removes the join container that keeps the key there, where
// it is on one of our hosts.
func (d *diagnosis) dropStranger(r *finding, name string, kept bool) {
	for _, h := range d.topology.Hosts() {
		for _, b := range d.facts.hosts[h.Name].containers {
			if runs(b.Container, "join") && b.Running && flag(b.Args, "--advertise") == name {
				r.mend(docker(h, "rm -f %s", b.Name))
			}
		}
	}
	r.mend(d.deleteKey(swarmNodes + name))
	if kept && len(r.Remedy) == 1 {
		r.advise(d.Lang.Say("a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s"))
	}
}
