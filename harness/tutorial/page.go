// Package tutorial is the page "Set up cluster resources": its commands, the
// steps among them that change a cluster, doing them through the APIs, and
// finding out how far a cluster has come.
package tutorial

import (
	"fmt"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Command is a command of the page, as it is typed there.
type Command struct {
	Page string `json:"page"` // the page's number for it, such as 1.3
	// Host is where it is typed: the page is done from the manager alone.
	Host string `json:"host"`
	Text string `json:"text"`
	// Step is the ID of the step that it is; empty for one that only looks.
	Step string `json:"step,omitempty"`
}

// Page is every command of the page for a topology, in the page's order and
// numbered as package page does. What a topology has beside the page has the
// number of what it is one more of. They belong to one shell: the export of 1.8
// holds for all that follow.
func Page(t harness.Topology) []Command {
	p := writer{topology: t}
	servers := t.ConsulServers()
	p.services("1.3", consulID, append(servers[1:len(servers):len(servers)], servers[0]), consulPart)
	p.look("1.4", "docker ps")
	p.services("1.5", managerID, t.Managers(), managerPart)
	p.look("1.6", "docker info")
	p.look("1.7", "docker ps")
	swarm := "tcp://" + t.Swarm().String()
	p.look("1.8", "export DOCKER_HOST=%q", swarm)
	p.look("1.9", "docker info")
	for _, h := range t.Members {
		p.add("1.10", joinID(h), "docker -H=tcp://%s %s", h.Engine(), joinPart(t, h).cli())
	}
	p.look("1.11", "docker info")
	manager := t.Manager.Engine()
	p.look("3.2", "docker -H=tcp://%s network ls", manager)
	p.look("3.3", "export DOCKER_HOST=%q", swarm) // for a reader who comes back
	p.look("3.3", "docker network ls")
	p.add("3.4", networkID, "docker network create --driver %s %s", engine.Overlay, t.Network)
	p.look("3.5", "docker network ls")
	p.look("3.5", "docker -H=tcp://%s network ls", manager)
	if len(t.Members) > 0 {
		p.look("3.6", "docker -H=tcp://%s network ls", t.Members[0].Engine())
	}
	p.look("4", "docker -H=tcp://%s network inspect bridge", manager)
	p.look("4", "docker -H=tcp://%s network inspect %s", manager, t.Network)
	return p.commands
}

type writer struct {
	topology harness.Topology
	commands []Command
}

// services are the commands that start one of a service on each of several
// hosts; on the manager, where they are typed, as the page has it.
func (p *writer) services(number, id string, hosts []harness.Host, part func(harness.Topology, harness.Host) service) {
	for _, h := range hosts {
		docker := "docker"
		if h.Name != p.topology.Manager.Name {
			docker += " -H=tcp://" + h.Engine().String()
		}
		p.add(number, onHost(id, p.topology, h), "%s %s", docker, part(p.topology, h).cli())
	}
}

func (p *writer) look(number, format string, args ...any) { p.add(number, "", format, args...) }

func (p *writer) add(number, step, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.commands = append(p.commands, Command{Page: number, Host: p.topology.Manager.Name, Text: text, Step: step})
}
