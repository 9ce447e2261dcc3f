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

// rich is a recorded run with everything that evidence can hold: comparisons,
// snapshots and findings made up here, and two claims that are false.
func rich(t testing.TB) harness.Evidence {
	t.Helper()
	e := recorded(t)
	e.Page = &harness.Coverage{Commands: 20, Run: 20, Outputs: 9, Compared: 9}
	e.Snapshots = snapshots()
	e.Findings = []harness.Finding{finding()}
	e.Run.Verdict, e.Counts = harness.VerdictFalse, harness.Counts{Passed: len(e.Scenarios) - 4, Failed: 2, Skipped: 2}
	for i := range e.Scenarios {
		s := &e.Scenarios[i]
		switch s.ID {
		case "info-of-the-cluster":
			s.Steps[2].Comparison = infoOfTheCluster()
		case "ps-shows-both":
			s.Steps[2].Comparison = psOfTheManager()
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

func fail(s *harness.Scenario, expected, seen string) {
	last := &s.Steps[len(s.Steps)-1]
	s.Status, last.Status = harness.Failed, harness.Failed
	s.Expected, s.Seen, last.Error = expected, seen, "expected "+expected+", seen "+seen
}

func snapshots() []harness.Snapshot {
	first := harness.Snapshot{After: "Step 1: Construct the cluster", Time: start, Stage: "joined", Network: "mynet"}
	topology := harness.Tutorial()
	for i, h := range append([]harness.Host{topology.Manager}, topology.Members...) {
		host := harness.HostSnapshot{Name: h.Name, Addr: h.Addr, Role: "member", Engine: "20.10.5+dfsg1", Member: "Healthy", Peers: 5}
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
	store := &second.Hosts[4]
	store.Member, store.NetworkID, store.Driver, store.Peers = "", "", "", 1
	store.Containers = []harness.ContainerSnapshot{{Name: "joiner", Image: "swarm", Role: "join", State: "exited"}}
	return []harness.Snapshot{first, second}
}

func finding() harness.Finding {
	return harness.Finding{
		Code: "join-exited", Node: "store", Cause: "The swarm join container on store has exited, so store drops out of the cluster.",
		Seen: []harness.Observation{
			{Asked: "docker -H=tcp://192.168.33.250:2375 ps --all", Answered: "5e0f3b2a91c4  swarm  Exited (137) 20 seconds ago"},
			{Asked: "Consul: docker/swarm/nodes/192.168.33.250:2375", Answered: "no such key"},
		},
		Confidence: harness.Certain,
		Remedy:     []string{"docker -H=tcp://192.168.33.250:2375 run -d swarm join --advertise=192.168.33.250:2375 consul://192.168.33.11:8500/"},
		Advice:     "It has no restart policy in the tutorial: a host that restarts has to be joined again.",
		Doc:        "README.md#what-breaks", Explains: []string{"node-healthy#3", "reach-everywhere"},
	}
}

func infoOfTheCluster() *harness.Comparison {
	fields := []harness.Field{
		{Name: "Containers", Page: "4", Seen: "4", Verdict: harness.FieldEqual},
		{Name: "Images", Page: "4", Seen: "11", Verdict: harness.FieldListed, Reason: "The hosts have the workload's image and Consul's besides.", Source: "sim/images/README.md"},
		{Name: "Role", Page: "primary", Seen: "primary", Verdict: harness.FieldEqual},
		{Name: "Strategy", Page: "spread", Seen: "spread", Verdict: harness.FieldEqual},
		{Name: "Filters", Page: "health, port, dependency, affinity, constraint", Seen: "health, port, containerslots, dependency, affinity, constraint, whitelist", Verdict: harness.FieldListed, Reason: "Swarm 1.2 has two filters more.", Source: "Swarm's CHANGELOG, 1.2.0"},
		{Name: "Nodes", Page: "4", Seen: "4", Verdict: harness.FieldEqual},
	}
	for _, node := range []string{"frontend01", "frontend02", "store", "worker01"} {
		fields = append(
			fields,
			harness.Field{Name: "Nodes / " + node + " / ID", Seen: "WBNA:XQYS:QYFN", Verdict: harness.FieldListed, Reason: "Swarm 1.2 prints each engine's id."},
			harness.Field{Name: "Nodes / " + node + " / Status", Page: "Healthy", Seen: "Healthy", Verdict: harness.FieldEqual},
			harness.Field{Name: "Nodes / " + node + " / Error", Page: "(none)", Verdict: harness.FieldListed, Reason: "Swarm 1.2 prints the line only where there is an error."},
		)
	}
	fields[13].Seen, fields[13].Verdict = "Pending", harness.FieldWrong
	return &harness.Comparison{Page: "1.11", Command: "docker info", Shown: pageInfo, Fields: fields}
}

const pageInfo = `Containers: 4
Images: 4
Role: primary
Strategy: spread
Filters: health, port, dependency, affinity, constraint
Nodes: 4
 frontend01: 192.168.33.20:2375
  └ Status: Healthy
  └ Error: (none)
 frontend02: 192.168.33.21:2375
  └ Status: Healthy
  └ Error: (none)
 store: 192.168.33.250:2375
  └ Status: Healthy
  └ Error: (none)
 worker01: 192.168.33.200:2375
  └ Status: Healthy
  └ Error: (none)
CPUs: 4
Total Memory: 6.912 GiB
`

func psOfTheManager() *harness.Comparison {
	return &harness.Comparison{
		Page: "1.7", Command: "docker ps",
		Shown: "CONTAINER ID        IMAGE               COMMAND                  CREATED              STATUS              PORTS                    NAMES\n" +
			"f5f093aa9679        swarm               \"/swarm manage consul\"   About a minute ago   Up About a minute   0.0.0.0:3375->2375/tcp   sad_goldstine\n",
		Fields: []harness.Field{
			{Name: "swarm / IMAGE", Page: "swarm", Seen: "swarm", Verdict: harness.FieldEqual},
			{Name: "swarm / COMMAND", Page: `"/swarm manage consul"`, Seen: `"/swarm manage consu…"`, Verdict: harness.FieldListed, Reason: "The docker CLI ends a shortened command with an ellipsis since 1.13."},
		},
	}
}

// hosts of a snapshot need not be the topology's, nor few.
func manyHosts(n int) harness.Snapshot {
	s := harness.Snapshot{After: "Step 1", Time: time.Time{}, Stage: "joined", Network: "mynet"}
	for i := range n {
		s.Hosts = append(s.Hosts, harness.HostSnapshot{Name: "a-host-with-quite-a-long-name", Addr: netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), Role: "member"})
	}
	return s
}
