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
	"labcheck/harness/workload"
)

// healthyFacts are those of a cluster where all is well, for what a lab can't
// be made to be.
func healthyFacts() *diagnosis { return healthyFactsOf(harness.Tutorial()) }

func healthyFactsOf(t harness.Topology) *diagnosis {
	d := testDiagnosis()
	d.topology = t
	d.facts = &facts{
		hosts: map[string]*hostFacts{}, entries: map[string]engine.Entry{}, leader: "172.17.0.2:8300",
		swarm: &engine.Swarm{Role: "primary", Strategy: "spread"},
	}
	for _, h := range d.topology.Hosts() {
		f := &hostFacts{host: h, hasSwarm: true, hasConsul: true}
		f.info = engine.Info{ID: h.Name, Name: h.Name, ServerVersion: "20.10.5", ClusterStore: d.store(), ClusterAdvertise: h.Engine().String()}
		f.probe = parseProbe(fmt.Sprintf("== link\n2: eth0: <UP> mtu 1500\n== addr\n2: eth0 inet %s/24\n== forward\n1\n== silent\n", h.Addr))
		f.networks = []engine.Network{{ID: "one", Name: "mynet", Driver: "overlay", Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}}
		for _, peer := range d.topology.Hosts() {
			f.peers = append(f.peers, engine.Peer{Name: peer.Name, Addr: peer.Addr, State: engine.PeerAlive})
		}
		d.facts.hosts[h.Name] = f
		d.facts.enter(engineNodes+h.Engine().String(), h.Engine().String())
	}
	d.facts.runs(d.consulService(), consulImage, "/bin/start "+strings.Join(d.consulService().Spec.Args, " "), "unless-stopped")
	d.facts.runs(d.managerService(), swarmImage, "/swarm "+strings.Join(d.managerService().Spec.Args, " "), "unless-stopped")
	for _, h := range t.ConsulServers()[1:] {
		d.facts.runs(d.server(h), consulImage, "/bin/start "+strings.Join(d.server(h).Spec.Args, " "), "unless-stopped")
	}
	for _, h := range t.Replicated() {
		d.facts.runs(d.replica(h), swarmImage, "/swarm "+strings.Join(d.replica(h).Spec.Args, " "), "unless-stopped")
	}
	for _, h := range d.topology.Members {
		d.facts.runs(d.joinService(h), swarmImage, "/swarm join --advertise="+h.Engine().String()+" "+d.topology.DiscoveryOf(h), "no")
		d.facts.enter(swarmNodes+h.Engine().String(), h.Engine().String())
		d.facts.swarm.Members = append(d.facts.swarm.Members, engine.Member{Name: h.Name, Status: "Healthy", Addr: netip.AddrPortFrom(h.Addr, harness.EnginePort)})
	}
	return d
}

func (f *facts) enter(key, value string) {
	f.entries[key] = engine.Entry{Key: key, Value: value, Session: "a session"}
}

func (f *facts) runs(s service, image, command, restart string) {
	c := engine.Container{
		ID: image + command, Name: s.code, Image: image, Command: command, Args: strings.Fields(command)[1:],
		State: "running", Running: true, RestartPolicy: restart, Created: time.Unix(0, 0),
	}
	if s.Port.Host != 0 {
		c.Ports = []engine.Port{s.Port}
	}
	s.on.containers = append(s.on.containers, box{Container: c})
}

// all goes through the layers, as Run does.
func (d *diagnosis) all() string {
	d.hosts()
	d.consul()
	d.hung()
	d.settings()
	d.manager()
	d.replicas()
	d.joins()
	d.members()
	d.network()
	d.gossip()
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
		breaks func(d *diagnosis, store *hostFacts)
		want   string
	}{
		"nothing":     {func(*diagnosis, *hostFacts) {}, ""},
		"too new":     {func(_ *diagnosis, f *hostFacts) { f.info.ServerVersion, f.info.ClusterStore = "23.0.1", "" }, "engine-too-new store"},
		"no route":    {func(_ *diagnosis, f *hostFacts) { f.dialErr = errors.New("no route to host"); f.probe.state = 'S' }, "host-unreachable store"},
		"hangs":       {func(_ *diagnosis, f *hostFacts) { f.infoErr, f.probe.state = errSilence, 'S' }, "engine-hangs store"},
		"hangs, busy": {func(_ *diagnosis, f *hostFacts) { f.infoErr, f.probe.partial = errSilence, true }, "engine-hangs store"},
		"no engine":   {func(_ *diagnosis, f *hostFacts) { f.infoErr = errSilence }, "engine-silent store"},
		"hangs without Consul": {func(_ *diagnosis, f *hostFacts) {
			f.infoErr, f.probe.state = errSilence, 'S'
			f.probe.silent["tcp 192.168.33.11 8500"] = "no answer"
		}, "consul-unreachable store"},
		"Consul silent":  {func(d *diagnosis, _ *hostFacts) { d.facts.leaderErr = errSilence }, "consul-silent manager"},
		"no leader yet":  {func(d *diagnosis, _ *hostFacts) { d.facts.leaderErr = engine.ErrNoLeader }, "consul-no-leader manager"},
		"manager silent": {func(d *diagnosis, _ *hostFacts) { d.facts.swarm, d.facts.swarmErr = nil, errSilence }, "manager-silent manager"},
		"not listed":     {func(d *diagnosis, _ *hostFacts) { d.facts.swarm.Members = d.facts.swarm.Members[:3] }, "member-missing store"},
		"unhealthy":      {func(d *diagnosis, _ *hostFacts) { d.facts.swarm.Members[3].Status = "Unhealthy" }, "member-unhealthy store"},
		"no network":     {func(_ *diagnosis, f *hostFacts) { f.networks = nil }, "network-missing store"},
		"not registered": {func(d *diagnosis, f *hostFacts) { delete(d.facts.entries, engineNodes+f.host.Engine().String()) }, "engine-not-registered store"},
		"no gossip":      {func(_ *diagnosis, f *hostFacts) { f.gossipErr = engine.ErrRefused }, "gossip-not-joined store"},
		"gossip silent":  {func(_ *diagnosis, f *hostFacts) { f.gossipErr = errSilence }, "gossip-silent store"},
		"datagrams lost": {func(d *diagnosis, _ *hostFacts) {
			for _, h := range d.topology.Hosts() {
				d.facts.hosts[h.Name].probe.silent["udp 192.168.33.250 7946"] = "no answer"
			}
		}, "gossip-cut-off store"},
		"list of containers hangs": {func(_ *diagnosis, f *hostFacts) { f.boxesErr = errSilence }, "engine-hangs store"},
	} {
		d := healthyFacts()
		c.breaks(d, d.facts.hosts["store"])
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
	d.facts.hosts["store"].probe.partial = true
	if got := d.all(); got != "" {
		t.Errorf("found %q", got)
	}
	if len(d.notAsked) != 1 || !strings.Contains(d.notAsked[0], "store") {
		t.Errorf("not asked: %q", d.notAsked)
	}
}

// TestPatience has engines answer soon, late, and not at all.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		took  []time.Duration // of the engines that answer
		total time.Duration
		want  float64
	}{
		"idle":         {[]time.Duration{promptly / 2, promptly / 3}, harness.DefaultTimeout, 1},
		"one is slow":  {[]time.Duration{promptly / 2, 10 * promptly}, harness.DefaultTimeout, 1},
		"all are slow": {[]time.Duration{2 * promptly, 3 * promptly}, harness.DefaultTimeout, 2},
		"at the most":  {[]time.Duration{100 * promptly}, harness.DefaultTimeout, mostPatience},
		"--timeout":    {[]time.Duration{100 * promptly}, 3 * harness.DefaultTimeout, 3 * mostPatience},
		"none answers": {nil, harness.DefaultTimeout, 1},
	} {
		f := &facts{hosts: map[string]*hostFacts{"silent": {infoErr: errSilence}}}
		for i, took := range c.took {
			f.hosts[fmt.Sprint(i)] = &hostFacts{infoTook: took}
		}
		ctx, cancel := harness.WithTotal(t.Context(), c.total, nil)
		defer cancel()
		if f.setPatience(ctx); f.patience != c.want {
			t.Errorf("%s: %v times as long, not %v", name, f.patience, c.want)
		}
	}
}
