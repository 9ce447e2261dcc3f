package diagnose

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// box is the container of a host whose program has an argument; Consul's where
// there is none.
func (f *hostFacts) box(arg string) *box {
	for i := range f.containers {
		if b := &f.containers[i]; strings.Contains(b.Command, " "+arg+" ") || arg == "" && b.Image == consulImage {
			return b
		}
	}
	return nil
}

// argue gives a container other arguments.
func (b *box) argue(args ...string) {
	b.Args = args
	b.Command = strings.Join(append([]string{strings.Fields(b.Command)[0]}, args...), " ")
}

func (f *facts) manager() *hostFacts { return f.hosts["manager"] }

func other(name, image, command string, ports ...engine.Port) box {
	return box{Container: engine.Container{
		ID: name, Name: name, Image: image, Command: command, Args: strings.Fields(command)[1:], State: "running", Running: true, Ports: ports,
	}}
}

// TestCauses breaks a healthy cluster's facts one by one. The lab shows most of
// these too, in the faults' table; here it takes no lab to see a rule broken.
func TestCauses(t *testing.T) {
	const onStore = "docker -H=tcp://192.168.33.250:2375 "
	const onManager = "docker -H=tcp://192.168.33.11:2375 "
	const joinAgain = onStore + "run -d swarm join --advertise=192.168.33.250:2375 consul://192.168.33.11:8500/"
	const consulAgain = onManager + "run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap"
	const managerAgain = onManager + "run --restart=unless-stopped -d -p 3375:2375 swarm manage consul://192.168.33.11:8500/"
	const createAgain = "docker -H=tcp://192.168.33.11:3375 network create --driver overlay mynet"
	const forget = onManager + "exec consul consul kv delete docker/swarm/nodes/"
	for name, c := range map[string]struct {
		breaks func(d *diagnosis, store *hostFacts)
		want   string
		remedy string // in lines
	}{
		// The host.
		"down": {func(_ *diagnosis, f *hostFacts) { f.dialErr, f.probe.err = errSilence, errors.New("not running") }, "host-down store", ""},
		"engine's port blocked": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.probe.rules = errSilence, []string{"-A INPUT -p tcp -m tcp --dport 2375 -j DROP"}
		}, "engine-port-blocked store", ""},
		"cut off": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.probe.rules = errSilence, []string{"-A INPUT -s 192.168.33.11/32 -j DROP"}
		}, "host-cut store", ""},
		"link down":    {func(_ *diagnosis, f *hostFacts) { f.dialErr, f.probe.links[0].up = errSilence, false }, "host-link-down store", ""},
		"no address":   {func(_ *diagnosis, f *hostFacts) { f.dialErr, f.probe.links = errSilence, nil }, "host-link-down store", ""},
		"engine ended": {func(_ *diagnosis, f *hostFacts) { f.dialErr = errSilence }, "engine-ended store", ""},
		"refused": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.probe.state = errors.New("connection refused"), 'S'
		}, "engine-ended store", ""},
		"ended, and out of Consul's reach": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.probe.silent["tcp 192.168.33.11 8500"] = errSilence, "no answer"
		}, "engine-ended store", ""},
		"hangs beside another": {func(d *diagnosis, f *hostFacts) {
			d.facts.hosts["worker01"].info.Name = "x"
			f.infoErr, f.probe.state = errSilence, 'S'
		}, "host-name worker01, engine-hangs store", ""},
		"bad advertise": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.log = errSilence, "failed to start daemon: advertise\nlevel=info bye"
		}, "engine-bad-advertise store", ""},
		"no backend": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.log = errSilence, "failed to start daemon: discovery: not supported"
		}, "engine-no-backend store", ""},
		"down, and why": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.probe.err, f.log = errSilence, errors.New("not running"), "failed to start daemon: advertise"
		}, "engine-bad-advertise store", ""},
		"another name": {func(_ *diagnosis, f *hostFacts) { f.info.Name = "x" }, "host-name store", ""},
		"the same ID":  {func(_ *diagnosis, f *hostFacts) { f.info.ID = "worker01" }, "engine-same-id store", ""},
		"no ID": {func(d *diagnosis, f *hostFacts) {
			f.info.ID, d.facts.hosts["worker01"].info.ID = "", ""
		}, "", ""},
		"port taken": {func(_ *diagnosis, f *hostFacts) { f.infoErr = engine.ErrWrongService }, "engine-port-taken store", ""},
		"frozen": {func(_ *diagnosis, f *hostFacts) {
			f.infoErr, f.probe.err, f.probe.state = errSilence, errors.New("no answer"), 'S'
		}, "host-frozen store", ""},
		"engine frozen": {func(_ *diagnosis, f *hostFacts) { f.infoErr, f.probe.state = errSilence, 'T' }, "engine-frozen store", ""},
		"disk full":     {func(_ *diagnosis, f *hostFacts) { f.probe.full = []string{"/var/lib/docker"} }, "disk-full store", ""},

		"disk full, and so the join has ended": {func(_ *diagnosis, f *hostFacts) {
			f.probe.full, f.containers = []string{"/var/lib/docker"}, nil
		}, "disk-full store", ""},

		// The engine's settings.
		"no store":         {func(_ *diagnosis, f *hostFacts) { f.info.ClusterStore = "" }, "engine-no-store store", ""},
		"last with store":  {func(_ *diagnosis, f *hostFacts) { f.info.ClusterStore, f.info.ServerVersion = "", "20.10.25" }, "engine-no-store store", ""},
		"another store":    {func(_ *diagnosis, f *hostFacts) { f.info.ClusterStore = "consul://x" }, "engine-wrong-store store", ""},
		"store with slash": {func(_ *diagnosis, f *hostFacts) { f.info.ClusterStore += "/" }, "", ""},
		"another address":  {func(_ *diagnosis, f *hostFacts) { f.info.ClusterAdvertise = "x:2375" }, "engine-wrong-advertise store", ""},

		// Consul.
		"no Consul": {func(d *diagnosis, _ *hostFacts) {
			f := d.facts.manager()
			f.containers = f.containers[1:]
			d.facts.leaderErr = engine.ErrRefused
		}, "consul-missing manager", consulAgain},
		"no Consul's image": {func(d *diagnosis, _ *hostFacts) {
			f := d.facts.manager()
			f.containers, f.hasConsul = f.containers[1:], false
			d.facts.leaderErr = engine.ErrRefused
		}, "consul-no-image manager", onManager + "pull progrium/consul\n" + consulAgain},
		"Consul stopped": {func(d *diagnosis, _ *hostFacts) {
			b := d.facts.manager().box("")
			b.State, b.Running, d.facts.leaderErr = "exited", false, engine.ErrRefused
		}, "consul-stopped manager", onManager + "start consul"},
		"Consul ended": {func(d *diagnosis, _ *hostFacts) {
			b := d.facts.manager().box("")
			b.argue("-x")
			b.State, b.Running, d.facts.leaderErr = "exited", false, engine.ErrRefused
		}, "consul-stopped manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul paused": {func(d *diagnosis, _ *hostFacts) {
			b := d.facts.manager().box("")
			b.State, d.facts.leaderErr = "paused", errSilence
		}, "consul-paused manager", onManager + "unpause consul"},
		"Consul restarts": {func(d *diagnosis, _ *hostFacts) {
			b := d.facts.manager().box("")
			b.State, b.Running, d.facts.leaderErr = "restarting", true, engine.ErrRefused
		}, "consul-restarting manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul restarted": {func(d *diagnosis, _ *hostFacts) {
			b := d.facts.manager().box("")
			b.RestartCount, d.facts.leaderErr = 3, engine.ErrRefused
		}, "consul-restarting manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul restarted, and works": {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("").RestartCount = 3 }, "", ""},
		"Consul restarted, no leader yet": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("").RestartCount, d.facts.leaderErr = 3, engine.ErrNoLeader
		}, "consul-no-leader manager", ""},
		"Consul's port taken": {func(d *diagnosis, _ *hostFacts) {
			f := d.facts.manager()
			f.containers[0] = other("web", "nginx", "/nginx", engine.Port{Host: 8500, Container: 80})
			d.facts.leaderErr = engine.ErrWrongService
		}, "consul-port-taken manager", onManager + "rm -f web\n" + consulAgain},
		"Consul's port taken from it": {func(d *diagnosis, _ *hostFacts) {
			f := d.facts.manager()
			b := f.box("")
			b.State, b.Running, d.facts.leaderErr = "created", false, engine.ErrWrongService
			f.containers = append(f.containers, other("web", "nginx", "/nginx", engine.Port{Host: 8500, Container: 80}))
		}, "consul-port-taken manager", onManager + "rm -f web\n" + onManager + "start consul"},
		"Consul's port is another": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("").Ports[0].Host = 8501
			d.facts.leaderErr = engine.ErrRefused
		}, "consul-wrong-port manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul's image is another": {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("").Image = "mine/consul" }, "consul-other-image manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul's image was renamed": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("").Image, d.facts.manager().hasConsul = "mine/consul", false
		}, "consul-other-image manager", onManager + "tag mine/consul progrium/consul\n" + onManager + "rm -f consul\n" + consulAgain},
		"Consul with a tag":        {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("").Image = "progrium/consul:latest" }, "", ""},
		"Consul's restart policy":  {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("").RestartPolicy = "" }, "consul-restart-policy manager", onManager + "update --restart=unless-stopped consul"},
		"Consul's arguments":       {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("").argue("-server", "-bootstrap", "-x") }, "consul-wrong-arguments manager", ""},
		"Consul's other arguments": {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("").argue("-server", "-dev") }, "consul-wrong-arguments manager", ""},
		"no bootstrap": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("").argue("-server")
			d.facts.leaderErr = engine.ErrNoLeader
		}, "consul-no-bootstrap manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul blocked": {func(d *diagnosis, _ *hostFacts) {
			d.facts.leaderErr, d.facts.manager().probe.rules = errSilence, []string{"-A INPUT -p tcp -m tcp --dport 8500 -j DROP"}
		}, "consul-blocked manager", ""},
		"no forwarding to Consul": {func(d *diagnosis, _ *hostFacts) { d.facts.leaderErr, d.facts.manager().probe.forward = errSilence, "0" }, "forwarding-off manager", ""},
		"no forwarding":           {func(_ *diagnosis, f *hostFacts) { f.probe.forward = "0" }, "forwarding-off store", ""},
		"Consul is silent": {func(d *diagnosis, _ *hostFacts) {
			d.facts.leaderErr = errSilence
		}, "consul-silent manager", onManager + "restart consul"},
		"Consul out of reach": {func(_ *diagnosis, f *hostFacts) { f.probe.silent["tcp 192.168.33.11 8500"] = "no answer" }, "consul-unreachable store", ""},
		"Consul blocked at a host": {func(_ *diagnosis, f *hostFacts) {
			f.probe.silent["tcp 192.168.33.11 8500"] = "no answer"
			f.probe.rules = []string{"-A OUTPUT -p tcp -m tcp --dport 8500 -j DROP"}
		}, "consul-blocked store", ""},
		"engines wait for Consul": {func(d *diagnosis, f *hostFacts) {
			d.facts.leaderErr = errSilence
			f.infoErr, f.probe.state = errSilence, 'S'
			d.facts.hosts["worker01"].boxesErr = errSilence
		}, "consul-silent manager", onManager + "restart consul"},

		// The Swarm manager.
		"no manager": {func(d *diagnosis, _ *hostFacts) {
			f := d.facts.manager()
			f.containers, d.facts.swarm, d.facts.swarmErr = f.containers[:1], nil, engine.ErrRefused
		}, "manager-missing manager", managerAgain},
		"no manager's image": {func(d *diagnosis, _ *hostFacts) {
			f := d.facts.manager()
			f.containers, f.hasSwarm, d.facts.swarm, d.facts.swarmErr = f.containers[:1], false, nil, engine.ErrRefused
		}, "manager-no-image manager", onManager + "pull swarm\n" + managerAgain},
		"manager looks elsewhere": {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("manage").argue("manage", "consul://x/") }, "manager-wrong-discovery manager", onManager + "rm -f manager\n" + managerAgain},
		"manager packs":           {func(d *diagnosis, _ *hostFacts) { d.facts.swarm.Strategy = "binpack" }, "manager-wrong-strategy manager", onManager + "rm -f manager\n" + managerAgain},
		"manager's arguments": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("manage").argue("manage", "--x", d.topology.Discovery())
		}, "manager-wrong-arguments manager", onManager + "rm -f manager\n" + managerAgain},
		"manager without a slash": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("manage").argue("manage", strings.TrimSuffix(d.topology.Discovery(), "/"))
		}, "", ""},
		"manager blocked": {func(d *diagnosis, _ *hostFacts) {
			d.facts.swarm, d.facts.swarmErr = nil, errSilence
			d.facts.manager().probe.rules = []string{"-t raw -A PREROUTING -p tcp -m tcp --dport 3375 -j DROP"}
		}, "manager-blocked manager", ""},
		"an engine for a manager": {func(d *diagnosis, _ *hostFacts) { d.facts.swarm, d.facts.swarmName = nil, "x" }, "manager-silent manager", onManager + "restart manager"},
		"manager's port is another": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("manage").Ports[0].Host = 3376
			d.facts.swarm, d.facts.swarmErr = nil, engine.ErrRefused
		}, "manager-wrong-port manager", onManager + "rm -f manager\n" + managerAgain},
		"manager's restart policy": {func(d *diagnosis, _ *hostFacts) { d.facts.manager().box("manage").RestartPolicy = "no" }, "manager-restart-policy manager", onManager + "update --restart=unless-stopped manager"},
		"manager's image was renamed": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().box("manage").Image, d.facts.manager().hasSwarm = "mine", false
		}, "manager-other-image manager", onManager + "tag mine swarm\n" + onManager + "rm -f manager\n" + managerAgain},

		// The joins.
		"no join":         {func(_ *diagnosis, f *hostFacts) { f.containers = nil }, "join-missing store", joinAgain},
		"no join's image": {func(_ *diagnosis, f *hostFacts) { f.containers, f.hasSwarm = nil, false }, "join-no-image store", onStore + "pull swarm\n" + joinAgain},
		"join stopped":    {func(_ *diagnosis, f *hostFacts) { b := f.box("join"); b.State, b.Running = "exited", false }, "join-stopped store", onStore + "start join"},
		"join ended": {func(_ *diagnosis, f *hostFacts) {
			b := f.box("join")
			b.argue("join", "x")
			b.State, b.Running = "exited", false
		}, "join-stopped store", onStore + "rm -f join\n" + joinAgain},
		"join ended, the right one is there": {func(_ *diagnosis, f *hostFacts) {
			b := f.box("join")
			b.State, b.Running = "exited", false
			wrong := other("wrong", "swarm", "/swarm join --advertise=192.168.33.250:2375 consul://x/")
			f.containers = append(f.containers, wrong)
		}, "join-wrong-discovery store", onStore + "rm -f wrong\n" + onStore + "start join"},
		"join paused":           {func(_ *diagnosis, f *hostFacts) { f.box("join").State = "paused" }, "join-paused store", onStore + "unpause join"},
		"join restarts":         {func(_ *diagnosis, f *hostFacts) { f.box("join").State = "restarting" }, "join-restarting store", onStore + "rm -f join\n" + joinAgain},
		"join ended by its log": {func(_ *diagnosis, f *hostFacts) { f.box("join").RestartCount, f.box("join").log = 2, "a\nlevel=fatal" }, "join-restarting store", onStore + "rm -f join\n" + joinAgain},
		"join ended long ago":   {func(_ *diagnosis, f *hostFacts) { f.box("join").RestartCount, f.box("join").log = 2, "level=fatal\na" }, "", ""},
		"join elsewhere": {func(_ *diagnosis, f *hostFacts) {
			f.box("join").argue("join", "--advertise=192.168.33.250:2375", "consul://x/")
		}, "join-wrong-discovery store", onStore + "rm -f join\n" + joinAgain},
		"join of another": {func(d *diagnosis, f *hostFacts) {
			f.box("join").argue("join", "--advertise=192.168.33.99:2375", d.topology.Discovery())
			d.facts.enter(swarmNodes+"192.168.33.99:2375", "192.168.33.99:2375")
		}, "join-wrong-address store", onStore + "rm -f join\n" + joinAgain},
		"join on another port": {func(d *diagnosis, f *hostFacts) {
			f.box("join").argue("join", "--advertise", "192.168.33.250:2376", d.topology.Discovery())
			d.facts.enter(swarmNodes+"192.168.33.250:2376", "192.168.33.250:2376")
		}, "join-wrong-port store", onStore + "rm -f join\n" + joinAgain + "\n" + forget + "192.168.33.250:2376"},
		"join twice": {func(_ *diagnosis, f *hostFacts) {
			twin := *f.box("join")
			twin.Name = "twin"
			f.containers = append(f.containers, twin)
		}, "join-twice store", onStore + "rm -f twin"},
		"join that was stopped once": {func(_ *diagnosis, f *hostFacts) {
			twin := *f.box("join")
			twin.Name, twin.State, twin.Running = "twin", "exited", false
			f.containers = append(f.containers, twin)
		}, "", ""},
		"join's restart policy": {func(_ *diagnosis, f *hostFacts) { f.box("join").RestartPolicy = "always" }, "join-restart-policy store", onStore + "update --restart=no join"},
		"join's image":          {func(_ *diagnosis, f *hostFacts) { f.box("join").Image = "mine" }, "join-other-image store", onStore + "rm -f join\n" + joinAgain},

		// What they register.
		"no key": {func(d *diagnosis, _ *hostFacts) { delete(d.facts.entries, swarmNodes+"192.168.33.250:2375") }, "key-missing store", onStore + "restart join"},
		"another value": {func(d *diagnosis, _ *hostFacts) {
			d.facts.enter(swarmNodes+"192.168.33.250:2375", "x")
		}, "key-wrong store", forget + "192.168.33.250:2375\n" + onStore + "restart join"},
		"no session": {func(d *diagnosis, _ *hostFacts) {
			e := d.facts.entries[swarmNodes+"192.168.33.250:2375"]
			e.Session = ""
			d.facts.entries[e.Key] = e
		}, "key-stale store", forget + "192.168.33.250:2375\n" + onStore + "restart join"},
		"a stranger":     {func(d *diagnosis, _ *hostFacts) { d.facts.enter(swarmNodes+"10.0.0.1:2375", "x") }, "key-without-node", forget + "10.0.0.1:2375"},
		"no address key": {func(d *diagnosis, _ *hostFacts) { d.facts.enter(swarmNodes+"x", "x") }, "key-no-address", forget + "x"},
		"manager joined": {func(d *diagnosis, _ *hostFacts) {
			d.facts.enter(swarmNodes+"192.168.33.11:2375", "192.168.33.11:2375")
			f := d.facts.manager()
			f.containers = append(f.containers, other("joins", "swarm", "/swarm join --advertise=192.168.33.11:2375 x"))
		}, "manager-joined", onManager + "rm -f joins\n" + forget + "192.168.33.11:2375"},

		// What the manager lists.
		"not reached": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().probe.silent["tcp 192.168.33.250 2375"] = "no answer"
		}, "manager-cut-off store", ""},
		"blocked at the manager": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().probe.silent["tcp 192.168.33.250 2375"] = "no answer"
			d.facts.manager().probe.rules = []string{"-A OUTPUT -d 192.168.33.250/32 -p tcp -m tcp --dport 2375 -j DROP"}
		}, "manager-cut-off manager", ""},
		"pending":    {func(d *diagnosis, _ *hostFacts) { d.facts.swarm.Members[3].Status = "Pending" }, "member-unhealthy store", onManager + "restart manager"},
		"not listed": {func(d *diagnosis, _ *hostFacts) { d.facts.swarm.Members = d.facts.swarm.Members[:3] }, "member-missing store", onManager + "restart manager"},

		// The network.
		"no network": {func(d *diagnosis, _ *hostFacts) {
			for _, f := range d.facts.hosts {
				f.networks = nil
			}
		}, "network-missing", createAgain},
		"Consul's data lost": {func(d *diagnosis, _ *hostFacts) {
			for _, f := range d.facts.hosts {
				f.networks = nil
			}
			d.facts.manager().box("").Created = time.Unix(1, 0)
		}, "consul-data-lost", createAgain},
		"bridges": {func(d *diagnosis, _ *hostFacts) {
			for name, f := range d.facts.hosts {
				f.networks = nil
				if name == "store" {
					f.networks = []engine.Network{{ID: "two", Name: "mynet", Driver: "bridge"}}
				}
			}
		}, "network-wrong-driver", onStore + "network rm two\n" + createAgain},
		"a bridge too": {func(_ *diagnosis, f *hostFacts) {
			f.networks = append(f.networks, engine.Network{ID: "two", Name: "mynet", Driver: "bridge"})
		}, "network-twice store", onStore + "network rm two"},
		"another": {func(_ *diagnosis, f *hostFacts) { f.networks[0].ID = "two" }, "network-twice store", onStore + "network rm two"},
		"clash": {func(_ *diagnosis, f *hostFacts) {
			f.probe.links = append(f.probe.links, link{"br0", true, 1500, netip.MustParsePrefix("10.0.0.1/16")})
		}, "network-clash", onManager + "network rm mynet\n" + createAgain},
		"its own interface": {func(_ *diagnosis, f *hostFacts) {
			f.probe.links = append(f.probe.links, link{"ov-000100-974fe", true, 1500, netip.MustParsePrefix("10.0.0.1/24")})
		}, "", ""},
		"MTU set too large": {func(d *diagnosis, _ *hostFacts) {
			for _, f := range d.facts.hosts {
				f.networks[0].Options = map[string]string{mtuOption: "1451"}
			}
		}, "network-mtu", onManager + "network rm mynet\n" + createAgain},
		"MTU set as it fits": {func(_ *diagnosis, f *hostFacts) { f.networks[0].Options = map[string]string{mtuOption: "1450"} }, "", ""},
		"MTU set too small":  {func(_ *diagnosis, f *hostFacts) { f.networks[0].Options = map[string]string{mtuOption: "575"} }, "network-mtu", onManager + "network rm mynet\n" + createAgain},
		"MTU small":          {func(_ *diagnosis, f *hostFacts) { f.probe.links[0].mtu = 1499 }, "mtu-small store", ""},

		// The gossip, and what stops packets.
		"short TTL": {func(d *diagnosis, f *hostFacts) {
			delete(d.facts.entries, engineNodes+"192.168.33.250:2375")
			f.log = "discovery error: invalid Session TTL"
		}, "engine-short-ttl store", ""},
		"gossip blocked": {func(_ *diagnosis, f *hostFacts) {
			f.probe.rules = []string{"-A INPUT -p udp -m udp --dport 7946 -j DROP"}
		}, "gossip-blocked store", ""},
		"VXLAN blocked": {func(_ *diagnosis, f *hostFacts) {
			f.probe.rules = []string{"-A INPUT -p udp -m udp --dport 4789 -j DROP"}
		}, "vxlan-blocked store", ""},
		"gossip by TCP lost": {func(d *diagnosis, _ *hostFacts) {
			for _, h := range d.topology.Hosts() {
				d.facts.hosts[h.Name].probe.silent["tcp 192.168.33.250 7946"] = "no answer"
			}
		}, "gossip-cut-off store", ""},
		"gossip to one lost": {func(d *diagnosis, _ *hostFacts) {
			d.facts.manager().probe.silent["udp 192.168.33.250 7946"] = "no answer"
		}, "", ""},
		"gossip split": {func(_ *diagnosis, f *hostFacts) { f.peers = f.peers[4:] }, "gossip-split", ""},
		"suspected":    {func(_ *diagnosis, f *hostFacts) { f.peers[0].State = engine.PeerSuspect }, "gossip-split", ""},
		"neighbours": {func(d *diagnosis, f *hostFacts) {
			attach(f, "a", "10.0.0.2")
			attach(d.facts.hosts["worker01"], "b", "10.0.0.3")
			f.probe.neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
		}, "neighbours-lost worker01", onStore + "restart a"},
		"sent elsewhere":                 {func(d *diagnosis, _ *hostFacts) { storeSends(d, "frontend01") }, "neighbour-stale store", ""},
		"sent there":                     {func(d *diagnosis, _ *hostFacts) { storeSends(d, "worker01") }, "", ""},
		"neighbours of a host with none": {func(d *diagnosis, _ *hostFacts) { attach(d.facts.hosts["worker01"], "b", "10.0.0.3") }, "", ""},
		"neighbours that engines have told of": {func(d *diagnosis, f *hostFacts) {
			worker := d.facts.hosts["worker01"]
			attach(f, "a", "10.0.0.2")
			attach(f, "ep-b", "10.0.0.3")
			attach(worker, "b", "10.0.0.3")
			f.probe.neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
			worker.probe.neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.2")}
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := healthyFacts()
			c.breaks(d, d.facts.hosts["store"])
			if got := d.all(); got != c.want {
				t.Fatalf("found %q, not %q", got, c.want)
			}
			for _, f := range d.found {
				if len(f.Remedy) == 0 && f.Advice == "" || len(f.Seen) == 0 || len(f.breaks) == 0 {
					t.Errorf("nothing to do, seen or broken: %+v", f)
				}
				if got := strings.Join(f.Remedy, "\n"); c.remedy != "" && got != c.remedy {
					t.Errorf("remedy:\n%s\nnot\n%s", got, c.remedy)
				}
			}
		})
	}
}

func attach(f *hostFacts, name, addr string) {
	f.networks = slices.Clone(f.networks)
	f.networks[0].Containers = append(f.networks[0].Containers, engine.Endpoint{Container: name, Name: name, Addr: netip.MustParseAddr(addr)})
}

// storeSends has store send what is for a container of worker01's to a host.
func storeSends(d *diagnosis, to string) {
	store, worker := d.facts.hosts["store"], d.facts.hosts["worker01"]
	attach(store, "a", "10.0.0.2")
	attach(worker, "b", "10.0.0.3")
	store.probe.neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
	worker.probe.neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.2")}
	store.probe.forwards = map[string]netip.Addr{"02:42:0a:00:00:03": d.facts.hosts[to].host.Addr}
}

// TestHeld: a healthy cluster's layers are all said to be right, and of a broken
// one those that were asked.
func TestHeld(t *testing.T) {
	d := healthyFacts()
	d.all()
	if len(d.held) != 12 || len(d.notAsked) != 0 {
		t.Errorf("held %q, not asked %q", d.held, d.notAsked)
	}
	for name, c := range map[string]struct {
		breaks         func(d *diagnosis)
		held, notAsked int
	}{
		"no manager's engine": {func(d *diagnosis) { d.facts.manager().dialErr = errSilence }, 2, 9},
		"no leader":           {func(d *diagnosis) { d.facts.leaderErr = engine.ErrNoLeader }, 4, 7},
		"no keys":             {func(d *diagnosis) { d.facts.keysErr = errSilence }, 8, 4},
		"no join":             {func(d *diagnosis) { d.facts.hosts["store"].containers = nil }, 11, 0},
	} {
		d := healthyFacts()
		c.breaks(d)
		d.all()
		if len(d.held) != c.held || len(d.notAsked) != c.notAsked {
			t.Errorf("%s: held %d, not asked %d:\n%s\n\n%s", name, len(d.held), len(d.notAsked), strings.Join(d.held, "\n"), strings.Join(d.notAsked, "\n"))
		}
	}
}

// TestLaid: engines that wait for their cluster store are laid to what keeps
// them from it, with what they answered.
func TestLaid(t *testing.T) {
	d := healthyFacts()
	d.facts.leaderErr = errSilence
	d.facts.hosts["store"].infoErr, d.facts.hosts["store"].probe.state = errSilence, 'S'
	d.all()
	last := d.found[0].Seen[len(d.found[0].Seen)-1]
	want := harness.Observation{Asked: "docker -H=tcp://192.168.33.250:2375 info", Answered: "no answer in time: it waits for its cluster store"}
	if diff := cmp.Diff(want, last); diff != "" || !d.found[0].breaksAny([]part{{engineKind, "store"}}) {
		t.Error(diff)
	}
}

// TestBlockedUndo: the advice takes away each rule, in the table that it is in.
func TestBlockedUndo(t *testing.T) {
	d := healthyFacts()
	f := d.blocked("code", d.facts.hosts["store"], []string{"-A INPUT -p tcp --dport 1 -j DROP", "-t raw -A OUTPUT --dport 1 -j DROP"}, 1, part{engineKind, "store"})
	want := "take the rule away, on store itself: iptables -D INPUT -p tcp --dport 1 -j DROP; iptables -t raw -D OUTPUT --dport 1 -j DROP"
	if f.Advice != want || f.Code != "code" || len(f.Seen) != 2 {
		t.Errorf("%+v", f)
	}
}

func TestMine(t *testing.T) {
	d := healthyFacts()
	s := d.joinService(d.topology.Members[3])
	wrong := other("wrong", "swarm", "/swarm join x")
	ended, endedWrong := *s.on.box("join"), wrong
	ended.Name, ended.State, ended.Running = "ended", "exited", false
	endedWrong.Name, endedWrong.State, endedWrong.Running = "ended wrong", "exited", false
	s.on.containers = append([]box{endedWrong, ended, wrong, other("manage", "swarm", "/swarm manage x"), other("odd", "swarm:1", "/bin/sh join x"), other("nginx", "nginx", "/nginx join")}, s.on.containers...)
	var got []string
	for _, b := range s.mine() {
		got = append(got, b.Name)
	}
	if diff := cmp.Diff([]string{"join", "wrong", "odd", "ended", "ended wrong"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"a": {"join", "--advertise=a", "x"}, "b": {"join", "--advertise", "b/", "x"}, "": {"join", "--advertise"}, "c": {"--advertise", "c", "--advertise=d"},
	} {
		if got := flag(args, "--advertise"); got != want {
			t.Errorf("%q: %q", args, got)
		}
	}
}

func TestLine(t *testing.T) {
	const log = "ERR one \n WARN two\nERR three\nfour"
	for want, words := range map[string][]string{"ERR three": {"ERR"}, "WARN two": {"WARN", "x"}, "": {"five"}} {
		if got := line(log, words...); got != want {
			t.Errorf("%q: %q", words, got)
		}
	}
}

func TestEngineState(t *testing.T) {
	for want, p := range map[string]probe{
		"no answer in time": {partial: true}, "no dockerd": {}, "dockerd in state T (stopped)": {state: 'T', partial: true}, "dockerd in state S": {state: 'S'},
	} {
		if got := engineState(p); got != want {
			t.Errorf("%+v: %s", p, got)
		}
	}
}

// TestRelevant: what could be the tutorial's, or stand in its place.
func TestRelevant(t *testing.T) {
	page, moved := harness.Tutorial(), harness.Tutorial()
	moved.ConsulPort, moved.SwarmPort = 8501, 3376
	for name, want := range map[string]bool{"swarm": true, "x/consul": true, "nginx": false} {
		if relevant(engine.Container{Image: name, Command: "/x"}, page) != want {
			t.Errorf("image %s: %v", name, !want)
		}
	}
	for command, want := range map[string]bool{"/swarm manage x": true, "/usr/bin/swarm join x": true, "/swarm list": false, "/bin/start -server": true, "join": false, "sh join": false} {
		if relevant(engine.Container{Image: "x", Command: command}, page) != want {
			t.Errorf("command %s: %v", command, !want)
		}
	}
	for port, want := range map[uint16]bool{8500: true, 3375: true, 80: false} {
		c := engine.Container{Image: "x", Ports: []engine.Port{{Host: port}}}
		if relevant(c, page) != want || relevant(c, moved) {
			t.Errorf("port %d: %v", port, !want)
		}
		c.Ports[0].Host++
		if relevant(c, moved) != want {
			t.Errorf("port %d where the cluster has it: %v", port+1, !want)
		}
	}
}
