package tutorial

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// TestMatches: a container is a service's by its image, or by what it runs.
func TestMatches(t *testing.T) {
	for _, test := range []struct{ image, command, want string }{
		{"progrium/consul", "/bin/start -server -bootstrap", Consul},
		{"progrium/consul:0.5", "/bin/start", Consul},
		{"sha256:12", "/bin/start -server -bootstrap", Consul},
		{"nginx", "/bin/start", ""},
		{"swarm", "/swarm manage consul://192.168.33.11:8500/", SwarmManager},
		{"swarm:1.2.9", "/swarm --debug manage consul://192.168.33.11:8500/", SwarmManager},
		{"localhost:5000/old", "/swarm manage consul://192.168.33.11:8500/", SwarmManager},
		{"swarm", "/swarm join --advertise=192.168.33.20:2375", SwarmJoin},
		{"old", "/swarm join --advertise=192.168.33.20:2375", SwarmJoin},
		{"old", "/bin/join --advertise=192.168.33.20:2375", ""},
		{"swarm", "/swarm list consul://192.168.33.11:8500/", ""},
		{"swarm", "", ""},
	} {
		c := engine.Container{Image: test.image, Command: test.command}
		if got := nameOf(c, harness.Tutorial()); got != test.want {
			t.Errorf("%s %s is of %q, want %q", test.image, test.command, got, test.want)
		}
	}
}

// TestServices: where a service answers, and at which path of Consul it writes a key.
func TestServices(t *testing.T) {
	topology := harness.Tutorial()
	topology.DiscoveryPath = "mine"
	type service struct {
		Port engine.Port
		Keys string
	}
	want := map[string]service{
		Consul:       {Port: engine.Port{Host: 8500, Container: 8500}},
		SwarmManager: {Port: engine.Port{Host: 3375, Container: 2375}},
		SwarmJoin:    {Keys: "mine/docker/swarm/nodes/"},
	}
	for name, want := range want {
		host := topology.Manager
		if name == SwarmJoin {
			host = topology.Members[0]
		}
		s := Default().Service(name, topology, host)
		if got := (service{s.Port, s.Keys}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestCompareContainer changes one property of a container that is as the page has it.
func TestCompareContainer(t *testing.T) {
	topology := harness.Tutorial()
	s := Default().Service(Consul, topology, topology.Manager)
	right := engine.Container{
		Image: "progrium/consul:latest", Args: []string{"-server", "-bootstrap"}, Hostname: "consul",
		RestartPolicy: "unless-stopped", Ports: []engine.Port{{Host: 8500, Container: 8500}},
	}
	other := []engine.Port{{Host: 8500, Container: 8500, UDP: true}}
	for name, test := range map[string]struct {
		change func(*engine.Container)
		want   []Deviation
	}{
		"nothing":   {func(*engine.Container) {}, nil},
		"image":     {func(c *engine.Container) { c.Image = "a:1/b:2" }, []Deviation{{ImageName, "progrium/consul", "a:1/b"}}},
		"arguments": {func(c *engine.Container) { c.Args = []string{"-dev"} }, []Deviation{{Arguments, s.Spec.Args, []string{"-dev"}}}},
		"restart":   {func(c *engine.Container) { c.RestartPolicy = "" }, []Deviation{{RestartPolicy, "unless-stopped", "no"}}},
		"ports":     {func(c *engine.Container) { c.Ports = other }, []Deviation{{PublishedPorts, s.Spec.Ports, other}}},
		"host name": {func(c *engine.Container) { c.Hostname = "x" }, []Deviation{{Hostname, "consul", "x"}}},
	} {
		c := right
		test.change(&c)
		if diff := cmp.Diff(test.want, s.Compare(c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	join := Default().Service(SwarmJoin, topology, topology.Members[0])
	inOtherForm := engine.Container{Image: "swarm", Args: []string{"join", "--advertise", "192.168.33.20:2375", "consul://192.168.33.11:8500"}}
	if all := join.Compare(inOtherForm); all != nil {
		t.Errorf("the same arguments in another form differ: %v", all)
	}
}
