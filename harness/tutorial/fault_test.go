package tutorial

import (
	"context"
	"strings"
	"testing"

	"labcheck/harness"
)

func TestCheckFault(t *testing.T) {
	for argument, want := range map[string]string{
		"consul": "", "manager": "", "join:store": "", "join:manager": "want consul, manager or join:HOST", "nginx": "want consul",
	} {
		err := CheckFault(harness.Tutorial(), harness.ParseStop(argument).Of(harness.Tutorial()))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("stop %s: %v, want %q", argument, err, want)
		}
	}
	for hosts, isFault := range map[string]bool{"store": true, "store,worker01": true, "store,store": false} {
		if err := CheckFault(harness.Tutorial(), harness.ParseCut(hosts)); (err == nil) != isFault {
			t.Errorf("cut %s: %v", hosts, err)
		}
	}
}

// inForce is a Faulter that knows what is in force.
type inForce struct {
	harness.Faulter
	all []harness.Fault
}

func (f inForce) Faults(context.Context) ([]harness.Fault, error) { return f.all, nil }

func TestFaultToStart(t *testing.T) {
	off := harness.Fault{Kind: harness.FaultKill, Node: "manager"}
	for _, test := range []struct {
		name  string
		force []harness.Fault
		want  harness.Fault
	}{
		{"manager", nil, harness.Fault{Kind: harness.FaultStop, Node: "manager", Service: "manager"}},
		{"manager", []harness.Fault{off}, off},
		{"join:store", []harness.Fault{off}, harness.Fault{Kind: harness.FaultStop, Node: "store", Service: "join"}},
		{"store", nil, harness.Fault{Kind: harness.FaultKill, Node: "store"}},
	} {
		if got := FaultToStart(t.Context(), inForce{all: test.force}, harness.Tutorial(), test.name); got != test.want {
			t.Errorf("start %s with %v: %+v, want %+v", test.name, test.force, got, test.want)
		}
	}
}
