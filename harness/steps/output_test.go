package steps

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
)

// recorded is an output of testdata: what the docker CLI 20.10.5 printed on the
// manager of a real lab, on 2026-11-24, while the scenarios performed the page.
func recorded(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestParseTable(t *testing.T) {
	rows, err := parseTable(recorded(t, "ps-both"), "IMAGE", "COMMAND", "PORTS", "STATUS")
	if err != nil {
		t.Fatal(err)
	}
	var got []row
	for _, r := range rows {
		got = append(got, row{"i": r["IMAGE"], "c": r["COMMAND"], "p": r["PORTS"], "s": r["STATUS"], "n": r["NAMES"]})
	}
	want := []row{
		{"i": "swarm", "c": `"/swarm manage consu…"`, "p": "0.0.0.0:3375->2375/tcp", "s": "Up Less than a second", "n": "gifted_mclean"},
		{"i": "progrium/consul", "c": `"/bin/start -server …"`, "s": "Up 2 seconds", "n": "compassionate_curie", "p": "53/tcp, 53/udp, 8300-8302/tcp, 8400/tcp, 8301-8302/udp, 0.0.0.0:8500->8500/tcp"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docker ps (-want +got):\n%s", diff)
	}

	rows, err = parseTable(recorded(t, "networks-with-mynet"), "NAME", "DRIVER")
	if err != nil || len(rows) != 13 || rows[6]["NAME"] != "mynet" || rows[6]["DRIVER"] != "overlay" || rows[12]["DRIVER"] != "null" {
		t.Errorf("docker network ls: %v, %v", err, rows)
	}
	if _, err := parseTable(recorded(t, "info-cluster"), "NAME"); err == nil {
		t.Error("docker info was read as a table")
	}
}

func TestParseInfo(t *testing.T) {
	tests := []struct {
		name string
		want map[string]string
	}{
		{"info-engine", map[string]string{
			"Containers": "2", "CPUs": "1", "Total Memory": "992.2MiB", "Name": "manager", "Nodes": "",
			"Cluster store": "consul://192.168.37.11:8500", "Cluster advertise": "192.168.37.11:2375",
		}},
		{"info-empty-cluster", map[string]string{
			"Containers": "0", "Images": "0", "Role": "primary", "Strategy": "spread", "Nodes": "0", "CPUs": "0",
			"Total Memory": "0B", "Operating System": "linux", "Cluster store": "",
		}},
		{"info-cluster", map[string]string{"Containers": "4", "Nodes": "4", "CPUs": "4", "Total Memory": "6.912GiB"}},
	}
	for _, tt := range tests {
		info, err := parseInfo(recorded(t, tt.name))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for name := range tt.want {
			got[name] = info.get(name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if _, err := parseInfo("Cannot connect to the Docker daemon at unix:///var/run/docker.sock"); err == nil {
		t.Error("an error message was read as docker info")
	}
}

func TestParseInfoNodes(t *testing.T) {
	info, err := parseInfo(recorded(t, "info-cluster"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range info.nodes() {
		got = append(got, strings.Join([]string{n.name, n.value, n.get("Status"), n.get("Containers"), n.get("Reserved Memory")}, " "))
	}
	want := []string{
		"frontend01 192.168.37.20:2375 Healthy 1 (1 Running, 0 Paused, 0 Stopped) 0B / 1.017GiB",
		"frontend02 192.168.37.21:2375 Healthy 1 (1 Running, 0 Paused, 0 Stopped) 0B / 1.017GiB",
		"store 192.168.37.250:2375 Healthy 1 (1 Running, 0 Paused, 0 Stopped) 0B / 3.86GiB",
		"worker01 192.168.37.200:2375 Healthy 1 (1 Running, 0 Paused, 0 Stopped) 0B / 1.017GiB",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

// TestParseInfoOfThePage reads the form that the page itself shows, of a client
// of 2016: no sections, no indentation, another case and other units.
func TestParseInfoOfThePage(t *testing.T) {
	info, err := parseInfo("Containers: 4\nRole: primary\nNodes: 4\n frontend01: 192.168.33.20:2375\n  └ Status: Healthy\n  └ Containers: 1\nCPUs: 4\nTotal Memory: 6.912 GiB\n")
	if err != nil {
		t.Fatal(err)
	}
	if n := info.nodes(); len(n) != 1 || n[0].get("Containers") != "1" || info.get("Containers") != "4" || info.get("CPUs") != "4" {
		t.Errorf("%+v", info)
	}
}

func TestParseNetworkInspect(t *testing.T) {
	for name, want := range map[string]int{"inspect-bridge": 2, "inspect-mynet": 0} {
		n, err := parseNetworkInspect(recorded(t, name))
		if err != nil || len(n.Containers) != want {
			t.Errorf("%s: %v, %d containers", name, err, len(n.Containers))
		}
	}
	for _, bad := range []string{"", "[]", "Error: No such network: mynet", `[{"Name":"a"},{"Name":"b"}]`} {
		if _, err := parseNetworkInspect(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestParseID(t *testing.T) {
	id := strings.TrimSpace(recorded(t, "run"))
	for _, out := range []string{id, id + "\n", "Unable to find image 'swarm:latest' locally\n" + id + "\n"} {
		if got, err := parseID(out); err != nil || got != id {
			t.Errorf("%q: %q, %v", out, got, err)
		}
	}
	for _, bad := range []string{"", id[:12], id + "\ndone"} {
		if _, err := parseID(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestFigure(t *testing.T) {
	for _, same := range [][2]string{
		{"992.2 MiB", "992.2MiB"},
		{"0 B / 1.017 GiB", "0B / 1.017GiB"},
		{"consul://192.168.33.11:8500/", "consul://192.168.33.11:8500"},
		{" 4", "4"},
	} {
		if figure(same[0]) != figure(same[1]) {
			t.Errorf("%q and %q differ: %q, %q", same[0], same[1], figure(same[0]), figure(same[1]))
		}
	}
	for _, other := range [][2]string{{"1 B", "11B"}, {"992.2 MiB", "992.2 GiB"}, {"0 / 1", "0 / 11"}, {"1.017 GiB", "1.17 GiB"}} {
		if figure(other[0]) == figure(other[1]) {
			t.Errorf("%q and %q are taken for one", other[0], other[1])
		}
	}
}

func TestCommandMatches(t *testing.T) {
	for _, tt := range []struct {
		expected, seen string
		want           bool
	}{
		{"/bin/start -server -", `"/bin/start -server …"`, true},
		{"/bin/start -server -", `"/bin/start -server -"`, true},
		{"/swarm manage consul", `"/swarm manage consu…"`, true},
		{"/swarm manage consul", `"/swarm manage consul://192.168.33.11:8500/"`, true},
		{"/swarm manage consul", `"/swarm join --adver…"`, false},
		{"/swarm manage consul", `"/swarm"`, false},
		{"/swarm manage consul", `"…"`, false},
		{"/swarm manage consul", `""`, false},
	} {
		if got := commandMatches(tt.expected, tt.seen); got != tt.want {
			t.Errorf("%q, %q: %v", tt.expected, tt.seen, got)
		}
	}
}

func TestPublished(t *testing.T) {
	const ports = "53/tcp, 8300-8302/tcp, 0.0.0.0:8500->8500/tcp"
	for port, want := range map[string]bool{"8500->8500/tcp": true, "500->8500/tcp": false, "53/tcp": true, "3375->2375/tcp": false} {
		if got := published(ports, port); got != want {
			t.Errorf("%s: %v", port, got)
		}
	}
}

func TestComparisonListsAllThatDiffers(t *testing.T) {
	c := comparison{what: "docker info"}
	c.equal("Nodes", "4", "3")
	c.equal("Role", "primary", "primary")
	c.equal("CPUs", "4", "3")
	var m *harness.Mismatch
	if !errors.As(c.err(), &m) {
		t.Fatal(c.err())
	}
	want := &harness.Mismatch{What: "docker info", Expected: "Nodes: 4\nCPUs: 4", Seen: "Nodes: 3\nCPUs: 3"}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if err := (&comparison{}).err(); err != nil {
		t.Errorf("nothing differs: %v", err)
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add(recorded(f, "ps-both"))
	f.Add("")
	f.Add("NAME  DRIVER\nx")
	f.Fuzz(func(t *testing.T, out string) {
		rows, err := parseTable(out, "NAME", "DRIVER")
		if err == nil && len(rows) >= len(strings.Split(out, "\n")) {
			t.Errorf("%d rows of %q", len(rows), out)
		}
	})
}

func FuzzParseInfo(f *testing.F) {
	for _, name := range []string{"info-engine", "info-empty-cluster", "info-cluster"} {
		f.Add(recorded(f, name))
	}
	f.Fuzz(func(_ *testing.T, out string) {
		if info, err := parseInfo(out); err == nil {
			info.get("Containers")
			for _, n := range info.nodes() {
				n.get("Status")
			}
		}
	})
}

func FuzzParseNetworkInspect(f *testing.F) {
	f.Add(recorded(f, "inspect-bridge"))
	f.Fuzz(func(_ *testing.T, out string) {
		_, _ = parseNetworkInspect(out) // must not panic
	})
}
