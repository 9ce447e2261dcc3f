package tutorial

import (
	"flag"
	"fmt"
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

// TestLoadRefuses wants Load to say what of a file is not a page.
func TestLoadRefuses(t *testing.T) {
	const services = "services: [{name: a, image: a, process: a%s}]\n"
	command := func(what string) string { return "parts: [{commands: [{page: '1.1', " + what + "}]}]\n" }
	for bad, want := range map[string]string{
		"nonsense: x":                                 "nonsense",
		command("text: '{{'"):                         "unclosed action",
		command("text: '{{.Nobody}}'"):                "1.1: ",
		command("text: '{{(.Named \"x\").Addr}}'"):    `no host is called "x"`,
		command("text: x, shown: 'x', kind: poem"):    `no output is of the kind "poem"`,
		command("text: x, shown: 'x', kind: run"):     "no id of 64 digits",
		command("starts: b"):                          `the page has no service "b"`,
		command("text: x, creates: b"):                `no command creates "b"`,
		command("text: x, for: everybody"):            `no hosts are called "everybody"`,
		"services: [{name: a}]\n":                     "a service needs an image and a process",
		fmt.Sprintf(services, ", listens: '80'"):      `"80" is no port to publish`,
		fmt.Sprintf(services, ", ports: '80:80/tcp'"): `"80:80/tcp" is no port to publish`,
		fmt.Sprintf(services, ", works: magic"):       `nothing shows that a service works as "magic"`,
	} {
		if _, err := Load([]byte(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", bad, err, want)
		}
	}
}

// TestTerminalOfACommand types a command on another host than the page's.
func TestTerminalOfACommand(t *testing.T) {
	p, err := Load([]byte(`
terminal: '{{.Manager.Name}}'
services: [{name: idler, image: idle, process: /bin/idle}]
parts:
  - commands:
      - {page: '1', for: first-member, starts: idler}
      - {page: '2', for: first-member, starts: idler, terminal: '{{.Host.Name}}'}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Commands(topologyIn(t, "10.1.2.0/24")) {
		got = append(got, c.Host+"$ "+c.Text+" ("+c.Printed+") "+c.Step.ID)
	}
	want := []string{
		"manager$ docker -H=tcp://10.1.2.20:2375 run -d idle (docker -H=tcp://192.168.33.20:2375 run -d idle) idler-frontend01",
		"frontend01$ docker run -d idle (docker run -d idle) idler-frontend01",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFirst: what is explained of the first member is not said again of the others.
func TestFirst(t *testing.T) {
	p, err := Load([]byte(`
terminal: '{{.Manager.Name}}'
services: [{name: idler, image: idle, process: /bin/idle}]
parts:
  - commands:
      - {page: '1', for: members, starts: idler, does: {en: '{{if .First}}Idles.{{else}}The same.{{end}}', ja: x}}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Commands(harness.Tutorial()) {
		got = append(got, c.Does.String())
	}
	if diff := cmp.Diff([]string{"Idles.", "The same.", "The same.", "The same."}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestStandIn: a host that the page has not gets an address that no cluster has.
func TestStandIn(t *testing.T) {
	topology := harness.Tutorial()
	topology.Members = append(topology.Members, harness.Host{Name: "extra"})
	for want, h := range map[string]harness.Host{"192.168.33.20": topology.Members[0], "198.18.0.5": topology.Members[4]} {
		if got := StandIn(topology, h); got.String() != want {
			t.Errorf("%s: %s, want %s", h.Name, got, want)
		}
	}
}

// TestTypedCommands types what the page prints, whatever a topology has beside it.
func TestTypedCommands(t *testing.T) {
	other := topologyIn(t, "10.1.2.0/24")
	other.Replicas, other.RestartJoin, other.Network = 2, true, "theirs"
	other.Members = other.Members[:2]
	printed := Default().Commands(harness.Tutorial())
	typed := Default().Typed(other)
	if len(typed) != len(printed) {
		t.Fatalf("%d commands are typed, the page has %d", len(typed), len(printed))
	}
	for i, c := range typed {
		if c.Printed != printed[i].Text || c.Text != AddressesOf(other).Here(c.Printed) {
			t.Errorf("%s is typed as %q, printed as %q", c.Page, c.Text, c.Printed)
		}
	}
}
