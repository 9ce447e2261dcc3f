package tutorial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	table, err := ParseTable(recorded(t, "ps-both"), "IMAGE", "COMMAND", "PORTS", "STATUS")
	if err != nil {
		t.Fatal(err)
	}
	var got []Row
	for _, r := range table.Rows {
		got = append(got, Row{"i": r["IMAGE"], "c": r["COMMAND"], "p": r["PORTS"], "s": r["STATUS"], "n": r["NAMES"]})
	}
	want := []Row{
		{"i": "swarm", "c": `"/swarm manage consu…"`, "p": "0.0.0.0:3375->2375/tcp", "s": "Up Less than a second", "n": "gifted_mclean"},
		{"i": "progrium/consul", "c": `"/bin/start -server …"`, "s": "Up 2 seconds", "n": "compassionate_curie", "p": "53/tcp, 53/udp, 8300-8302/tcp, 8400/tcp, 8301-8302/udp, 0.0.0.0:8500->8500/tcp"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docker ps (-want +got):\n%s", diff)
	}

	table, err = ParseTable(recorded(t, "networks-with-mynet"), "NAME", "DRIVER")
	if rows := table.Rows; err != nil || len(rows) != 13 || rows[6]["NAME"] != "mynet" || rows[6]["DRIVER"] != "overlay" || rows[12]["DRIVER"] != "null" {
		t.Errorf("docker network ls: %v, %v", err, table)
	}
	if _, err := ParseTable(recorded(t, "info-cluster"), "NAME"); err == nil {
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
		info, err := ParseInfo(recorded(t, tt.name))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for name := range tt.want {
			got[name] = info.Get(name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if _, err := ParseInfo("Cannot connect to the Docker daemon at unix:///var/run/docker.sock"); err == nil {
		t.Error("an error message was read as docker info")
	}
}

func TestParseInfoNodes(t *testing.T) {
	info, err := ParseInfo(recorded(t, "info-cluster"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range info.findEntry("Nodes").Sub {
		got = append(got, strings.Join([]string{n.Name, n.Value, n.Get("Status"), n.Get("Containers"), n.Get("Reserved Memory")}, " "))
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
	info, err := ParseInfo("Containers: 4\nRole: primary\nNodes: 4\n frontend01: 192.168.33.20:2375\n  └ Status: Healthy\n  └ Containers: 1\nCPUs: 4\nTotal Memory: 6.912 GiB\n")
	if err != nil {
		t.Fatal(err)
	}
	if server, err := ParseInfo("Server:\n Containers: 4\n"); err != nil || server.Get("Containers") != "4" {
		t.Errorf("%+v, %v", server, err)
	}
	if n := info.findEntry("Nodes").Sub; len(n) != 1 || n[0].Get("Containers") != "1" || info.Get("Containers") != "4" || info.Get("CPUs") != "4" {
		t.Errorf("%+v", info)
	}
}

func TestParseNetworkInspect(t *testing.T) {
	for name, want := range map[string]int{"inspect-bridge": 2, "inspect-mynet": 0} {
		n, err := ParseNetworkInspect(recorded(t, name))
		if err != nil || len(n.Containers) != want {
			t.Errorf("%s: %v, %d containers", name, err, len(n.Containers))
		}
	}
	for _, bad := range []string{"", "[]", "Error: No such network: mynet", `[{"Name":"a"},{"Name":"b"}]`} {
		if _, err := ParseNetworkInspect(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestParseID(t *testing.T) {
	id := strings.TrimSpace(recorded(t, "run"))
	for _, out := range []string{id, id + "\n", "Unable to find image 'swarm:latest' locally\n" + id + "\n"} {
		if got, err := ParseID(out); err != nil || got != id {
			t.Errorf("%q: %q, %v", out, got, err)
		}
	}
	for _, bad := range []string{"", id[:12], id + "\ndone"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add(recorded(f, "ps-both"))
	f.Add("")
	f.Add("NAME  DRIVER\nx")
	f.Fuzz(func(t *testing.T, out string) {
		table, err := ParseTable(out, "NAME", "DRIVER")
		if err == nil && len(table.Rows) >= len(strings.Split(out, "\n")) {
			t.Errorf("%d rows of %q", len(table.Rows), out)
		}
	})
}

func FuzzParseInfo(f *testing.F) {
	for _, name := range []string{"info-engine", "info-empty-cluster", "info-cluster"} {
		f.Add(recorded(f, name))
	}
	f.Fuzz(func(_ *testing.T, out string) {
		if info, err := ParseInfo(out); err == nil {
			info.Get("Containers")
		}
	})
}

func FuzzParseNetworkInspect(f *testing.F) {
	f.Add(recorded(f, "inspect-bridge"))
	f.Fuzz(func(_ *testing.T, out string) {
		_, _ = ParseNetworkInspect(out) // must not panic
	})
}

// FuzzParseID: an id is 64 digits, and the last line.
func FuzzParseID(f *testing.F) {
	f.Add("Unable to find image\n" + strings.Repeat("0f", 32) + "\n")
	f.Fuzz(func(t *testing.T, out string) {
		id, err := ParseID(out)
		if err == nil && (len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" || !strings.HasSuffix(strings.TrimSpace(out), id)) {
			t.Errorf("%q of %q", id, out)
		}
		if err != nil && id != "" {
			t.Errorf("%q and %v", id, err)
		}
	})
}
