package harness_test

import (
	"testing"

	"labcheck/harness"
)

// TestMendWords: what a person typed to inject a fault, and types to take it off.
func TestMendWords(t *testing.T) {
	oneWay := harness.ParseCut("store,frontend01")
	oneWay.Port, oneWay.OneWay = 4789, true
	for _, test := range []struct {
		fault harness.Fault
		want  string
	}{
		{harness.Fault{Kind: harness.FaultPause, Node: "store"}, "resume store"},
		{harness.Fault{Kind: harness.FaultKill, Node: "store"}, "start store"},
		{harness.Fault{Kind: harness.FaultSlow, Node: "store"}, "undo store"},
		{harness.ParseStop("consul"), "start consul"},
		{harness.ParseStop("join:store"), "start join:store"},
		{harness.ParseCut("store"), "heal store"},
		{oneWay, "heal store,frontend01 --port 4789 --one-way"},
	} {
		if got := test.fault.MendWords(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.fault, got, test.want)
		}
	}
}

func TestCheckHosts(t *testing.T) {
	for hosts, known := range map[string]bool{"store": true, "store,manager": true, "stor": false, "store,x": false, "": false, ",store": false} {
		if err := harness.ParseCut(hosts).CheckHosts(harness.Tutorial()); (err == nil) != known {
			t.Errorf("%q: %v", hosts, err)
		}
	}
}
