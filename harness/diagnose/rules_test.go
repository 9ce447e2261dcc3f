package diagnose

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/workload"
)

// healthyFacts are those of a cluster where all is well, for what a lab can't
// be made to be.
func healthyFacts() *diagnosis { return healthyFactsOf(harness.Tutorial()) }

func healthyFactsOf(t harness.Topology) *diagnosis {
	d := testDiagnosis()
	d.topology = t
	d.state = survey.State{
		Topology: t, Entries: map[string]engine.Entry{}, Leader: "172.17.0.2:8300",
		Swarm: &engine.Swarm{Role: "primary", Strategy: "spread"},
	}
	for _, h := range t.Hosts() {
		d.state.Hosts = append(d.state.Hosts, &survey.Host{Host: h})
	}
	for _, h := range d.topology.Hosts() {
		f := d.state.On(h.Name)
		f.Info = engine.Info{ID: h.Name, Name: h.Name, ServerVersion: "20.10.5", ClusterStore: storeOf(t), ClusterAdvertise: h.Engine().String()}
		f.Probe = survey.ParseProbe(fmt.Sprintf("== link\n2: eth0: <UP> mtu 1500\n== addr\n2: eth0 inet %s/24\n== forward\n1\n== silent\n", h.Addr))
		f.Networks = []engine.Network{{ID: "one", Name: "mynet", Driver: "overlay", Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}}
		for _, peer := range d.topology.Hosts() {
			f.Peers = append(f.Peers, engine.Peer{Name: peer.Name, Addr: peer.Addr, State: engine.PeerAlive})
		}
		d.enter(engineNodes+h.Engine().String(), h.Engine().String())
	}
	d.run(consulOn(d, d.topology.Manager), consulImage, "/bin/start "+strings.Join(consulOn(d, d.topology.Manager).Spec.Args, " "), "unless-stopped")
	d.run(managerOn(d, d.topology.Manager), swarmImage, "/swarm "+strings.Join(managerOn(d, d.topology.Manager).Spec.Args, " "), "unless-stopped")
	for _, h := range t.ConsulServers()[1:] {
		d.run(consulOn(d, h), consulImage, "/bin/start "+strings.Join(consulOn(d, h).Spec.Args, " "), "unless-stopped")
	}
	for _, h := range t.Replicated() {
		d.run(managerOn(d, h), swarmImage, "/swarm "+strings.Join(managerOn(d, h).Spec.Args, " "), "unless-stopped")
	}
	for _, h := range d.topology.Members {
		d.run(joinOn(d, h), swarmImage, "/swarm join --advertise="+h.Engine().String()+" "+d.topology.DiscoveryOf(h), "no")
		d.enter(swarmNodes+h.Engine().String(), h.Engine().String())
		d.state.Swarm.Members = append(d.state.Swarm.Members, engine.Member{Name: h.Name, Status: "Healthy", Addr: netip.AddrPortFrom(h.Addr, harness.EnginePort)})
	}
	return d
}

func (d *diagnosis) enter(key, value string) {
	d.state.Entries[key] = engine.Entry{Key: key, Value: value, Session: "a session"}
}

func (d *diagnosis) run(s service, image, command, restart string) {
	c := engine.Container{
		ID: image + command, Name: strings.TrimSuffix(s.codes.missing, "-missing"), Image: image, Command: command, Args: strings.Fields(command)[1:],
		State: "running", Running: true, RestartPolicy: restart, Created: time.Unix(0, 0), Hostname: s.Spec.Hostname,
	}
	if s.Port.Host != 0 {
		c.Ports = s.Spec.Ports
	}
	s.on.Containers = append(s.on.Containers, survey.Container{Container: c})
}

// all goes through the layers and returns what was found.
func (d *diagnosis) all() string {
	d.checkLayers()
	var codes []string
	for _, f := range d.found {
		codes = append(codes, strings.TrimSpace(f.Code+" "+f.Node))
	}
	return strings.Join(codes, ", ")
}

var errSilence = fmt.Errorf("get: %w", engine.ErrTimeout)

// TestRules are what a lab can't be made to be, or only with luck.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(d *diagnosis, store *survey.Host)
		want   string
	}{
		"nothing": {func(*diagnosis, *survey.Host) {}, ""},
		"too new": {func(_ *diagnosis, f *survey.Host) { f.Info.ServerVersion, f.Info.ClusterStore = "23.0.1", "" }, "engine-too-new store"},
		"no route": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err = errors.New("no route to host")
			f.Probe.Engine = "S"
		}, "host-unreachable store"},
		"hangs":       {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err, f.Probe.Engine = errSilence, "S" }, "engine-hangs store"},
		"hangs, busy": {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err, f.Probe.Partial = errSilence, true }, "engine-hangs store"},
		"no engine":   {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err = errSilence }, "engine-silent store"},
		"hangs without Consul": {func(_ *diagnosis, f *survey.Host) {
			f.InfoError.Err, f.Probe.Engine = errSilence, "S"
			silence(f, "tcp 192.168.33.11 8500")
		}, "consul-unreachable store"},
		"Consul silent":  {func(d *diagnosis, _ *survey.Host) { d.state.LeaderError.Err = errSilence }, "consul-silent manager"},
		"no leader yet":  {func(d *diagnosis, _ *survey.Host) { d.state.LeaderError.Err = engine.ErrNoLeader }, "consul-no-leader manager"},
		"manager silent": {func(d *diagnosis, _ *survey.Host) { d.state.Swarm, d.state.SwarmError.Err = nil, errSilence }, "manager-silent manager"},
		"not listed":     {func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members = d.state.Swarm.Members[:3] }, "member-missing store"},
		"unhealthy":      {func(d *diagnosis, _ *survey.Host) { d.state.Swarm.Members[3].Status = "Unhealthy" }, "member-unhealthy store"},
		"no network":     {func(_ *diagnosis, f *survey.Host) { f.Networks = nil }, "network-missing store"},
		"not registered": {func(d *diagnosis, f *survey.Host) { delete(d.state.Entries, engineNodes+f.Engine().String()) }, "engine-not-registered store"},
		"no gossip":      {func(_ *diagnosis, f *survey.Host) { f.GossipError.Err = engine.ErrRefused }, "gossip-not-joined store"},
		"gossip silent":  {func(_ *diagnosis, f *survey.Host) { f.GossipError.Err = errSilence }, "gossip-silent store"},
		"datagrams lost": {func(d *diagnosis, _ *survey.Host) {
			for _, h := range d.topology.Hosts() {
				silence(d.state.On(h.Name), "udp 192.168.33.250 7946")
			}
		}, "gossip-cut-off store"},
		"list of containers hangs": {func(_ *diagnosis, f *survey.Host) { f.ContainersError.Err = errSilence }, "engine-hangs store"},
	} {
		d := healthyFacts()
		c.breaks(d, d.state.On("store"))
		if got := d.all(); got != c.want {
			t.Errorf("%s: found %q, not %q", name, got, c.want)
		}
		for _, f := range d.found {
			if len(f.Remedy) == 0 && f.Advice == "" || len(f.Seen) == 0 || len(f.breaks) == 0 {
				t.Errorf("%s: nothing to do, seen or broken: %+v", name, f)
			}
		}
	}
}

// TestLostPackets names the host that all lost packets have in common.
func TestLostPackets(t *testing.T) {
	way := func(from, to string) workload.Lost {
		return workload.Lost{From: &workload.Container{Host: from}, To: &workload.Container{Host: to}}
	}
	for want, lost := range map[string][]workload.Lost{
		"store": {way("store", "manager"), way("worker01", "store"), way("frontend01", "store")},
		"":      {way("store", "manager"), way("worker01", "frontend01")},
	} {
		d := healthyFacts()
		d.lostPackets(lost)
		if f := d.found[0]; f.Node != want || !f.breaksAny([]part{{packetKind, "store"}}) || f.breaksAny([]part{{packetKind, "frontend02"}}) != (want == "") {
			t.Errorf("%v: %+v", lost, f)
		}
	}
}

// TestCutOff has a host not come to the end of what it says of itself: nothing is
// found, and that is no sign of health.
func TestCutOff(t *testing.T) {
	d := healthyFacts()
	d.state.On("store").Probe.Partial = true
	if got := d.all(); got != "" {
		t.Errorf("found %q", got)
	}
	if len(d.notAsked) != 1 || !strings.Contains(d.notAsked[0], "store") {
		t.Errorf("not asked: %q", d.notAsked)
	}
}
