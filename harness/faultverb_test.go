package harness_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

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
		{harness.ParseStop("consul").Of(harness.Tutorial()), "start consul"},
		{harness.ParseStop("join:store"), "start join:store"},
		{harness.ParseCut("store"), "heal store"},
		{oneWay, "heal store,frontend01 --port 4789 --one-way"},
	} {
		if got := test.fault.MendWords(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.fault, got, test.want)
		}
	}
}

// TestComplete completes what each form of a verb's argument may be.
func TestComplete(t *testing.T) {
	want := map[string]string{
		"pause": "a b", "cut": "a,a a,b", "start": "a b consul consul:a consul:b manager manager:a manager:b join:a join:b",
	}
	for _, v := range append(harness.BreakVerbs(), harness.MendVerbs()...) {
		name, _, _ := strings.Cut(v.Use, " ")
		got := strings.Join(v.Complete([]string{"a", "b"}, "a,"), " ")
		if want[name] != "" && got != want[name] {
			t.Errorf("%s: %s, want %s", name, got, want[name])
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

// breakable is hosts whose faults are a list; one that was there before stays.
type breakable struct {
	harness.Faulter
	faults []harness.Fault
}

func (b *breakable) Faults(context.Context) ([]harness.Fault, error) {
	return slices.Clone(b.faults), nil
}

func (b *breakable) Break(_ context.Context, f harness.Fault) error {
	b.faults = append(b.faults, f, harness.Fault{Kind: harness.FaultStop, Node: f.Node, Service: "join"})
	return nil
}

func (b *breakable) Mend(_ context.Context, f harness.Fault) error {
	b.faults = slices.DeleteFunc(b.faults, func(o harness.Fault) bool { return o == f })
	return nil
}

// TestBreakFor takes off a fault and what came of it, also when it is interrupted.
func TestBreakFor(t *testing.T) {
	before := harness.Fault{Kind: harness.FaultSlow, Node: "store"}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx    context.Context
		during time.Duration
		want   error
	}{{t.Context(), time.Millisecond, nil}, {interrupted, time.Hour, context.Canceled}} {
		b := &breakable{faults: []harness.Fault{before}}
		begun := false
		mended, err := harness.BreakFor(test.ctx, b, harness.Fault{Kind: harness.FaultKill, Node: "store"}, test.during, func() { begun = true })
		if !errors.Is(err, test.want) || len(mended) != 2 || !begun || !slices.Equal(b.faults, []harness.Fault{before}) {
			t.Errorf("mended %v, %v; left %v", mended, err, b.faults)
		}
	}
}
