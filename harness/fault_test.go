package harness

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"labcheck/harness/lang"

	"github.com/google/go-cmp/cmp"
)

func TestFaultString(t *testing.T) {
	tests := []struct {
		fault Fault
		want  string
	}{
		{Fault{Kind: FaultPause, Node: "store"}, "store is paused"},
		{Fault{Kind: FaultKill, Node: "store"}, "store is off"},
		{Fault{Kind: FaultCut, Node: "store"}, "store is cut off from every other host"},
		{Fault{Kind: FaultCut, Node: "store", Peer: "manager", Port: 4789}, "store is cut off from manager, port 4789"},
		{
			Fault{Kind: FaultCut, Node: "store", Peer: "manager", OneWay: true},
			"packets from store do not arrive at manager",
		},
		{
			Fault{Kind: FaultSlow, Node: "store", Delay: 100 * time.Millisecond, Loss: 2.5},
			"packets from store are delayed by 100ms, and 2.5% of them are lost",
		},
		{Fault{Kind: FaultFillDisk, Node: "store"}, "the disk of store is full"},
		{Fault{Kind: FaultStop, Node: "store", Service: "join"}, "the join container of store is not running"},
	}
	for _, tt := range tests {
		if got := tt.fault.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if ja := tt.fault.In(lang.Japanese); ja == tt.want || !strings.Contains(ja, "store") {
			t.Errorf("%q in Japanese: %q", tt.want, ja)
		}
	}
}

func TestCheckSizes(t *testing.T) {
	for want, f := range map[string]Fault{
		"":                                     {Kind: FaultCut, Node: "store"},
		"--delay -1s: it must not be negative": {Kind: FaultSlow, Delay: -time.Second, Loss: 1},
		"--loss 101: want 0 to 100":            {Kind: FaultSlow, Loss: 101},
		"slow needs a --delay or a --loss":     {Kind: FaultSlow},
	} {
		if err := f.CheckSizes(); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%+v: %v, want %q", f, err, want)
		}
	}
}

// faulty is a Faulter on which reverting a kill reveals a stopped container.
type faulty struct {
	Faulter
	all     []Fault
	refuses error
}

func (f *faulty) Faults(context.Context) ([]Fault, error) { return slices.Clone(f.all), nil }

func (f *faulty) Mend(_ context.Context, fault Fault) error {
	if f.refuses != nil {
		return f.refuses
	}
	f.all = slices.DeleteFunc(f.all, func(other Fault) bool { return other == fault })
	if fault.Kind == FaultKill {
		f.all = append(f.all, Fault{Kind: FaultStop, Node: fault.Node, Service: "join"})
	}
	return nil
}

func TestMendAll(t *testing.T) {
	kill, stop := Fault{Kind: FaultKill, Node: "store"}, Fault{Kind: FaultStop, Node: "store", Service: "join"}
	other := Fault{Kind: FaultPause, Node: "worker01"}
	f := &faulty{all: []Fault{kill, other}}
	mended, err := MendAll(t.Context(), f, func(f Fault) bool { return f.Node == "store" })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Fault{kill, stop}, mended); diff != "" {
		t.Errorf("mended (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Fault{other}, f.all); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	f.refuses = errors.New("no")
	if _, err := MendAll(t.Context(), f, func(Fault) bool { return true }); !errors.Is(err, f.refuses) {
		t.Errorf("MendAll of a fault that can't be reverted: %v", err)
	}
}
