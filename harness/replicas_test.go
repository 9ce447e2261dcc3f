package harness_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
)

// TestReplicas checks which hosts run a manager and Consul, and whose Consul each uses.
func TestReplicas(t *testing.T) {
	const own = "manager frontend01 frontend02 "
	for name, test := range map[string]struct {
		replicas, members int
		managers, consuls string
		asks              string // the host whose Consul each host asks
	}{
		"the page":         {0, 4, "manager ", "manager ", "manager manager manager manager manager "},
		"one replica":      {1, 4, "manager frontend01 ", own, own + "frontend01 frontend02 "},
		"two":              {2, 4, own, own, own + "frontend01 frontend02 "},
		"six members":      {1, 6, "manager frontend01 ", own, own + "frontend01 frontend02 frontend01 frontend02 "},
		"more than hosts":  {9, 2, own, own, own},
		"no quorum to win": {1, 1, "manager frontend01 ", "manager ", "manager manager "},
	} {
		t.Run(name, func(t *testing.T) {
			topology := harness.Tutorial()
			extra := []harness.Host{{Name: "extra01"}, {Name: "extra02"}}
			topology.Replicas, topology.Members = test.replicas, append(topology.Members, extra...)[:test.members]
			var asked []harness.Host
			for _, h := range topology.Hosts() {
				asked = append(asked, topology.ConsulOf(h))
			}
			got := []string{names(topology.Managers()), names(topology.ConsulServers()), names(asked)}
			if diff := cmp.Diff([]string{test.managers, test.consuls, test.asks}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func names(hosts []harness.Host) string {
	var all string
	for _, h := range hosts {
		all += h.Name + " "
	}
	return all
}
