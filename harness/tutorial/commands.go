package tutorial

import (
	"fmt"
	"net/netip"

	"labcheck/harness"
)

// Command is a command of the page. All are typed on the manager.
type Command struct {
	Page string `json:"page"` // step and item of the page: "1.3"
	Text string `json:"text"` // as it is typed, for this topology
}

// Page is every command of the page, in its order, for a topology.
func Page(t harness.Topology) []Command {
	manager := engineFlag(t.Manager)
	page := []Command{
		{"1.3", consulCommand()},
		{"1.4", "docker ps"},
		{"1.5", managerCommand(t)},
		{"1.6", "docker info"},
		{"1.7", "docker ps"},
		{"1.8", fmt.Sprintf(`export DOCKER_HOST="tcp://%s"`, swarmAddr(t))},
		{"1.9", "docker info"},
	}
	for _, h := range t.Members {
		page = append(page, Command{"1.10", joinCommand(t, h)})
	}
	return append(page,
		Command{"1.11", "docker info"},
		Command{"3.2", manager + " network ls"},
		Command{"3.3", "docker network ls"},
		Command{"3.4", networkCommand(t)},
		Command{"3.5", "docker network ls"},
		Command{"3.5", manager + " network ls"},
		Command{"3.6", engineFlag(t.Members[0]) + " network ls"},
		Command{"4", manager + " network inspect bridge"},
		Command{"4", manager + " network inspect " + t.Network},
	)
}

func consulCommand() string {
	return fmt.Sprintf("docker run --restart=%s -d -p %d:%d -h %s %s -server -bootstrap",
		restart, harness.ConsulPort, harness.ConsulPort, consulHostname, consulImage)
}

func managerCommand(t harness.Topology) string {
	return fmt.Sprintf("docker run --restart=%s -d -p %d:%d %s manage %s",
		restart, harness.SwarmPort, harness.EnginePort, swarmImage, t.Discovery())
}

func joinCommand(t harness.Topology, h harness.Host) string {
	return fmt.Sprintf("%s run -d %s join --advertise=%s %s", engineFlag(h), swarmImage, engineAddr(h), t.Discovery())
}

func networkCommand(t harness.Topology) string {
	return "docker network create --driver overlay " + t.Network
}

func engineFlag(h harness.Host) string {
	return fmt.Sprintf("docker -H=tcp://%s", engineAddr(h))
}

func engineAddr(h harness.Host) netip.AddrPort {
	return netip.AddrPortFrom(h.Addr, harness.EnginePort)
}

func swarmAddr(t harness.Topology) netip.AddrPort {
	return netip.AddrPortFrom(t.Manager.Addr, harness.SwarmPort)
}
