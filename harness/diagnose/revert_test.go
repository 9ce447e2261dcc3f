package diagnose

import (
	"slices"
	"testing"

	"labcheck/harness"
	"labcheck/harness/survey"
)

// TestRevert wants the labcheck command for what labcheck has injected, and none for
// what looks like it and was done by another.
func TestRevert(t *testing.T) {
	cut := harness.Fault{Kind: harness.FaultCut, Node: "store", Peer: "manager", Port: 4789}
	dropped := "-t raw -A PREROUTING -s 192.168.33.11/32 -p udp -m udp --dport 4789"
	for name, test := range map[string]struct {
		breaks   func(store *survey.Host)
		injected []harness.Fault
		want     string
	}{
		"cut": {func(h *survey.Host) {
			h.Probe.Rules = []string{dropped + " -m comment --comment " + cut.CutComment() + " -j DROP"}
		}, []harness.Fault{cut}, "heal store,manager --port 4789"},
		"another's":  {func(h *survey.Host) { h.Probe.Rules = []string{dropped + " -j DROP"} }, []harness.Fault{cut}, ""},
		"disk":       {func(h *survey.Host) { h.Probe.Full = []string{"/"} }, []harness.Fault{{Kind: harness.FaultFillDisk, Node: "store"}}, "undo store"},
		"other disk": {func(h *survey.Host) { h.Probe.Full = []string{"/"} }, []harness.Fault{{Kind: harness.FaultFillDisk, Node: "worker01"}}, ""},
		"off":        {func(h *survey.Host) { h.DialError.Err, h.Probe.Failed.Err = errSilence, errSilence }, []harness.Fault{{Kind: harness.FaultKill, Node: "store"}}, "start store"},
		"join":       {func(h *survey.Host) { b := containerOf(h, "join"); b.State, b.Running = "exited", false }, nil, "start join:store"},
		"join, wrong": {func(h *survey.Host) {
			b := containerOf(h, "join")
			argue(b, "join", "x")
			b.State, b.Running = "exited", false
		}, nil, ""},
	} {
		d := healthyFacts()
		d.injected, d.Revert = func() []harness.Fault { return test.injected }, harness.Fault.MendWords
		test.breaks(d.state.On("store"))
		d.checkLayers()
		r := d.makeResult()
		if len(r.Findings) != 1 || r.Findings[0].Revert != test.want {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

// TestHostsOfFailure is the case of two faults at once: a join container that does not
// run explains nothing about two other hosts.
func TestHostsOfFailure(t *testing.T) {
	d := healthyFacts()
	b := containerOf(d.state.On("worker01"), "join")
	b.State, b.Running = "exited", false
	d.state.Swarm, d.state.Entries = nil, nil // nothing of the members is seen to be right
	d.state.On("frontend01").Probe.Rules = []string{"-A INPUT -s 192.168.33.250/32 -p udp -m udp --dport 4789 -j DROP"}
	claim := claimOf("reach-through-swarm")
	claim.Hosts = []string{"frontend01", "store"}
	d.Failed = []harness.Scenario{claim}
	d.checkLayers()
	for _, f := range d.makeResult().Findings {
		if explains := slices.Contains(f.Explains, claim.ID); f.Code == "join-stopped" && explains {
			t.Errorf("%s of %s explains it", f.Code, f.Node)
		}
	}
	claim.Hosts = []string{"frontend01", "worker01"}
	d = healthyFacts()
	b = containerOf(d.state.On("worker01"), "join")
	b.State, b.Running = "exited", false
	d.state.Swarm.Members, d.state.Entries = nil, nil
	d.Failed = []harness.Scenario{claim}
	d.checkLayers()
	if !slices.ContainsFunc(d.makeResult().Findings, func(f harness.Finding) bool { return f.Code == "join-stopped" && len(f.Explains) == 1 }) {
		t.Error("a join container explains nothing of its own host")
	}
}

// TestInjectedIsNotAsked: which faults are injected is not asked if no cause is found.
func TestInjectedIsNotAsked(t *testing.T) {
	s := healthyFacts().state
	asked := 0
	o := Options{Injected: func() []harness.Fault { asked++; return nil }, Revert: harness.Fault.MendWords}
	if r := Diagnose(s, o); len(r.Findings) > 0 || asked > 0 {
		t.Errorf("healthy: asked %d times, found %v", asked, r.Findings)
	}
	s.On("store").Probe.Full = []string{"/"}
	if r := Diagnose(s, o); len(r.Findings) == 0 || asked != 1 {
		t.Errorf("no room: asked %d times, found %v", asked, r.Findings)
	}
}
