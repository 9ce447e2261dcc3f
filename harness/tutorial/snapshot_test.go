package tutorial

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

func TestSnapshotOfAHost(t *testing.T) {
	topology := harness.Tutorial()
	for _, tt := range []struct {
		found HostProgress
		want  harness.HostSnapshot
	}{
		{
			HostProgress{
				Host: topology.Manager, Role: "manager", Engine: &engine.Info{ServerVersion: "20.10.5"}, NetworkID: "1f", Driver: "overlay",
				Containers: []engine.Container{
					{Name: "a", Image: "progrium/consul", Command: "/bin/start -server -bootstrap", State: "running"},
					{Name: "b", Image: "swarm", Command: "/swarm manage consul://192.168.33.11:8500/", State: "exited"},
				},
				Gossip: []engine.Peer{{State: engine.PeerAlive}, {State: engine.PeerAlive}, {}},
			},
			harness.HostSnapshot{
				Name: "manager", Role: "manager", Engine: "20.10.5", NetworkID: "1f", Driver: "overlay", Peers: 2,
				Containers: []harness.ContainerSnapshot{
					{Name: "a", Image: "progrium/consul", Role: "consul", State: "running"},
					{Name: "b", Image: "swarm", Role: "manager", State: "exited"},
				},
			},
		},
		{
			HostProgress{
				Host: topology.Members[0], Role: "member", Member: &engine.Member{Status: "Pending"}, Problems: []lang.Text{lang.Verbatim("no answer")},
				Containers: []engine.Container{{Image: "swarm", Command: "/swarm join --advertise=192.168.33.20:2375", State: "paused"}},
			},
			harness.HostSnapshot{
				Name: "frontend01", Role: "member", Member: "Pending", Problems: []string{"no answer"},
				Containers: []harness.ContainerSnapshot{{Image: "swarm", Role: "join", State: "paused"}},
			},
		},
	} {
		tt.want.Addr = tt.found.Host.Addr
		if diff := cmp.Diff(tt.want, tt.found.snapshot(), cmpopts.EquateComparable(tt.want.Addr)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.want.Name, diff)
		}
	}
}
