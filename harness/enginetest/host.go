package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"labcheck/harness"
)

// Host is a host and what is on it.
type Host struct {
	harness.Host
	ID, Version, Store, Advertise string
	Images                        []string
	Containers                    []*Container
	Networks                      []Network
	// Off has nothing listen, Silent has connections taken and nothing said.
	Off, Silent bool
	// EngineLog is what the engine wrote last.
	EngineLog string
	// Calls itself so, where that is not its name.
	CalledAs string
	// Unknown are the hosts that its engine does not have in its gossip, by
	// name, and Suspect those of which it is not sure.
	Unknown, Suspect []string
	// Untold are the addresses of containers elsewhere that its gossip did not
	// tell its engine of.
	Untold []string
	// Heard is what its gossip told it of containers that are not there any more.
	Heard []Heard
	// Answer takes the place of what listens on a port. It is not held up by
	// Change.
	Answer map[uint16]http.HandlerFunc
	// Starting is how many more connections ports refuse before something listens.
	Starting map[uint16]int
	// Late are requests that get no answer.
	Late Late
	// Run answers commands; nil can't run any.
	Run func(ctx context.Context, argv []string) (harness.Result, error)

	cluster  *Cluster
	services map[uint16]string
}

// Late are how many more requests to a port, for what ends so, get no answer; of
// gossip, which asks for nothing, connections.
type Late struct {
	Port uint16
	Path string
	Left int
}

// Heard is of an endpoint, by any name, on a network that hosts share.
type Heard struct {
	Endpoint, Addr, Host string
	Left                 bool
}

// Container is a container on a host.
type Container struct {
	ID, Name, Image    string
	Args               []string
	State              string // running where it is empty
	Restart, Hostname  string
	Ports              []Port
	Networks           map[string]string // address by name
	Labels             map[string]string
	Env                []string
	ExitCode, Restarts int
	Created            time.Time
	Log                string
	// Exec answers what is run in it.
	Exec func(argv []string) (stdout, stderr string, code int)
}

// Port is a published TCP port.
type Port struct{ Host, Container uint16 }

// Network is a network on a host.
type Network struct {
	ID, Name, Driver string
	Scope            string // local where it is empty
	Subnet           string
	Options          map[string]string
	// Containers are addresses, with the length of the subnet, by ID; names are
	// those of the IDs.
	Containers map[string]string
}

// Add adds a container.
func (h *Host) Add(c Container) *Container {
	if c.ID == "" {
		c.ID = h.cluster.newID(c.Image + " " + h.Name)
	}
	if c.Name == "" {
		c.Name = strings.TrimLeft("c"+c.ID[60:], "/")
	}
	if c.State == "" {
		c.State = "running"
	}
	if c.Created.IsZero() {
		c.Created = epoch
	}
	h.Containers = append(h.Containers, &c)
	return &c
}

// Find is the first container that has a word in its image or arguments.
func (h *Host) Find(word string) *Container {
	for _, c := range h.Containers {
		if strings.Contains(c.Image, word) || slices.Contains(c.Args, word) {
			return c
		}
	}
	return nil
}

// path is the program that a container runs.
func (c *Container) path() string {
	switch {
	case strings.Contains(c.Image, "consul"):
		return "/bin/start"
	case strings.Contains(c.Image, "swarm"):
		return "/swarm"
	}
	return "/bin/idle"
}

// up tells whether a container with a word runs.
func (h *Host) up(word string) bool {
	return slices.ContainsFunc(h.Containers, func(c *Container) bool {
		return c.State == "running" && (strings.Contains(c.Image, word) || slices.Contains(c.Args, word))
	})
}

// refuses tells whether nothing listens on a port.
func (h *Host) refuses(port uint16) bool {
	t := h.cluster.Topology
	switch {
	case h.Off || h.services[port] == "":
		return true
	case h.Starting[port] > 0:
		h.Starting[port]--
		return true
	case h.Answer[port] != nil:
		return false
	case h.Name == t.Manager.Name && port == t.Swarm().Port():
		return !h.up("manage")
	case h.Name == t.Manager.Name && port == t.Consul().Port():
		return !h.up("consul")
	case port == harness.GossipPort:
		return !h.cluster.manager().up("consul")
	}
	return false
}

// late tells whether a request gets no answer.
func (h *Host) late(port uint16, path string) bool {
	late := h.Late.Left > 0 && h.Late.Port == port && strings.HasSuffix(path, h.Late.Path)
	if late {
		h.Late.Left--
	}
	return late
}

type node struct{ host *Host }

func (n node) Name() string     { return n.host.Name }
func (n node) Addr() netip.Addr { return n.host.Addr }

func (n node) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	n.host.cluster.mu.Lock()
	run := n.host.Run
	n.host.cluster.mu.Unlock()
	if run == nil {
		return harness.Result{}, fmt.Errorf("run on %s: %w", n.host.Name, errors.ErrUnsupported)
	}
	return run(ctx, argv)
}

func (n node) EngineLog(context.Context, int) (string, error) {
	n.host.cluster.mu.Lock()
	defer n.host.cluster.mu.Unlock()
	return n.host.EngineLog, nil
}

func (n node) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	n.host.cluster.mu.Lock()
	refuses, silent := n.host.refuses(port), n.host.Silent
	n.host.cluster.mu.Unlock()
	if refuses {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if silent {
		here, there := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, there) }() // until here is closed
		return here, nil
	}
	return new(net.Dialer).DialContext(ctx, "tcp", n.host.services[port])
}
