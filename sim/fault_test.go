package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
)

// TestCutsAreReadBack writes the rules of cuts as iptables-save 1.8.7 prints
// them, among others, and reads the cuts out of them.
func TestCutsAreReadBack(t *testing.T) {
	cuts := []harness.Fault{
		{Kind: harness.FaultCut, Node: "store"},
		{Kind: harness.FaultCut, Node: "store", OneWay: true},
		{Kind: harness.FaultCut, Node: "store", Peer: "manager"},
		{Kind: harness.FaultCut, Node: "store", Peer: "manager", Port: 4789},
		{Kind: harness.FaultCut, Node: "store", Peer: "manager", Port: 4789, OneWay: true},
	}
	rules := []int{8, 4, 2, 4, 2} // of four peers, in and out, TCP and UDP
	saved := "*raw\n:PREROUTING ACCEPT [0:0]\n"
	for i, f := range cuts {
		raw, mangle := cutRules("-A", f, harness.Tutorial().Hosts())
		all := append(raw, mangle...)
		if len(all) != rules[i] {
			t.Errorf("%s: %d rules, not %d", f, len(all), rules[i])
		}
		for _, r := range all {
			saved += strings.Replace(r, " -m comment", "/32 -m comment", 1)
		}
	}
	saved += `-A PREROUTING -s 192.168.33.20/32 -m comment --comment "somebody else's" -j DROP
-A PREROUTING -s 192.168.33.20/32 -m comment --comment "labcheck:cut:manager:70000:both" -j DROP
-A POSTROUTING -d 192.168.33.11/32 -m comment --comment "labcheck:cut:worker01:0:both" -j DROP
COMMIT
`
	want := append(cuts, harness.Fault{Kind: harness.FaultCut, Node: "store", Peer: "worker01"})
	if diff := cmp.Diff(want, cutsIn("store", saved)); diff != "" {
		t.Errorf("cuts (-made +read):\n%s", diff)
	}
}

// TestSlowIsReadBack has lines as tc of iproute2 5.10 prints them; written from
// its source (tc/q_netem.c, netem_print_opt), not recorded: the kernel that this
// was made on has no netem.
func TestSlowIsReadBack(t *testing.T) {
	tests := []struct {
		shown string
		is    bool
		want  harness.Fault
	}{
		{shown: "qdisc noqueue 0: root refcnt 2 \n"},
		{shown: "qdisc netem 8001: root refcnt 2 limit 1000 delay 100ms\n"}, // not ours
		{"qdisc netem 1abc: root refcnt 2 limit 1000 delay 100ms loss 5%\n", true, harness.Fault{Delay: 100 * time.Millisecond, Loss: 5}},
		{"qdisc netem 1abc: root refcnt 2 limit 1000 delay 1.5s\n", true, harness.Fault{Delay: 1500 * time.Millisecond}},
		{"qdisc netem 1abc: root refcnt 2 limit 1000 loss 0.5%\n", true, harness.Fault{Loss: 0.5}},
	}
	for _, tt := range tests {
		tt.want.Kind, tt.want.Node = harness.FaultSlow, "store"
		got, is := slownessIn("store", tt.shown)
		if is != tt.is || is && got != tt.want {
			t.Errorf("%q: %v, %+v", tt.shown, is, got)
		}
	}
}

// FuzzReadFaults: what a host shows of faults that are none of ours is none, and a cut
// among it is found.
func FuzzReadFaults(f *testing.F) {
	f.Add("-A PREROUTING -s 192.168.33.20/32 -m comment --comment \"labcheck:cut:manager:80:both\" -j DROP", "qdisc netem 1abc: root refcnt 2 limit 1000 delay 100ms loss 5%\n", uint16(80), true)
	f.Fuzz(func(t *testing.T, saved, qdisc string, port uint16, oneWay bool) {
		for _, c := range cutsIn("store", saved) {
			if c.Kind != harness.FaultCut || c.Node != "store" {
				t.Errorf("%+v", c)
			}
		}
		if s, ok := slownessIn("store", qdisc); ok && (s.Kind != harness.FaultSlow || s.Delay < 0 || s.Loss < 0 || s.Loss > 100) {
			t.Errorf("%+v of %q", s, qdisc)
		}
		want := harness.Fault{Kind: harness.FaultCut, Node: "store", Peer: "manager", Port: port, OneWay: oneWay}
		line := fmt.Sprintf(ruleFormat, "-A", "PREROUTING -s", "192.168.33.11/32", "", want.CutComment())
		if got := cutsIn("store", saved+"\n"+line); !slices.Contains(got, want) {
			t.Errorf("%+v is not among %+v", want, got)
		}
	})
}
