package diagnose

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// containerOf is the container of a host whose program has an argument; Consul's if
// it is empty.
func containerOf(h *survey.Host, arg string) *survey.Container {
	for i := range h.Containers {
		if c := &h.Containers[i]; strings.Contains(c.Command, " "+arg+" ") || arg == "" && c.Image == consulImage {
			return c
		}
	}
	return nil
}

// argue gives a container other arguments.
func argue(c *survey.Container, args ...string) {
	c.Args = args
	c.Command = strings.Join(append([]string{strings.Fields(c.Command)[0]}, args...), " ")
}

// silence has a host get no answer from what it dials.
func silence(h *survey.Host, target string) { h.Probe.Silent = append(h.Probe.Silent, target) }

// lookElsewhere has the manager look for its nodes in another place.
func lookElsewhere(d *diagnosis) {
	argue(containerOf(d.manager(), "manage"), "manage", "consul://x/")
}

func (d *diagnosis) manager() *survey.Host { return d.state.On("manager") }

func other(name, image, command string, ports ...engine.Port) survey.Container {
	return survey.Container{Container: engine.Container{
		ID: name, Name: name, Image: image, Command: command, Args: strings.Fields(command)[1:], State: "running", Running: true, Ports: ports,
	}}
}

// cause breaks a healthy cluster's facts, and is found.
type cause struct {
	breaks func(d *diagnosis, store *survey.Host)
	want   string
	remedy string // in lines
}

// causes breaks facts one by one. The lab shows most of these too, in the faults' table;
// here it takes no lab to see a rule broken.
func causes() map[string]cause {
	const onStore = "docker -H=tcp://192.168.33.250:2375 "
	const onManager = "docker -H=tcp://192.168.33.11:2375 "
	const joinAgain = onStore + "run -d swarm join --advertise=192.168.33.250:2375 consul://192.168.33.11:8500/"
	const consulAgain = onManager + "run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap"
	const managerAgain = onManager + "run --restart=unless-stopped -d -p 3375:2375 swarm manage consul://192.168.33.11:8500/"
	const createAgain = "docker -H=tcp://192.168.33.11:3375 network create --driver overlay mynet"
	const forget = onManager + "exec consul consul kv delete docker/swarm/nodes/"
	return map[string]cause{
		// The host.
		"down": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Probe.Failed.Err = errSilence, errors.New("not running")
		}, "host-down store", ""},
		"engine's port blocked": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Probe.Rules = errSilence, []string{"-A INPUT -p tcp -m tcp --dport 2375 -j DROP"}
		}, "engine-port-blocked store", ""},
		"cut off": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Probe.Rules = errSilence, []string{"-A INPUT -s 192.168.33.11/32 -j DROP"}
		}, "host-cut store", ""},
		"link down":    {func(_ *diagnosis, f *survey.Host) { f.DialError.Err, f.Probe.Links[0].Up = errSilence, false }, "host-link-down store", ""},
		"no address":   {func(_ *diagnosis, f *survey.Host) { f.DialError.Err, f.Probe.Links = errSilence, nil }, "host-link-down store", ""},
		"engine ended": {func(_ *diagnosis, f *survey.Host) { f.DialError.Err = errSilence }, "engine-ended store", ""},
		"refused": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Probe.Engine = syscall.ECONNREFUSED, "S"
		}, "engine-ended store", ""},
		"ended, and out of Consul's reach": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err = errSilence
			silence(f, "tcp 192.168.33.11 8500")
		}, "engine-ended store", ""},
		"hangs beside another": {func(d *diagnosis, f *survey.Host) {
			d.state.On("worker01").Info.Name = "x"
			f.InfoError.Err, f.Probe.Engine = errSilence, "S"
		}, "host-name worker01, engine-hangs store", ""},
		"bad advertise": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Log = errSilence, "failed to start daemon: advertise\nlevel=info bye"
		}, "engine-bad-advertise store", ""},
		"no backend": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Log = errSilence, "failed to start daemon: discovery: not supported"
		}, "engine-no-backend store", ""},
		"down, and why": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Probe.Failed.Err, f.Log = errSilence, errors.New("not running"), "failed to start daemon: advertise"
		}, "engine-bad-advertise store", ""},
		"another name": {func(_ *diagnosis, f *survey.Host) { f.Info.Name = "x" }, "host-name store", ""},
		"the same ID":  {func(_ *diagnosis, f *survey.Host) { f.Info.ID = "worker01" }, "engine-same-id store", ""},
		"no ID": {func(d *diagnosis, f *survey.Host) {
			f.Info.ID, d.state.On("worker01").Info.ID = "", ""
		}, "", ""},
		"port taken": {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err = engine.ErrWrongService }, "engine-port-taken store", ""},
		"frozen": {func(_ *diagnosis, f *survey.Host) {
			f.InfoError.Err, f.Probe.Failed.Err, f.Probe.Engine = errSilence, errors.New("no answer"), "S"
		}, "host-frozen store", ""},
		"engine frozen": {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err, f.Probe.Engine = errSilence, "T" }, "engine-frozen store", ""},
		"disk full":     {func(_ *diagnosis, f *survey.Host) { f.Probe.Full = []string{"/var/lib/docker"} }, "disk-full store", ""},

		"disk full, and so the join has ended": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Full, f.Containers = []string{"/var/lib/docker"}, nil
		}, "disk-full store", ""},

		// The engine's settings.
		"no store":         {func(_ *diagnosis, f *survey.Host) { f.Info.ClusterStore = "" }, "engine-no-store store", ""},
		"last with store":  {func(_ *diagnosis, f *survey.Host) { f.Info.ClusterStore, f.Info.ServerVersion = "", "20.10.25" }, "engine-no-store store", ""},
		"another store":    {func(_ *diagnosis, f *survey.Host) { f.Info.ClusterStore = "consul://x" }, "engine-wrong-store store", ""},
		"store with slash": {func(_ *diagnosis, f *survey.Host) { f.Info.ClusterStore += "/" }, "", ""},
		"another address":  {func(_ *diagnosis, f *survey.Host) { f.Info.ClusterAdvertise = "x:2375" }, "engine-wrong-advertise store", ""},

		// Consul.
		"no Consul": {func(d *diagnosis, _ *survey.Host) {
			f := d.manager()
			f.Containers = f.Containers[1:]
			d.state.LeaderError.Err = engine.ErrRefused
		}, "consul-missing manager", consulAgain},
		"no Consul's image": {func(d *diagnosis, _ *survey.Host) {
			f := d.manager()
			f.Containers, f.MissingImages = f.Containers[1:], []string{consulImage}
			d.state.LeaderError.Err = engine.ErrRefused
		}, "consul-no-image manager", onManager + "pull progrium/consul\n" + consulAgain},
		"Consul stopped": {func(d *diagnosis, _ *survey.Host) {
			b := containerOf(d.manager(), "")
			b.State, b.Running, d.state.LeaderError.Err = "exited", false, engine.ErrRefused
		}, "consul-stopped manager", onManager + "start consul"},
		"Consul ended": {func(d *diagnosis, _ *survey.Host) {
			b := containerOf(d.manager(), "")
			argue(b, "-x")
			b.State, b.Running, d.state.LeaderError.Err = "exited", false, engine.ErrRefused
		}, "consul-stopped manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul paused": {func(d *diagnosis, _ *survey.Host) {
			b := containerOf(d.manager(), "")
			b.State, d.state.LeaderError.Err = "paused", errSilence
		}, "consul-paused manager", onManager + "unpause consul"},
		"Consul restarts": {func(d *diagnosis, _ *survey.Host) {
			b := containerOf(d.manager(), "")
			b.State, b.Running, d.state.LeaderError.Err = "restarting", true, engine.ErrRefused
		}, "consul-restarting manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul restarted": {func(d *diagnosis, _ *survey.Host) {
			b := containerOf(d.manager(), "")
			b.RestartCount, d.state.LeaderError.Err = 3, engine.ErrRefused
		}, "consul-restarting manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul restarted, and works": {func(d *diagnosis, _ *survey.Host) { containerOf(d.manager(), "").RestartCount = 3 }, "", ""},
		"Consul restarted, no leader yet": {func(d *diagnosis, _ *survey.Host) {
			containerOf(d.manager(), "").RestartCount, d.state.LeaderError.Err = 3, engine.ErrNoLeader
		}, "consul-no-leader manager", ""},
		"Consul's port taken": {func(d *diagnosis, _ *survey.Host) {
			f := d.manager()
			f.Containers[0] = other("web", "nginx", "/nginx", engine.Port{Host: 8500, Container: 80})
			d.state.LeaderError.Err = engine.ErrWrongService
		}, "consul-port-taken manager", onManager + "rm -f web\n" + consulAgain},
		"Consul's port taken from it": {func(d *diagnosis, _ *survey.Host) {
			f := d.manager()
			b := containerOf(f, "")
			b.State, b.Running, d.state.LeaderError.Err = "created", false, engine.ErrWrongService
			f.Containers = append(f.Containers, other("web", "nginx", "/nginx", engine.Port{Host: 8500, Container: 80}))
		}, "consul-port-taken manager", onManager + "rm -f web\n" + onManager + "start consul"},
		"Consul's port is another": {func(d *diagnosis, _ *survey.Host) {
			containerOf(d.manager(), "").Ports[0].Host = 8501
			d.state.LeaderError.Err = engine.ErrRefused
		}, "consul-wrong-port manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul's image is another": {func(d *diagnosis, _ *survey.Host) { containerOf(d.manager(), "").Image = "mine/consul" }, "consul-other-image manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul's image was renamed": {func(d *diagnosis, _ *survey.Host) {
			containerOf(d.manager(), "").Image, d.manager().MissingImages = "mine/consul", []string{consulImage}
		}, "consul-other-image manager", onManager + "tag mine/consul progrium/consul\n" + onManager + "rm -f consul\n" + consulAgain},
		"Consul with a tag":        {func(d *diagnosis, _ *survey.Host) { containerOf(d.manager(), "").Image = "progrium/consul:latest" }, "", ""},
		"Consul's restart policy":  {func(d *diagnosis, _ *survey.Host) { containerOf(d.manager(), "").RestartPolicy = "" }, "consul-restart-policy manager", onManager + "update --restart=unless-stopped consul"},
		"Consul's arguments":       {func(d *diagnosis, _ *survey.Host) { argue(containerOf(d.manager(), ""), "-server", "-bootstrap", "-x") }, "consul-wrong-arguments manager", ""},
		"Consul's other arguments": {func(d *diagnosis, _ *survey.Host) { argue(containerOf(d.manager(), ""), "-server", "-dev") }, "consul-wrong-arguments manager", ""},
		"no bootstrap": {func(d *diagnosis, _ *survey.Host) {
			argue(containerOf(d.manager(), ""), "-server")
			d.state.LeaderError.Err = engine.ErrNoLeader
		}, "consul-no-bootstrap manager", onManager + "rm -f consul\n" + consulAgain},
		"Consul blocked": {func(d *diagnosis, _ *survey.Host) {
			d.state.LeaderError.Err, d.manager().Probe.Rules = errSilence, []string{"-A INPUT -p tcp -m tcp --dport 8500 -j DROP"}
		}, "consul-blocked manager", ""},
		"no forwarding to Consul": {func(d *diagnosis, _ *survey.Host) {
			d.state.LeaderError.Err, d.manager().Probe.Forward = errSilence, "0"
		}, "forwarding-off manager", ""},
		"no forwarding": {func(_ *diagnosis, f *survey.Host) { f.Probe.Forward = "0" }, "forwarding-off store", ""},
		"Consul is silent": {func(d *diagnosis, _ *survey.Host) {
			d.state.LeaderError.Err = errSilence
		}, "consul-silent manager", onManager + "restart consul"},
		"Consul out of reach": {func(_ *diagnosis, f *survey.Host) { silence(f, "tcp 192.168.33.11 8500") }, "consul-unreachable store", ""},
		"Consul blocked at a host": {func(_ *diagnosis, f *survey.Host) {
			silence(f, "tcp 192.168.33.11 8500")
			f.Probe.Rules = []string{"-A OUTPUT -p tcp -m tcp --dport 8500 -j DROP"}
		}, "consul-blocked store", ""},
		"engines wait for Consul": {func(d *diagnosis, f *survey.Host) {
			d.state.LeaderError.Err = errSilence
			f.InfoError.Err, f.Probe.Engine = errSilence, "S"
			d.state.On("worker01").ContainersError.Err = errSilence
		}, "consul-silent manager", onManager + "restart consul"},

		// The Swarm manager.
		"no manager": {func(d *diagnosis, _ *survey.Host) {
			f := d.manager()
			f.Containers, d.state.Swarm, d.state.SwarmError.Err = f.Containers[:1], nil, engine.ErrRefused
		}, "manager-missing manager", managerAgain},
		"no manager's image": {func(d *diagnosis, _ *survey.Host) {
			f := d.manager()
			f.Containers, f.MissingImages, d.state.Swarm, d.state.SwarmError.Err = f.Containers[:1], []string{swarmImage}, nil, engine.ErrRefused
		}, "manager-no-image manager", onManager + "pull swarm\n" + managerAgain},
		"manager looks elsewhere":                    {func(d *diagnosis, _ *survey.Host) { lookElsewhere(d); d.state.Swarm.Members = nil }, "manager-wrong-discovery manager", onManager + "rm -f manager\n" + managerAgain},
		"manager packs":                              {func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Strategy = "binpack" }, "manager-wrong-strategy manager", onManager + "rm -f manager\n" + managerAgain},
		"manager looks elsewhere, and all are there": {func(d *diagnosis, _ *survey.Host) { lookElsewhere(d) }, "manager-wrong-arguments manager", ""},
		"manager without a slash": {func(d *diagnosis, _ *survey.Host) {
			argue(containerOf(d.manager(), "manage"), "manage", strings.TrimSuffix(d.topology.Discovery(), "/"))
		}, "", ""},
		"manager blocked": {func(d *diagnosis, _ *survey.Host) {
			d.state.Swarm, d.state.SwarmError.Err = nil, errSilence
			d.manager().Probe.Rules = []string{"-t raw -A PREROUTING -p tcp -m tcp --dport 3375 -j DROP"}
		}, "manager-blocked manager", ""},
		"an engine for a manager": {func(d *diagnosis, _ *survey.Host) { d.state.Swarm, d.state.SwarmName = nil, "x" }, "manager-silent manager", onManager + "restart manager"},
		"manager's port is another": {func(d *diagnosis, _ *survey.Host) {
			containerOf(d.manager(), "manage").Ports[0].Host = 3376
			d.state.Swarm, d.state.SwarmError.Err = nil, engine.ErrRefused
		}, "manager-wrong-port manager", onManager + "rm -f manager\n" + managerAgain},
		"manager's restart policy": {func(d *diagnosis, _ *survey.Host) { containerOf(d.manager(), "manage").RestartPolicy = "no" }, "manager-restart-policy manager", onManager + "update --restart=unless-stopped manager"},
		"manager's image was renamed": {func(d *diagnosis, _ *survey.Host) {
			containerOf(d.manager(), "manage").Image, d.manager().MissingImages = "mine", []string{swarmImage}
		}, "manager-other-image manager", onManager + "tag mine swarm\n" + onManager + "rm -f manager\n" + managerAgain},

		// The joins.
		"no join":         {func(_ *diagnosis, f *survey.Host) { f.Containers = nil }, "join-missing store", joinAgain},
		"no join's image": {func(_ *diagnosis, f *survey.Host) { f.Containers, f.MissingImages = nil, []string{swarmImage} }, "join-no-image store", onStore + "pull swarm\n" + joinAgain},
		"join stopped":    {func(_ *diagnosis, f *survey.Host) { b := containerOf(f, "join"); b.State, b.Running = "exited", false }, "join-stopped store", onStore + "start join"},
		"join ended": {func(_ *diagnosis, f *survey.Host) {
			b := containerOf(f, "join")
			argue(b, "join", "x")
			b.State, b.Running = "exited", false
		}, "join-stopped store", onStore + "rm -f join\n" + joinAgain},
		"join ended, the right one is there": {func(_ *diagnosis, f *survey.Host) {
			b := containerOf(f, "join")
			b.State, b.Running = "exited", false
			wrong := other("wrong", "swarm", "/swarm join --advertise=192.168.33.250:2375 consul://x/")
			f.Containers = append(f.Containers, wrong)
		}, "join-wrong-discovery store", onStore + "rm -f wrong\n" + onStore + "start join"},
		"join paused":   {func(_ *diagnosis, f *survey.Host) { containerOf(f, "join").State = "paused" }, "join-paused store", onStore + "unpause join"},
		"join restarts": {func(_ *diagnosis, f *survey.Host) { containerOf(f, "join").State = "restarting" }, "join-restarting store", onStore + "rm -f join\n" + joinAgain},
		"join ended by its log": {func(_ *diagnosis, f *survey.Host) {
			containerOf(f, "join").RestartCount, containerOf(f, "join").Log = 2, "a\nlevel=fatal"
		}, "join-restarting store", onStore + "rm -f join\n" + joinAgain},
		"join ended long ago": {func(_ *diagnosis, f *survey.Host) {
			containerOf(f, "join").RestartCount, containerOf(f, "join").Log = 2, "level=fatal\na"
		}, "", ""},
		"join elsewhere": {func(_ *diagnosis, f *survey.Host) {
			argue(containerOf(f, "join"), "join", "--advertise=192.168.33.250:2375", "consul://x/")
		}, "join-wrong-discovery store", onStore + "rm -f join\n" + joinAgain},
		"join of another": {func(d *diagnosis, f *survey.Host) {
			argue(containerOf(f, "join"), "join", "--advertise=192.168.33.99:2375", d.topology.Discovery())
			d.enter(swarmNodes+"192.168.33.99:2375", "192.168.33.99:2375")
		}, "join-wrong-address store", onStore + "rm -f join\n" + joinAgain + "\n" + forget + "192.168.33.99:2375"},
		"join on another port": {func(d *diagnosis, f *survey.Host) {
			argue(containerOf(f, "join"), "join", "--advertise", "192.168.33.250:2376", d.topology.Discovery())
			d.enter(swarmNodes+"192.168.33.250:2376", "192.168.33.250:2376")
		}, "join-wrong-port store", onStore + "rm -f join\n" + joinAgain + "\n" + forget + "192.168.33.250:2376"},
		"join twice": {func(_ *diagnosis, f *survey.Host) {
			twin := *containerOf(f, "join")
			twin.Name = "twin"
			f.Containers = append(f.Containers, twin)
		}, "join-twice store", onStore + "rm -f twin"},
		"a join of another swarm": {func(_ *diagnosis, f *survey.Host) {
			twin := *containerOf(f, "join")
			twin.Name = "twin"
			argue(&twin, "join", "--advertise=192.168.33.250:2375", "consul://192.168.33.11:8500/two")
			f.Containers = append(f.Containers, twin)
		}, "", ""},
		"join that was stopped once": {func(_ *diagnosis, f *survey.Host) {
			twin := *containerOf(f, "join")
			twin.Name, twin.State, twin.Running = "twin", "exited", false
			f.Containers = append(f.Containers, twin)
		}, "", ""},
		"join's restart policy": {func(_ *diagnosis, f *survey.Host) { containerOf(f, "join").RestartPolicy = "always" }, "join-restart-policy store", onStore + "update --restart=no join"},
		"join's image":          {func(_ *diagnosis, f *survey.Host) { containerOf(f, "join").Image = "mine" }, "join-other-image store", onStore + "rm -f join\n" + joinAgain},

		// What they register.
		"no key": {func(d *diagnosis, _ *survey.Host) { delete(d.state.Entries, swarmNodes+"192.168.33.250:2375") }, "key-missing store", onStore + "restart join"},
		"another value": {func(d *diagnosis, _ *survey.Host) {
			d.enter(swarmNodes+"192.168.33.250:2375", "x")
		}, "key-wrong store", forget + "192.168.33.250:2375\n" + onStore + "restart join"},
		"no session": {func(d *diagnosis, _ *survey.Host) {
			e := d.state.Entries[swarmNodes+"192.168.33.250:2375"]
			e.Session = ""
			d.state.Entries[e.Key] = e
		}, "key-stale store", forget + "192.168.33.250:2375\n" + onStore + "restart join"},
		"a stranger":     {func(d *diagnosis, _ *survey.Host) { d.enter(swarmNodes+"10.0.0.1:2375", "x") }, "key-without-node", forget + "10.0.0.1:2375"},
		"no address key": {func(d *diagnosis, _ *survey.Host) { d.enter(swarmNodes+"x", "x") }, "key-no-address", forget + "x"},
		"manager joined": {func(d *diagnosis, _ *survey.Host) {
			d.enter(swarmNodes+"192.168.33.11:2375", "192.168.33.11:2375")
			f := d.manager()
			f.Containers = append(f.Containers, other("joins", "swarm", "/swarm join --advertise=192.168.33.11:2375 x"))
		}, "manager-joined", onManager + "rm -f joins\n" + forget + "192.168.33.11:2375"},

		// What the manager lists.
		"not reached": {func(d *diagnosis, _ *survey.Host) {
			silence(d.manager(), "tcp 192.168.33.250 2375")
		}, "manager-cut-off store", ""},
		"blocked at the manager": {func(d *diagnosis, _ *survey.Host) {
			silence(d.manager(), "tcp 192.168.33.250 2375")
			d.manager().Probe.Rules = []string{"-A OUTPUT -d 192.168.33.250/32 -p tcp -m tcp --dport 2375 -j DROP"}
		}, "manager-cut-off manager", ""},
		"pending":    {func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members[3].Status = "Pending" }, "member-unhealthy store", onManager + "restart manager"},
		"not listed": {func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members = d.state.Swarm.Members[:3] }, "member-missing store", onManager + "restart manager"},

		// The network.
		"no network": {func(d *diagnosis, _ *survey.Host) {
			for _, h := range d.state.Hosts {
				h.Networks = nil
			}
		}, "network-missing", createAgain},
		"Consul's data lost": {func(d *diagnosis, _ *survey.Host) {
			for _, h := range d.state.Hosts {
				h.Networks = nil
			}
			containerOf(d.manager(), "").Created = time.Unix(1, 0)
		}, "consul-data-lost", createAgain},
		"bridges": {func(d *diagnosis, _ *survey.Host) {
			for _, h := range d.state.Hosts {
				h.Networks = nil
			}
			d.state.On("store").Networks = []engine.Network{{ID: "two", Name: "mynet", Driver: "bridge"}}
		}, "network-wrong-driver", onStore + "network rm two\n" + createAgain},
		"a bridge too": {func(_ *diagnosis, f *survey.Host) {
			f.Networks = append(f.Networks, engine.Network{ID: "two", Name: "mynet", Driver: "bridge"})
		}, "network-twice store", onStore + "network rm two"},
		"another": {func(_ *diagnosis, f *survey.Host) { f.Networks[0].ID = "two" }, "network-twice store", onStore + "network rm two"},
		"clash": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Links = append(f.Probe.Links, survey.Link{Name: "br0", Up: true, MTU: 1500, Addr: netip.MustParsePrefix("10.0.0.1/16")})
		}, "network-clash", onManager + "network rm mynet\n" + createAgain},
		"its own interface": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Links = append(f.Probe.Links, survey.Link{Name: "ov-000100-974fe", Up: true, MTU: 1500, Addr: netip.MustParsePrefix("10.0.0.1/24")})
		}, "", ""},
		"MTU set too large": {func(d *diagnosis, _ *survey.Host) {
			for _, f := range d.state.Hosts { // each has its own list
				f.Networks[0].Options = map[string]string{mtuOption: "1451"}
			}
		}, "network-mtu", onManager + "network rm mynet\n" + createAgain},
		"MTU set as it fits": {func(_ *diagnosis, f *survey.Host) { f.Networks[0].Options = map[string]string{mtuOption: "1450"} }, "", ""},
		"MTU set too small":  {func(_ *diagnosis, f *survey.Host) { f.Networks[0].Options = map[string]string{mtuOption: "575"} }, "network-mtu", onManager + "network rm mynet\n" + createAgain},
		"MTU small":          {func(_ *diagnosis, f *survey.Host) { f.Probe.Links[0].MTU = 1499 }, "mtu-small store", ""},

		// The gossip, and what stops packets.
		"short TTL": {func(d *diagnosis, f *survey.Host) {
			delete(d.state.Entries, engineNodes+"192.168.33.250:2375")
			f.Log = "discovery error: invalid Session TTL"
		}, "engine-short-ttl store", ""},
		"gossip blocked": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Rules = []string{"-A INPUT -p udp -m udp --dport 7946 -j DROP"}
		}, "gossip-blocked store", ""},
		"VXLAN blocked": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Rules = []string{"-A INPUT -p udp -m udp --dport 4789 -j DROP"}
		}, "vxlan-blocked store", ""},
		"gossip by TCP lost": {func(d *diagnosis, _ *survey.Host) {
			for _, h := range d.topology.Hosts() {
				silence(d.state.On(h.Name), "tcp 192.168.33.250 7946")
			}
		}, "gossip-cut-off store", ""},
		"gossip to one lost": {func(d *diagnosis, _ *survey.Host) {
			silence(d.manager(), "udp 192.168.33.250 7946")
		}, "", ""},
		"gossip split": {func(_ *diagnosis, f *survey.Host) { f.Peers = f.Peers[4:] }, "gossip-split", ""},
		"suspected":    {func(_ *diagnosis, f *survey.Host) { f.Peers[0].State = engine.PeerSuspect }, "gossip-split", ""},
		"neighbours": {func(d *diagnosis, f *survey.Host) {
			attach(f, "a", "10.0.0.2")
			attach(d.state.On("worker01"), "b", "10.0.0.3")
			f.Probe.Neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
		}, "neighbours-lost worker01", onStore + "restart a"},
		"sent elsewhere":                 {func(d *diagnosis, _ *survey.Host) { storeSends(d, "frontend01") }, "neighbour-stale store", ""},
		"sent there":                     {func(d *diagnosis, _ *survey.Host) { storeSends(d, "worker01") }, "", ""},
		"neighbours of a host with none": {func(d *diagnosis, _ *survey.Host) { attach(d.state.On("worker01"), "b", "10.0.0.3") }, "", ""},
		"neighbours that engines have told of": {func(d *diagnosis, f *survey.Host) {
			worker := d.state.On("worker01")
			attach(f, "a", "10.0.0.2")
			attach(f, "ep-b", "10.0.0.3")
			attach(worker, "b", "10.0.0.3")
			f.Probe.Neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
			worker.Probe.Neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.2")}
		}, "", ""},
	}
}

func TestCauses(t *testing.T) {
	for name, c := range causes() {
		t.Run(name, func(t *testing.T) {
			d := healthyFacts()
			c.breaks(d, d.state.On("store"))
			if got := d.all(); got != c.want {
				t.Fatalf("found %q, not %q", got, c.want)
			}
			for _, f := range d.found {
				if strings.Contains(f.Cause+f.Advice, "%!") {
					t.Errorf("arguments do not fit: %s; %s", f.Cause, f.Advice)
				}
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

// TestCauseTexts holds what is told of each cause: UPDATE=1 writes it anew, to be read.
func TestCauseTexts(t *testing.T) {
	const file = "testdata/causes.txt"
	all := causes()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d := healthyFacts()
		all[name].breaks(d, d.state.On("store"))
		d.all()
		fmt.Fprintf(&b, "== %s\n", name)
		for _, f := range d.found {
			fmt.Fprintf(&b, "%s %s: %s\n", f.Code, f.Node, f.Cause)
			for _, s := range f.Seen {
				fmt.Fprintf(&b, "  %s: %q\n", s.Asked, s.Answered)
			}
			for _, command := range f.Remedy {
				fmt.Fprintf(&b, "  $ %s\n", command)
			}
			if f.Advice != "" {
				fmt.Fprintf(&b, "  > %s\n", f.Advice)
			}
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if diff := cmp.Diff(string(want), b.String()); diff != "" || err != nil {
		t.Errorf("%s (-want +got): %v\n%s", file, err, diff)
	}
}

func attach(f *survey.Host, name, addr string) {
	f.Networks = slices.Clone(f.Networks)
	f.Networks[0].Containers = append(f.Networks[0].Containers, engine.Endpoint{Container: name, Name: name, Addr: netip.MustParseAddr(addr)})
}

// storeSends has store send what is for a container of worker01's to a host.
func storeSends(d *diagnosis, to string) {
	store, worker := d.state.On("store"), d.state.On("worker01")
	attach(store, "a", "10.0.0.2")
	attach(worker, "b", "10.0.0.3")
	store.Probe.Neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
	worker.Probe.Neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.2")}
	store.Probe.Forwards = map[string]netip.Addr{"02:42:0a:00:00:03": d.state.On(to).Addr}
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
		"no manager's engine": {func(d *diagnosis) { d.manager().DialError.Err = errSilence }, 2, 9},
		"no leader":           {func(d *diagnosis) { d.state.LeaderError.Err = engine.ErrNoLeader }, 4, 7},
		"no keys":             {func(d *diagnosis) { d.state.KeysError.Err = errSilence }, 8, 4},
		"no join":             {func(d *diagnosis) { d.state.On("store").Containers = nil }, 11, 0},
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
	d.state.LeaderError.Err = errSilence
	d.state.On("store").InfoError.Err, d.state.On("store").Probe.Engine = errSilence, "S"
	d.all()
	last := d.found[0].Seen[len(d.found[0].Seen)-1]
	want := harness.Observation{Asked: "docker -H=tcp://192.168.33.250:2375 info", Answered: "no answer in time: it waits for its cluster store"}
	if diff := cmp.Diff(want, last); diff != "" || !d.found[0].breaksAny([]part{{engineKind, "store"}}) {
		t.Error(diff)
	}
}

// TestBlockedUndo: a command takes away each rule, in the table that it is in.
func TestBlockedUndo(t *testing.T) {
	d := healthyFacts()
	f := reportRules(d, "engine-port-blocked", d.state.On("store"), []string{"-A INPUT -p tcp --dport 1 -j DROP", "-t raw -A OUTPUT --dport 1 -j DROP"}, 1)
	want := []string{"iptables -D INPUT -p tcp --dport 1 -j DROP", "iptables -t raw -D OUTPUT --dport 1 -j DROP"}
	if !slices.Equal(f.Remedy, want) || f.RemedyHost != "store" || f.Code != "engine-port-blocked" || len(f.Seen) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestMine(t *testing.T) {
	d := healthyFacts()
	s := joinOn(d, d.topology.Members[3])
	wrong := other("wrong", "swarm", "/swarm join x")
	ended, endedWrong := *containerOf(s.on, "join"), wrong
	ended.Name, ended.State, ended.Running = "ended", "exited", false
	endedWrong.Name, endedWrong.State, endedWrong.Running = "ended wrong", "exited", false
	s.on.Containers = append([]survey.Container{endedWrong, ended, wrong, other("manage", "swarm", "/swarm manage x"), other("odd", "swarm:1", "/bin/sh -c /swarm join x"), other("nginx", "nginx", "/nginx join")}, s.on.Containers...)
	var got []string
	for _, b := range s.ownContainers() {
		got = append(got, b.Name)
	}
	if diff := cmp.Diff([]string{"join", "wrong", "odd", "ended", "ended wrong"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLastLine(t *testing.T) {
	const log = "ERR one \n WARN two\nERR three\nfour"
	for want, words := range map[string][]string{"ERR three": {"ERR"}, "WARN two": {"WARN", "x"}, "": {"five"}} {
		if got := lastLine(log, words...); got != want {
			t.Errorf("%q: %q", words, got)
		}
	}
}

func TestEngineState(t *testing.T) {
	for want, p := range map[string]survey.Probe{
		"no answer in time": {Partial: true}, "no dockerd": {}, "dockerd in state T (stopped)": {Engine: "T", Partial: true}, "dockerd in state S": {Engine: "S"},
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
		if isRelevant(engine.Container{Image: name, Command: "/x"}, page) != want {
			t.Errorf("image %s: %v", name, !want)
		}
	}
	for command, want := range map[string]bool{"/swarm manage x": true, "/usr/bin/swarm join x": true, "/swarm list": false, "/bin/start -server": true, "join": false, "sh join": false} {
		if isRelevant(engine.Container{Image: "x", Command: command}, page) != want {
			t.Errorf("command %s: %v", command, !want)
		}
	}
	for port, want := range map[uint16]bool{8500: true, 3375: true, 80: false} {
		c := engine.Container{Image: "x", Ports: []engine.Port{{Host: port}}}
		if isRelevant(c, page) != want || isRelevant(c, moved) {
			t.Errorf("port %d: %v", port, !want)
		}
		c.Ports[0].Host++
		if isRelevant(c, moved) != want {
			t.Errorf("port %d where the cluster has it: %v", port+1, !want)
		}
	}
}

// FuzzLog: what is said of a log is a line of it with one of the words, and of
// none after it.
func FuzzLog(f *testing.F) {
	f.Add("level=info a\nlevel=fatal b\n", "level=fatal", "level=error")
	f.Add("failed to start daemon: advertise", "advertise", "x")
	f.Fuzz(func(t *testing.T, log, one, other string) {
		got := lastLine(log, one, other)
		for _, l := range strings.Split(log, "\n") {
			if has := strings.Contains(l, one) || strings.Contains(l, other); has {
				if strings.TrimSpace(l) == got {
					return
				}
			}
		}
		if got != "" {
			t.Errorf("%q is no line of %q with %q or %q", got, log, one, other)
		}
		d := testDiagnosis()
		f := reportEnded(d, &survey.Host{Host: d.topology.Members[0], Log: log}, "engine-ended", 1, "x")
		if f.Code == "" || f.Cause == "" || len(f.Seen) == 0 || f.Advice == "" {
			t.Errorf("%+v", f)
		}
	})
}
