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
	"sync"
	"syscall"
	"time"

	"labcheck/harness"
)

// Host is a host and what is on it.
type Host struct {
	harness.Host
	ID, Version, Store, Advertise string
	Uptime                        time.Duration // how long ago the containers were created
	Images                        []string
	Containers                    []*Container
	Networks                      []Network
	// Off makes all ports refuse connections; Silent makes them accept connections
	// and answer nothing.
	Off, Silent bool
	// EngineLog is the end of the engine's log.
	EngineLog string
	// CalledAs is the name that the engine reports; empty for the host's own.
	CalledAs string
	// Unknown are the names of the hosts that the engine does not know by gossip,
	// and Suspect of those that it suspects to be dead.
	Unknown, Suspect []string
	// Untold are the addresses of containers of whose endpoints the engine
	// received no event.
	Untold []string
	// Heard are events that the engine received of containers that were removed.
	Heard []Heard
	// Answer replaces the service on a port. Change does not wait for it.
	Answer map[uint16]http.HandlerFunc
	// Starting is how many more connections a port refuses before it accepts one.
	Starting map[uint16]int
	// Late describes requests that get no answer.
	Late Late
	// Run runs commands on the host; if it is nil they are not supported.
	Run func(ctx context.Context, argv []string) (harness.Result, error)

	cluster  *Cluster
	services map[uint16]*listener
}

// Late is a number of requests that get no answer: the next Left of those to a
// port whose path ends in Path. Of the gossip port it is a number of connections.
type Late struct {
	Port uint16
	Path string
	Left int
}

// Heard is an event of an endpoint, of any name, on a network that hosts share.
type Heard struct {
	Endpoint, Addr, Host string
	Left                 bool
}

// Container is a container on a host.
type Container struct {
	ID, Name, Image    string
	Args               []string
	State              string // empty is running
	Restart, Hostname  string
	Ports              []Port
	Networks           map[string]string // address by name
	Labels             map[string]string
	Env                []string
	ExitCode, Restarts int
	Created            time.Time
	Log                string
	// Exec runs a command in the container.
	Exec func(argv []string) (stdout, stderr string, code int)
}

// Port is a published TCP port.
type Port struct{ Host, Container uint16 }

// Network is a network on a host.
type Network struct {
	ID, Name, Driver string
	Scope            string // empty is local
	Subnet           string
	Options          map[string]string
	// Containers are addresses, with the subnet's prefix length, by the container's
	// ID, which is its name, too.
	Containers map[string]string
}

// Add adds a container to the host, with defaults for the fields that are empty.
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

// Find returns the first container that has a word in its image or arguments.
func (h *Host) Find(word string) *Container {
	for _, c := range h.Containers {
		if strings.Contains(c.Image, word) || slices.Contains(c.Args, word) {
			return c
		}
	}
	return nil
}

// programPath returns the path of the program that a container runs.
func (c *Container) programPath() string {
	switch {
	case strings.Contains(c.Image, "consul"):
		return "/bin/start"
	case strings.Contains(c.Image, "swarm"):
		return "/swarm"
	}
	return "/bin/idle"
}

// isRunning reports whether a container that has a word in its image or arguments
// is running.
func (h *Host) isRunning(word string) bool {
	return slices.ContainsFunc(h.Containers, func(c *Container) bool {
		return c.State == "running" && (strings.Contains(c.Image, word) || slices.Contains(c.Args, word))
	})
}

// refusesConnection reports whether a port refuses the next connection, and counts
// the connection.
func (h *Host) refusesConnection(port uint16) bool {
	t := h.cluster.Topology
	switch {
	case h.Off || h.services[port] == nil:
		return true
	case h.Starting[port] > 0:
		h.Starting[port]--
		return true
	case h.Answer[port] != nil:
		return false
	case h.Name == t.Manager.Name && port == t.Swarm().Port():
		return !h.isRunning("manage")
	case h.Name == t.Manager.Name && port == t.Consul().Port():
		return !h.isRunning("consul")
	case port == harness.GossipPort:
		return !h.cluster.managerHost().isRunning("consul")
	}
	return false
}

// dropsRequest reports whether a request gets no answer, and counts the request.
func (h *Host) dropsRequest(port uint16, path string) bool {
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
	refuses, silent := n.host.refusesConnection(port), n.host.Silent
	n.host.cluster.mu.Unlock()
	if refuses {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if silent {
		here, there := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, there) }() // until here is closed
		return here, nil
	}
	return n.host.services[port].dial(ctx)
}

// listener is a port of a host. Its connections are in memory.
type listener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// dial returns a connection that Accept returns the other end of.
func (l *listener) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is net.Listener's.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is net.Listener's.
func (*listener) Addr() net.Addr { return &net.TCPAddr{} }
