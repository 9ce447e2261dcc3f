package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
)

// recorded is the evidence of a real run of the whole tutorial on a fresh lab.
func recorded(t testing.TB) harness.Evidence {
	t.Helper()
	e, err := Read("testdata/run")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// rich is the recorded run as if store had dropped out of the cluster: its
// comparisons and snapshots with that changed, and a finding made up here.
func rich(t testing.TB) harness.Evidence {
	t.Helper()
	e := recorded(t)
	e.Snapshots = []harness.Snapshot{e.Snapshots[0], e.Snapshots[2]}
	lose(&e.Snapshots[1].Hosts[4])
	e.Findings = []harness.Finding{finding()}
	e.Run.Verdict, e.Counts = harness.VerdictFalse, harness.Counts{Passed: len(e.Scenarios) - 4, Failed: 2, Skipped: 2}
	for i := range e.Scenarios {
		s := &e.Scenarios[i]
		switch s.ID {
		case "info-of-the-cluster":
			spoilStatus(s.Steps[2].Comparison)
		case "node-healthy#3":
			fail(s, `"Healthy" in the Swarm manager's list`, "the manager lists frontend01, frontend02, worker01")
		case "reach-everywhere":
			fail(s, "answers to all pings", "frontend01 → store: 100% packet loss")
		case "inspect-bridge", "inspect-mynet":
			s.Status, s.Reason = harness.Skipped, "the tutorial stopped at reach-everywhere"
			for j := range s.Steps {
				s.Steps[j].Status = harness.Skipped
			}
		}
	}
	return e
}

// lose takes a host out of Swarm and of the overlay network.
func lose(h *harness.HostSnapshot) {
	h.Member, h.NetworkID, h.Driver, h.Peers = "", "", "", 1
	h.Containers = []harness.ContainerSnapshot{{Name: "joiner", Image: "swarm", Role: "join", State: "exited"}}
}

func spoilStatus(c *harness.Comparison) {
	for i, f := range c.Fields {
		if f.Name == "Nodes / store / Status" {
			c.Fields[i].Seen, c.Fields[i].Verdict = "Pending", harness.FieldWrong
		}
	}
}

func fail(s *harness.Scenario, expected, seen string) {
	last := &s.Steps[len(s.Steps)-1]
	s.Status, last.Status = harness.Failed, harness.Failed
	s.Expected, s.Seen, last.Error = expected, seen, "expected "+expected+", seen "+seen
}

// snapshots are of a whole cluster, and of one that has lost store.
func snapshots() []harness.Snapshot {
	first := harness.Snapshot{After: "Step 1: Construct the cluster", Time: start, Stage: "joined", Network: "mynet"}
	topology := harness.Tutorial()
	for i, h := range append([]harness.Host{topology.Manager}, topology.Members...) {
		host := harness.HostSnapshot{
			Name: h.Name, Addr: h.Addr, Role: "member", Engine: "20.10.5+dfsg1", Member: "Healthy", Peers: 5,
		}
		host.Containers = []harness.ContainerSnapshot{{Name: "joiner", Image: "swarm", Role: "join", State: "running"}}
		if i == 0 {
			host.Role, host.Member = "manager", ""
			host.Containers = []harness.ContainerSnapshot{
				{Name: "goofy_jepsen", Image: "progrium/consul", Role: "consul", State: "running"},
				{Name: "sad_goldstine", Image: "swarm", Role: "manager", State: "running"},
			}
		}
		first.Hosts = append(first.Hosts, host)
	}
	second := first
	second.After, second.Stage = "Step 3: Overlay a container network", "network"
	second.Hosts = append([]harness.HostSnapshot(nil), first.Hosts...)
	for i := range second.Hosts {
		second.Hosts[i].NetworkID, second.Hosts[i].Driver = strings.Repeat("1f0e9ab2", 8), "overlay"
	}
	lose(&second.Hosts[4])
	return []harness.Snapshot{first, second}
}

func finding() harness.Finding {
	return harness.Finding{
		Code: "join-exited", Node: "store",
		Cause: "The swarm join container on store has exited, so store drops out of the cluster.",
		Seen: []harness.Observation{
			{
				Asked:    "docker -H=tcp://192.168.33.250:2375 ps --all",
				Answered: "5e0f3b2a91c4  swarm  Exited (137) 20 seconds ago",
			},
			{Asked: "Consul: docker/swarm/nodes/192.168.33.250:2375", Answered: "no such key"},
		},
		Confidence: harness.Certain,
		Remedy: []string{
			"docker -H=tcp://192.168.33.250:2375 run -d swarm join --advertise=192.168.33.250:2375 " +
				"consul://192.168.33.11:8500/",
		},
		Advice: "It has no restart policy in the tutorial: a host that restarts has to be joined again.",
		Doc:    "README.md#what-breaks", Explains: []string{"node-healthy#3", "reach-everywhere"},
	}
}

// manyHosts is a snapshot of more hosts than the tutorial has, with longer names.
func manyHosts(n int) harness.Snapshot {
	s := harness.Snapshot{After: "Step 1", Time: time.Time{}, Stage: "joined", Network: "mynet"}
	for i := range n {
		addr := netip.AddrFrom4([4]byte{10, 0, 1, byte(i)})
		h := harness.HostSnapshot{Name: "a-host-with-quite-a-long-name", Addr: addr, Role: "member"}
		s.Hosts = append(s.Hosts, h)
	}
	return s
}
