package tutorial

import (
	"fmt"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// The images of the page, without the tag that its commands leave out too.
const (
	consulImage = "progrium/consul"
	swarmImage  = "swarm"
)

func consulSpec() engine.RunSpec {
	return engine.RunSpec{
		Image: consulImage, Args: []string{"-server", "-bootstrap"},
		Hostname: "consul", Restart: "unless-stopped",
		Ports: []engine.Port{{Host: harness.ConsulPort, Container: harness.ConsulPort}},
	}
}

func managerSpec(t harness.Topology) engine.RunSpec {
	return engine.RunSpec{
		Image: swarmImage, Args: []string{"manage", t.Discovery()}, Restart: "unless-stopped",
		Ports: []engine.Port{{Host: harness.SwarmPort, Container: harness.EnginePort}},
	}
}

func joinSpec(t harness.Topology, h harness.Host) engine.RunSpec {
	return engine.RunSpec{
		Image: swarmImage,
		Args:  []string{"join", "--advertise=" + at(h, harness.EnginePort), t.Discovery()},
	}
}

// cli is a container's `run` as the page types it, after `docker` and its own
// options.
func cli(s engine.RunSpec) string {
	words := []string{"run"}
	if s.Restart != "" {
		words = append(words, "--restart="+s.Restart)
	}
	words = append(words, "-d")
	for _, p := range s.Ports {
		words = append(words, "-p", fmt.Sprintf("%d:%d", p.Host, p.Container))
	}
	if s.Hostname != "" {
		words = append(words, "-h", s.Hostname)
	}
	return strings.Join(append(append(words, s.Image), s.Args...), " ")
}
