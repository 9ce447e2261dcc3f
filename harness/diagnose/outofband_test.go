package diagnose

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
	"labcheck/harness/survey"
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
		breaks func(d *diagnosis, store *survey.Host)
		want   string
	}{
		"no shell":          {func(*diagnosis, *survey.Host) {}, ""},
		"firewall":          {func(_ *diagnosis, f *survey.Host) { f.DialError.Err = away(harness.LayerFirewall, "store") }, "unreachable store"},
		"nothing listens":   {func(_ *diagnosis, f *survey.Host) { f.DialError.Err = away(harness.LayerPort, "store") }, "engine-ended store"},
		"no Consul listens": {func(d *diagnosis, _ *survey.Host) { d.state.LeaderError.Err = away(harness.LayerPort, "manager") }, "consul-silent manager"},
		"TLS":               {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err = away(harness.LayerTLS, "store") }, "unreachable store"},
		"an engine hangs":   {func(_ *diagnosis, f *survey.Host) { f.InfoError.Err = errSilence }, "engine-silent store"},
		"its list hangs":    {func(_ *diagnosis, f *survey.Host) { f.ContainersError.Err = errSilence }, "engine-silent store"},
		"hangs, no Consul":  {func(d *diagnosis, f *survey.Host) { f.InfoError.Err = errSilence; d.stopConsul() }, "consul-stopped manager"},
		"token": {func(d *diagnosis, _ *survey.Host) {
			d.state.LeaderError.Err = away(harness.LayerAccess, "manager")
			clear(d.state.Entries)
		}, "unreachable manager"},
		"Swarm's port": {func(d *diagnosis, _ *survey.Host) {
			d.state.Swarm, d.state.SwarmError.Err = nil, away(harness.LayerFirewall, "manager")
		}, "unreachable manager"},
		"gossip": {func(_ *diagnosis, f *survey.Host) {
			f.GossipError.Err, f.Peers = away(harness.LayerFirewall, "store"), nil
		}, "unreachable store"},
		"gossip, for others": {func(d *diagnosis, f *survey.Host) {
			f.GossipError.Err = away(harness.LayerFirewall, "store")
			d.deafen("tcp 192.168.33.250 7946")
		}, "gossip-cut-off store"},
		"shell, firewall": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err = away(harness.LayerFirewall, "store")
			f.Probe = healthyProbe(f)
		}, "unreachable store"},
		"shell, rule": {func(_ *diagnosis, f *survey.Host) {
			f.DialError.Err, f.Probe = away(harness.LayerFirewall, "store"), healthyProbe(f)
			f.Probe.Rules = []string{"-A INPUT -p tcp -m tcp --dport 2375 -j DROP"}
		}, "engine-port-blocked store"},
		"one way to all": {func(d *diagnosis, _ *survey.Host) {
			for _, h := range d.state.Hosts {
				h.DialError.Err = away(harness.LayerSSH, "manager")
			}
		}, "unreachable manager"},
	} {
		d := healthyFacts()
		for _, h := range d.state.Hosts {
			h.Probe = survey.Probe{Unasked: survey.Failure{Err: errNoShell}}
		}
		c.breaks(d, d.state.On("store"))
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
	b := &d.state.On("manager").Containers[0]
	b.State, b.Running = "exited", false
	d.state.LeaderError.Err = engine.ErrRefused
}

// deafen has all hosts tell that a service does not answer.
func (d *diagnosis) deafen(service string) {
	for _, h := range d.state.Hosts {
		h.Probe = healthyProbe(h)
		silence(h, service)
	}
	d.state.On("worker01").Probe = survey.Probe{Unasked: survey.Failure{Err: errNoShell}}
}

// healthy is what a host says of itself.
func healthyProbe(h *survey.Host) survey.Probe {
	p := survey.ParseProbe("== user\n0\n== link\n2: eth0: <UP> mtu 1500\n== addr\n2: eth0 inet " + h.Addr.String() + "/24\n== forward\n1\n== silent\n")
	p.Engine = "S"
	return p
}

// TestNoHint: where the target does not know what to do, there is something.
func TestNoHint(t *testing.T) {
	d, un := healthyFacts(), away(harness.LayerSSH, "store")
	un.Hint = lang.Text{}
	if f := reportUnreached(d, un, part{engineKind, "store"}); f.Advice != codeOf("unreachable").Advice {
		t.Errorf("%+v", f)
	}
}

// TestUnsaid is what a host that takes commands can't tell.
func TestUnsaid(t *testing.T) {
	for out, want := range map[string]string{
		"== user\n0\n== silent\n":                   "",
		"== user\n1000\n== silent\n":                "for whom sudo needs no password",
		"== user\n0\n== silent\n== no dialler\n":    "no perl",
		"== user\n1000\n== silent\n== no dialler\n": "no perl|for whom sudo needs no password",
	} {
		d := healthyFacts()
		for _, h := range []string{"store", "worker01"} {
			d.state.On(h).Probe = survey.ParseProbe(out)
		}
		noteUnsaid(d)
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
	for name, change := range map[string]func(p *survey.Probe){
		"user": func(p *survey.Probe) { p.User = true },
		"cut":  func(p *survey.Probe) { p.Told = false },
		"read": func(*survey.Probe) {},
	} {
		d := healthyFacts()
		for i, h := range []string{"store", "worker01"} {
			f := d.state.On(h)
			f.Networks[0].Containers = []engine.Endpoint{{Name: "c", Container: "c", Addr: d.topology.Members[i].Addr}}
			f.Probe = healthyProbe(f)
			change(&f.Probe)
		}
		if got := d.all(); (got != "") != (name == "read") {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

// TestRunOutOfBand has hosts take no commands: of a lab's that is word of the host.
func TestRunOutOfBand(t *testing.T) {
	for outOfBand, want := range map[bool]string{true: "engine-silent store", false: "host-frozen store"} {
		runBesides(t, want, func(t *testing.T) {
			on, f := performed(t)
			f.Hosts["store"].Silent = true
			f.Hosts["store"].Run = func(context.Context, []string) (harness.Result, error) { return harness.Result{}, errNoShell }
			r := Run(t.Context(), on, Options{OutOfBand: outOfBand})
			if found(r) != want || outOfBand != (len(r.NotAsked) > 0) {
				t.Errorf("out of band %v: found %q, not asked %q", outOfBand, found(r), r.NotAsked)
			}
			pace.Within(t, "it", r.Duration, 5*time.Second)
		})
	}
}
