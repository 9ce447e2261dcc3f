package diagnose

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
)

// away is that a service of store, or of the manager, can't be reached from here.
func away(l harness.Layer, node string) *harness.UnreachableError {
	un := &harness.UnreachableError{
		Node: node, Service: "192.168.33.250:1", Layer: l, What: lang.Textf("no"),
		Hint: lang.Textf("mend the way"), Err: syscall.ETIMEDOUT,
	}
	if l == harness.LayerPort {
		un.Err = syscall.ECONNREFUSED
	}
	return un
}

var errNoShell = errors.New("nothing says as whom to log in")

// TestOutOfBand are clusters whose hosts take commands by another way than their
// engines, or take none.
func TestOutOfBand(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(d *diagnosis, store *hostFacts)
		want   string
	}{
		"no shell":          {func(*diagnosis, *hostFacts) {}, ""},
		"firewall":          {func(_ *diagnosis, f *hostFacts) { f.dialErr = away(harness.LayerFirewall, "store") }, "unreachable store"},
		"nothing listens":   {func(_ *diagnosis, f *hostFacts) { f.dialErr = away(harness.LayerPort, "store") }, "engine-ended store"},
		"no Consul listens": {func(d *diagnosis, _ *hostFacts) { d.facts.leaderErr = away(harness.LayerPort, "manager") }, "consul-silent manager"},
		"TLS":               {func(_ *diagnosis, f *hostFacts) { f.infoErr = away(harness.LayerTLS, "store") }, "unreachable store"},
		"an engine hangs":   {func(_ *diagnosis, f *hostFacts) { f.infoErr = errSilence }, "engine-silent store"},
		"its list hangs":    {func(_ *diagnosis, f *hostFacts) { f.boxesErr = errSilence }, "engine-silent store"},
		"hangs, no Consul":  {func(d *diagnosis, f *hostFacts) { f.infoErr = errSilence; d.stopConsul() }, "consul-stopped manager"},
		"token": {func(d *diagnosis, _ *hostFacts) {
			d.facts.leaderErr = away(harness.LayerAccess, "manager")
			clear(d.facts.entries)
		}, "unreachable manager"},
		"Swarm's port": {func(d *diagnosis, _ *hostFacts) {
			d.facts.swarm, d.facts.swarmErr = nil, away(harness.LayerFirewall, "manager")
		}, "unreachable manager"},
		"gossip": {func(_ *diagnosis, f *hostFacts) { f.gossipErr, f.peers = away(harness.LayerFirewall, "store"), nil }, "unreachable store"},
		"gossip, for others": {func(d *diagnosis, f *hostFacts) {
			f.gossipErr = away(harness.LayerFirewall, "store")
			d.deafen("tcp 192.168.33.250 7946")
		}, "gossip-cut-off store"},
		"shell, firewall": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr = away(harness.LayerFirewall, "store")
			f.probe = f.healthy()
		}, "unreachable store"},
		"shell, rule": {func(_ *diagnosis, f *hostFacts) {
			f.dialErr, f.probe = away(harness.LayerFirewall, "store"), f.healthy()
			f.probe.rules = []string{"-A INPUT -p tcp -m tcp --dport 2375 -j DROP"}
		}, "engine-port-blocked store"},
		"one way to all": {func(d *diagnosis, _ *hostFacts) {
			for _, f := range d.facts.hosts {
				f.dialErr = away(harness.LayerSSH, "manager")
			}
		}, "unreachable manager"},
	} {
		d := healthyFacts()
		for _, f := range d.facts.hosts {
			f.probe = probe{unasked: errNoShell}
		}
		c.breaks(d, d.facts.hosts["store"])
		if got := d.all(); got != c.want {
			t.Errorf("%s: found %q, not %q", name, got, c.want)
		}
		for _, f := range d.found {
			if f.Advice == "" && len(f.Remedy) == 0 || len(f.Seen) == 0 || len(f.breaks) == 0 {
				t.Errorf("%s: nothing to do, seen or broken: %+v", name, f)
			}
			if f.Code == "unreachable" && f.Advice != "mend the way" {
				t.Errorf("%s: advice %q", name, f.Advice)
			}
		}
		if !slices.ContainsFunc(d.notAsked, func(s string) bool { return strings.Contains(s, "worker01") && strings.Contains(s, errNoShell.Error()) }) {
			t.Errorf("%s: not asked: %q", name, d.notAsked)
		}
	}
}

func (d *diagnosis) stopConsul() {
	b := &d.facts.hosts["manager"].containers[0]
	b.State, b.Running = "exited", false
	d.facts.leaderErr = engine.ErrRefused
}

// deafen has all hosts tell that a service does not answer.
func (d *diagnosis) deafen(service string) {
	for _, f := range d.facts.hosts {
		f.probe = f.healthy()
		f.probe.silent[service] = "no answer"
	}
	d.facts.hosts["worker01"].probe = probe{unasked: errNoShell}
}

// healthy is what a host says of itself.
func (h *hostFacts) healthy() probe {
	p := parseProbe("== user\n0\n== link\n2: eth0: <UP> mtu 1500\n== addr\n2: eth0 inet " + h.host.Addr.String() + "/24\n== forward\n1\n== silent\n")
	p.state = 'S'
	return p
}

// TestNoHint: where the target does not know what to do, there is something.
func TestNoHint(t *testing.T) {
	d, un := healthyFacts(), away(harness.LayerSSH, "store")
	un.Hint = lang.Text{}
	if f := d.notReached(hostsSection, un, part{engineKind, "store"}); f.Advice != d.between() {
		t.Errorf("%+v", f)
	}
}

// TestUnsaid is what a host that takes commands can't tell.
func TestUnsaid(t *testing.T) {
	for out, want := range map[string]string{
		"== user\n0\n== silent\n":                   "",
		"== user\n1000\n== silent\n":                "sudo does not work there without a password",
		"== user\n0\n== silent\n== no dialler\n":    "no perl",
		"== user\n1000\n== silent\n== no dialler\n": "no perl|sudo does not work there without a password",
	} {
		d := healthyFacts()
		for _, h := range []string{"store", "worker01"} {
			d.facts.hosts[h].probe = parseProbe(out)
		}
		d.unsaid()
		var got []string
		for _, n := range d.notAsked {
			if !strings.HasPrefix(n, "worker01, store: ") {
				t.Errorf("%q: of other hosts", n)
			}
			got = append(got, n)
		}
		wants := strings.FieldsFunc(want, func(r rune) bool { return r == '|' })
		if len(got) != len(wants) {
			t.Errorf("%q: %q", out, got)
			continue
		}
		for i, w := range wants {
			if !strings.Contains(got[i], w) {
				t.Errorf("%q: %q", out, got)
			}
		}
	}
}

// TestNotJudged: what a kernel was told of containers elsewhere is not judged
// where it can't be read, or not to its end.
func TestNotJudged(t *testing.T) {
	for name, change := range map[string]func(p *probe){
		"user": func(p *probe) { p.user = true },
		"cut":  func(p *probe) { p.told = false },
		"read": func(*probe) {},
	} {
		d := healthyFacts()
		for i, h := range []string{"store", "worker01"} {
			f := d.facts.hosts[h]
			f.networks[0].Containers = []engine.Endpoint{{Name: "c", Container: "c", Addr: d.topology.Members[i].Addr}}
			f.probe = f.healthy()
			change(&f.probe)
		}
		if got := d.all(); (got != "") != (name == "read") {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

// TestRunOutOfBand has hosts take no commands: of a lab's that is word of the host.
func TestRunOutOfBand(t *testing.T) {
	for outOfBand, want := range map[bool]string{true: "engine-silent store", false: "host-frozen store"} {
		on, f := performed(t)
		f.Hosts["store"].Silent = true
		f.Hosts["store"].Run = func(context.Context, []string) (harness.Result, error) { return harness.Result{}, errNoShell }
		start := time.Now()
		r := Run(t.Context(), on, Options{OutOfBand: outOfBand})
		if found(r) != want || outOfBand != (len(r.NotAsked) > 0) {
			t.Errorf("out of band %v: found %q, not asked %q", outOfBand, found(r), r.NotAsked)
		}
		pace.Within(t, "it", time.Since(start), 5*time.Second)
	}
}

// TestWayIn: who is reached out of band has the time to find the way to a host.
func TestWayIn(t *testing.T) {
	on, f := performed(t)
	f.Hosts["store"].Run = func(ctx context.Context, _ []string) (harness.Result, error) {
		select {
		case <-ctx.Done():
			return harness.Result{}, ctx.Err()
		case <-time.After(probeTime + 2*wayToLost):
			return harness.Result{Stdout: "== user\n0\n== silent\n"}, nil
		}
	}
	store := on.Topology().Members[3]
	synctest.Test(t, func(t *testing.T) {
		for _, outOfBand := range []bool{true, false} {
			if p := newFacts(on, outOfBand).ask(t.Context(), store); p.told != outOfBand {
				t.Errorf("out of band %v: %+v", outOfBand, p)
			}
		}
		lost := newFacts(on, true)
		lost.hosts["store"].dialErr = away(harness.LayerFirewall, "store")
		if p := lost.ask(t.Context(), store); p.unasked == nil || !strings.Contains(p.unasked.Error(), "in time") {
			t.Errorf("one that nobody answers for: %+v", p)
		}
	})
}

// TestOnlyLooks: of all commands the diagnosis's own is known to change nothing.
func TestOnlyLooks(t *testing.T) {
	on, f := performed(t)
	asked := make(chan []string, 1)
	f.Hosts["store"].Run = func(_ context.Context, argv []string) (harness.Result, error) {
		asked <- argv
		return harness.Result{}, nil
	}
	newFacts(on, true).ask(t.Context(), on.Topology().Members[3])
	argv := <-asked
	if !OnlyLooks(argv) {
		t.Errorf("%q", argv)
	}
	for i := range asks {
		other := slices.Clone(argv)
		other[i] += " "
		if OnlyLooks(other) || OnlyLooks(argv[:i]) {
			t.Errorf("with another argument %d it is known, too", i)
		}
	}
}
