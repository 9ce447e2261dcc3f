package diagnose

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// respell gives the join container of store, or the manager's, other words.
func respell(d *diagnosis, verb, words string) *survey.Container {
	c := containerOf(d.manager(), verb)
	if verb == "join" {
		c = containerOf(d.state.On("store"), verb)
	}
	argue(c, strings.Fields(words)...)
	return c
}

// TestSpellings: what is right in another way is right. What a claim says otherwise is
// a difference from the page, and breaks nothing but how it looks.
func TestSpellings(t *testing.T) {
	const consul, at = " consul://192.168.33.11:8500", "192.168.33.250:2375"
	for name, c := range map[string]struct {
		change func(d *diagnosis, store *survey.Host)
		want   string
	}{
		"addr":            {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "join --addr="+at+consul) }, ""},
		"addr value":      {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "join --addr "+at+consul) }, ""},
		"advertise value": {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "join --advertise "+at+consul+"/") }, ""},
		"one dash":        {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "join -advertise="+at+consul) }, ""},
		"global flags":    {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "--debug -l warn join --advertise="+at+consul) }, ""},
		"discovery first": {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "join"+consul+" --advertise="+at) }, ""},
		"short":           {func(d *diagnosis, _ *survey.Host) { respell(d, "join", "j --advertise="+at+consul) }, ""},
		"heartbeat": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "join", "join --heartbeat 20s --ttl=60s --advertise="+at+consul)
		}, ""},
		"Consul by name": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "join", "join --advertise="+at+" consul://manager:8500/")
		}, "join-other-arguments store"},
		"from environment": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "join", "join").Env = map[string]string{"SWARM_ADVERTISE": at, "SWARM_DISCOVERY": consul[1:]}
		}, ""},
		"a wrapper": {func(d *diagnosis, _ *survey.Host) {
			c := respell(d, "join", "-- /swarm join --advertise="+at+consul)
			c.Command = "/tini " + strings.Join(c.Args, " ")
		}, ""},
		"another image":      {func(_ *diagnosis, f *survey.Host) { containerOf(f, "join").Image = "dockerswarm/swarm" }, "join-other-image store"},
		"manage value":       {func(d *diagnosis, _ *survey.Host) { respell(d, "manage", "manage --strategy spread -f health"+consul) }, ""},
		"manage short":       {func(d *diagnosis, _ *survey.Host) { respell(d, "manage", "m"+consul) }, ""},
		"manage, global":     {func(d *diagnosis, _ *survey.Host) { respell(d, "manage", "--experimental manage"+consul) }, ""},
		"manage with a host": {func(d *diagnosis, _ *survey.Host) { respell(d, "manage", "manage -H tcp://0.0.0.0:2375"+consul) }, ""},
		"manage with cors": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "manage", "manage --cors --cluster-opt swarm.overcommit=0.1"+consul)
		}, ""},
		"manage that advertises": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "manage", "manage --advertise 192.168.33.11:3375"+consul)
		}, ""},
		"manage with a heartbeat": {func(d *diagnosis, _ *survey.Host) { respell(d, "manage", "manage --heartbeat=20s"+consul+"///") }, ""},
		"manage on another port": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "manage", "manage -H :3375"+consul).Ports = []engine.Port{{Host: 3375, Container: 3375}}
		}, "manager-wrong-arguments manager"},
		"manage on the host's network": {func(d *diagnosis, _ *survey.Host) { respell(d, "manage", "manage -H :3375"+consul).Ports = nil }, "manager-wrong-arguments manager"},
		"more ports of Consul": {func(d *diagnosis, _ *survey.Host) {
			c := containerOf(d.manager(), "")
			c.Ports = append(c.Ports, engine.Port{Host: 8400, Container: 8400})
		}, "consul-wrong-arguments manager"},
		"another Consul": {func(d *diagnosis, _ *survey.Host) {
			c := containerOf(d.manager(), "")
			c.Image, c.Command = "hashicorp/consul", "docker-entrypoint.sh agent -server"
		}, "consul-missing manager"},
		"no container of Consul":  {func(d *diagnosis, _ *survey.Host) { d.manager().Containers = d.manager().Containers[1:] }, "consul-missing manager"},
		"no container of manager": {func(d *diagnosis, _ *survey.Host) { d.manager().Containers = d.manager().Containers[:1] }, "manager-missing manager"},
		"a name": {func(d *diagnosis, _ *survey.Host) {
			respell(d, "join", "join --advertise=store:2375"+consul)
			d.forget("store")
			d.enter(swarmNodes+"store:2375", "store:2375")
			m := &d.state.Swarm.Members[3]
			m.Addr, m.Advertised = netip.AddrPort{}, "store:2375"
		}, "join-other-arguments store"},
	} {
		d := healthyFacts()
		c.change(d, d.state.On("store"))
		if got := d.all(); got != c.want {
			t.Errorf("%s: found %q, not %q", name, got, c.want)
		}
		works := []kind{joinLookKind, managerLookKind, consulLookKind, imageKind, aloneKind}
		for _, f := range d.found {
			for _, p := range f.breaks {
				if !slices.Contains(works, p.what) {
					t.Errorf("%s: %s breaks %v", name, f.Code, p)
				}
			}
		}
	}
}

// TestOwnPaths: keys below other paths of Consul's, which all use, are found there.
func TestOwnPaths(t *testing.T) {
	topology := harness.Tutorial()
	topology.DiscoveryPath, topology.StorePath = "mine", "theirs"
	d := healthyFactsOf(topology)
	for key, e := range maps.Clone(d.state.Entries) {
		delete(d.state.Entries, key)
		if strings.HasPrefix(key, swarmNodes) {
			e.Key = "mine/" + key
		} else {
			e.Key = "theirs/" + key
		}
		d.state.Entries[e.Key] = e
	}
	look := "manager-wrong-arguments manager, join-other-arguments frontend01, join-other-arguments frontend02, " +
		"join-other-arguments worker01, join-other-arguments store"
	if got := d.all(); got != look {
		t.Errorf("found %q", got)
	}
}

// TestOneConsul: replicas that share the manager's Consul have none of their own.
func TestOneConsul(t *testing.T) {
	topology := harness.Tutorial()
	topology.Replicas, topology.OneConsul, topology.ReplicasOn = 1, true, []string{"worker01"}
	d := healthyFactsOf(topology)
	d.state.On("worker01").Replica = &engine.Swarm{Role: engine.Replica, Primary: "192.168.33.11:3375"}
	if got := d.all(); got != "" {
		t.Errorf("found %q", got)
	}
}

// TestWaysOut: what stops Swarm's containers, or leads them astray, is named first.
func TestWaysOut(t *testing.T) {
	const kept = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"
	inside := func(h *survey.Host, targets ...string) {
		h.Probe.SilentInside, h.Probe.RulesRead, h.Probe.Kept = targets, true, []string{kept}
	}
	const toConsul, toStore = "tcp 192.168.33.11 8500", "tcp 192.168.33.250 2375"
	proxy := map[string]string{"http_proxy": "http://10.0.0.1:3128"}
	unlisted := func(d *diagnosis) { d.state.Swarm.Members = nil }
	allManagerProxy := func(env map[string]string) func(*diagnosis, *survey.Host) {
		return func(d *diagnosis, _ *survey.Host) { containerOf(d.manager(), "manage").Env = env; unlisted(d) }
	}
	for name, c := range map[string]struct {
		breaks func(d *diagnosis, store *survey.Host)
		want   string
	}{
		"flushed": {func(d *diagnosis, _ *survey.Host) {
			inside(d.manager(), toConsul, toStore)
			d.manager().Probe.Kept = []string{":FORWARD DROP"}
		}, "docker-rules-lost manager"},
		"nat flushed": {func(_ *diagnosis, f *survey.Host) { inside(f, toConsul); f.Probe.Kept = nil }, "docker-rules-lost store"},
		"DOCKER-USER": {func(_ *diagnosis, f *survey.Host) {
			inside(f, toConsul)
			f.Probe.Rules = []string{"-A DOCKER-USER -j DROP"}
		}, "filter-stops-all store"},
		"a rule": {func(d *diagnosis, _ *survey.Host) {
			inside(d.manager(), toStore)
			d.manager().Probe.Rules = []string{"-A DOCKER-USER -d 192.168.33.250/32 -p tcp -m tcp --dport 2375 -j REJECT"}
		}, "manager-cut-off manager"},
		"who knows":          {func(_ *diagnosis, f *survey.Host) { inside(f, toConsul) }, "containers-cut-off store"},
		"a filter not read":  {func(_ *diagnosis, f *survey.Host) { f.Probe.SilentInside = []string{toConsul} }, "containers-cut-off store"},
		"lost, and no proxy": {func(_ *diagnosis, f *survey.Host) { f.Probe.Kept, f.Probe.RulesRead = nil, true }, ""},
		"manager's port": {func(d *diagnosis, _ *survey.Host) {
			d.state.Swarm, d.state.SwarmError.Err = nil, errSilence
			d.manager().Probe.Rules = []string{"-A FORWARD -j DROP"}
		}, "filter-stops-all manager"},
		"Consul's port": {func(d *diagnosis, _ *survey.Host) {
			d.state.LeaderError.Err = errSilence
			d.manager().Probe.Rules = []string{"-A DOCKER-USER -j DROP"}
		}, "filter-stops-all manager"},
		"join's proxy":       {func(d *diagnosis, f *survey.Host) { containerOf(f, "join").Env = proxy; d.forget("store") }, "join-proxy store"},
		"a proxy that works": {func(_ *diagnosis, f *survey.Host) { containerOf(f, "join").Env = proxy }, ""},
		"NO_PROXY has it": {func(d *diagnosis, f *survey.Host) {
			containerOf(f, "join").Env = map[string]string{"HTTP_PROXY": "http://10.0.0.1:3128", "NO_PROXY": "192.168.33.0/24"}
			d.forget("store")
		}, "key-missing store"},
		"manager's proxy": {allManagerProxy(proxy), "manager-proxy manager"},
		"NO_PROXY has Consul only": {
			allManagerProxy(map[string]string{"HTTP_PROXY": "http://10.0.0.1:3128", "no_proxy": "192.168.33.11"}),
			"member-missing frontend01, member-missing frontend02, member-missing worker01, member-missing store",
		},
		"engine's proxy": {func(d *diagnosis, f *survey.Host) {
			f.Info.HTTPProxy, f.Networks = "http://10.0.0.1:3128", nil
			delete(d.state.Entries, engineNodes+f.Engine().String())
		}, "engine-proxy store"},
		"a bridge over worker01": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Links = append(f.Probe.Links, survey.Link{Name: "br-0123456789ab", Up: true, Addr: netip.MustParsePrefix("192.168.33.193/28")})
		}, "bridge-over-hosts store"},
		"docker0 over the manager": {func(_ *diagnosis, f *survey.Host) {
			f.Probe.Links = append(f.Probe.Links, survey.Link{Name: "docker0", Up: true, Addr: netip.MustParsePrefix("192.168.33.9/29")})
			silence(f, toConsul)
		}, "bridge-over-hosts store"},
		"can't attach":            {func(_ *diagnosis, f *survey.Host) { f.Log = startsAnew + "\n" + restoreFailed + ": x\ndone\n" }, "network-no-attach store"},
		"could not attach before": {func(_ *diagnosis, f *survey.Host) { f.Log = startsAnew + "\n" + restoreFailed + ": x\n" + startsAnew }, ""},
		"a container can't attach": {func(_ *diagnosis, f *survey.Host) {
			f.Containers = append(f.Containers, survey.Container{Container: engine.Container{Name: "es", State: "exited", RestartPolicy: "always", Error: sandboxMissing + ": x"}})
		}, "network-no-attach store"},
		"a second manager": {func(d *diagnosis, f *survey.Host) {
			f.Containers = append(f.Containers, other("second", "swarm", "/swarm manage "+d.topology.Discovery()))
		}, "manager-two-primaries store"},
		"too old": {func(d *diagnosis, _ *survey.Host) {
			for i := range d.state.Swarm.Members {
				d.state.Swarm.Members[i].Status = ""
			}
		}, "manager-too-old manager"},
	} {
		d := healthyFacts()
		c.breaks(d, d.state.On("store"))
		if got := d.all(); got != c.want {
			t.Errorf("%s: found %q, not %q", name, got, c.want)
		}
		for _, f := range d.found {
			if len(f.Remedy) == 0 && f.Advice == "" || len(f.Seen) == 0 || len(f.breaks) == 0 || strings.Contains(f.Cause+f.Advice, "%!") {
				t.Errorf("%s: nothing to do, seen or broken: %+v", name, f)
			}
		}
	}
}

// TestTwoPrimaries: of two Swarm managers with --replication one is primary.
func TestTwoPrimaries(t *testing.T) {
	for role, want := range map[string]string{"primary": "manager-two-primaries frontend01", engine.Replica: ""} {
		topology := harness.Tutorial()
		topology.Replicas, topology.OneConsul = 1, true
		d := healthyFactsOf(topology)
		d.state.On("frontend01").Replica = &engine.Swarm{Role: role}
		if got := d.all(); got != want {
			t.Errorf("%s: found %q, not %q", role, got, want)
		}
	}
}

// TestStarts: an engine's word of why a container can't be attached is a finding; any
// other failure is the reason why nothing was asked.
func TestStarts(t *testing.T) {
	d := healthyFacts()
	word, other := errors.New(sandboxMissing+": x"), errors.New("no such image")
	rest := reportStarts(d, []error{nil, word, nil, nil, other})
	if len(d.found) != 1 || d.found[0].Node != "frontend01" || !errors.Is(rest, other) || errors.Is(rest, word) {
		t.Errorf("found %+v, rest %v", d.found, rest)
	}
}

// TestWhyNotAsked: what could not be asked has a reason, whether something was found
// or not.
func TestWhyNotAsked(t *testing.T) {
	d := healthyFacts()
	d.state.KeysError.Err = engine.ErrDenied
	d.all()
	if len(d.found) != 0 || len(d.notAsked) == 0 {
		t.Fatalf("found %v, not asked %q", d.found, d.notAsked)
	}
	for _, n := range d.notAsked {
		if !strings.HasSuffix(n, ": "+engine.ErrDenied.Error()) {
			t.Errorf("%q has no reason", n)
		}
	}
}
