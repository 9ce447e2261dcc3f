package harness

import (
	"net/netip"
	"time"
)

// Snapshot is the state of a cluster at one moment of a run.
type Snapshot struct {
	// After is the title of the feature that had just ended: a part of the page.
	After string    `json:"after"`
	Time  time.Time `json:"time"`
	// Stage is how far the tutorial had come.
	Stage   string         `json:"stage"`
	Network string         `json:"network"` // the overlay network's name
	Hosts   []HostSnapshot `json:"hosts"`   // the manager first
}

// HostSnapshot is the state of one host.
type HostSnapshot struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr"`
	Role string     `json:"role"` // manager or member
	// Engine is the engine's version; empty if the engine did not answer.
	Engine     string              `json:"engine,omitempty"`
	Containers []ContainerSnapshot `json:"containers,omitempty"` // the tutorial's
	// Member is the host's status in the Swarm manager's list; empty if the list
	// does not have the host.
	Member string `json:"member,omitempty"`
	// NetworkID and Driver are those of the overlay network; empty if the host does
	// not have it.
	NetworkID string `json:"network_id,omitempty"`
	Driver    string `json:"driver,omitempty"`
	// Peers is how many engines are alive in the engine's gossip, itself included.
	Peers    int      `json:"peers"`
	Problems []string `json:"problems,omitempty"`
}

// ContainerSnapshot is a container of the tutorial.
type ContainerSnapshot struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// Role is consul, manager or join.
	Role  string `json:"role"`
	State string `json:"state"` // running, paused, exited, …
}
