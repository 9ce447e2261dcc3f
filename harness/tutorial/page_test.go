package tutorial

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
)

var update = flag.Bool("update", false, "write the golden files anew")

func topologyIn(t *testing.T, subnet string) harness.Topology {
	t.Helper()
	topology, err := harness.Tutorial().In(netip.MustParsePrefix(subnet))
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

// The golden files differ in the subnet alone.
func TestPage(t *testing.T) {
	for _, subnet := range []string{"192.168.33.0/24", "10.1.2.0/24"} {
		t.Run(subnet, func(t *testing.T) {
			topology := topologyIn(t, subnet)
			golden(t, "page-"+topology.Manager.Addr.String()+".golden", rendered(topology))
		})
	}
}

func TestPageWithReplicas(t *testing.T) {
	topology := harness.Tutorial()
	topology.Replicas, topology.RestartJoin = 2, true
	golden(t, "page-replicas.golden", rendered(topology))
}

func rendered(t harness.Topology) string {
	var all strings.Builder
	for _, c := range Default().Commands(t) {
		step := ""
		if c.Step != nil {
			step = c.Step.ID
		}
		all.WriteString(c.Page + " " + c.Host + " " + step + " $ " + c.Text + "\n")
	}
	return all.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestSteps(t *testing.T) {
	topology := harness.Tutorial()
	type step struct{ ID, Page, Host string }
	want := []step{
		{"consul", "1.3", "manager"},
		{"manager", "1.5", "manager"},
		{"join-frontend01", "1.10", "frontend01"},
		{"join-frontend02", "1.10", "frontend02"},
		{"join-worker01", "1.10", "worker01"},
		{"join-store", "1.10", "store"},
		{"network", "3.4", "manager"},
	}
	var got []step
	for _, s := range Default().Steps(topology) {
		got = append(got, step{s.ID, s.Page, s.Host})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
