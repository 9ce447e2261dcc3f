package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"labcheck/harness/lang"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// Container is a container as an engine or Swarm shows it.
type Container struct {
	ID string `json:"id"`
	// Name is without the leading slash. Swarm lists it as frontend01/web; an
	// engine lists, and both inspect, it as web.
	Name string `json:"name"`
	// Node is the node it runs on.
	Node  string `json:"node"`
	Image string `json:"image"` // as it was asked for, such as progrium/consul
	// Command is the entry point and its arguments, as `docker ps --no-trunc`
	// shows them.
	Command string `json:"command"`
	State   string `json:"state"` // created, running, paused, restarting, exited, dead
	Running bool   `json:"running"`
	// Ports are those that are published.
	Ports    []Port            `json:"ports,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Networks []Attachment      `json:"networks,omitempty"` // by name

	// The rest is known to Inspect only.

	// Args are the arguments after the entry point's program.
	Args          []string `json:"args,omitempty"`
	Hostname      string   `json:"hostname,omitempty"`
	RestartPolicy string   `json:"restart_policy,omitempty"` // no, always, unless-stopped, on-failure
	ExitCode      int      `json:"exit_code,omitempty"`      // of the last run, where it does not run
	RestartCount  int      `json:"restart_count,omitempty"`
	// Env are the variables that Swarm and its libraries read: proxies and SWARM_….
	Env map[string]string `json:"env,omitempty"`
	// Error is why the engine could not start it the last time.
	Error string `json:"error,omitempty"`
	// Created is the zero time where the engine gives none.
	Created time.Time `json:"created,omitzero"`
}

// Port is a port of a container and where its host publishes it.
type Port struct {
	Host      uint16 `json:"host"`
	Container uint16 `json:"container"`
	UDP       bool   `json:"udp,omitempty"` // TCP otherwise
}

// String returns what docker's -p is given: 8500:8500, or 8301:8301/udp.
func (p Port) String() string {
	s := fmt.Sprintf("%d:%d", p.Host, p.Container)
	if p.UDP {
		s += "/udp"
	}
	return s
}

// Attachment is a container's place in a network.
type Attachment struct {
	Network string     `json:"network"`
	Addr    netip.Addr `json:"addr,omitzero"` // invalid while it does not run
}

// Containers lists all containers, running or not, newest first.
func (c *Client) Containers(ctx context.Context) ([]Container, error) {
	all, err := c.api.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, failed(c, "list containers", asWrongService(err))
	}
	listed := make([]Container, 0, len(all))
	for _, s := range all {
		listed = append(listed, c.containerOf(s))
	}
	return listed, nil
}

func (c *Client) containerOf(s container.Summary) Container {
	name := ownName(s.Names)
	node := c.node.Name()
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		node = name[:i]
	}
	listed := Container{
		ID: s.ID, Name: name, Node: node, Image: s.Image, Command: s.Command,
		State: s.State, Running: isRunning(s.State), Labels: s.Labels,
	}
	for _, p := range s.Ports {
		port := Port{p.PublicPort, p.PrivatePort, p.Type == "udp"}
		if (p.Type == "tcp" || port.UDP) && p.PublicPort != 0 && !slices.Contains(listed.Ports, port) {
			listed.Ports = append(listed.Ports, port)
		}
	}
	if s.NetworkSettings != nil {
		for name, n := range s.NetworkSettings.Networks {
			listed.Networks = append(listed.Networks, attachmentOf(name, n))
		}
	}
	return listed.withSortedLists()
}

// ownName returns the one of a container's names that is no link's alias: links add
// a part, and sort anywhere.
func ownName(names []string) string {
	own := ""
	for i, n := range names {
		n = strings.TrimPrefix(n, "/")
		if i == 0 || strings.Count(n, "/") < strings.Count(own, "/") {
			own = n
		}
	}
	return own
}

// isRunning holds for a paused container too, as docker inspect's Running.
func isRunning(state string) bool { return state == "running" || state == "paused" }

func attachmentOf(name string, n *network.EndpointSettings) Attachment {
	if n == nil {
		return Attachment{Network: name}
	}
	a, _ := netip.ParseAddr(n.IPAddress) // empty while the container does not run
	return Attachment{name, a}
}

func (c Container) withSortedLists() Container {
	slices.SortFunc(c.Ports, func(a, b Port) int {
		return cmp.Or(int(a.Host)-int(b.Host), strings.Compare(a.String(), b.String()))
	})
	slices.SortFunc(c.Networks, func(a, b Attachment) int { return strings.Compare(a.Network, b.Network) })
	return c
}

// Inspect tells all of one container, by its ID or name. The error is
// ErrNotFound where there is none.
func (c *Client) Inspect(ctx context.Context, id string) (Container, error) {
	r, raw, err := c.api.ContainerInspectWithRaw(ctx, id, false)
	if err != nil {
		return Container{}, failed(c, "inspect container "+id, err)
	}
	// Only Swarm says the node, and the library's type has no field for it.
	var on struct{ Node struct{ Name string } }
	if err := json.Unmarshal(raw, &on); err != nil {
		return Container{}, failed(c, "inspect container "+id, err)
	}
	found, err := detailsOf(r, cmp.Or(on.Node.Name, c.node.Name()))
	return found, failed(c, "inspect container "+id, err)
}

// tellingEnv returns the variables of an environment that Container.Env is about.
func tellingEnv(all []string) map[string]string {
	telling := map[string]string{}
	for _, line := range all {
		name, value, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "SWARM_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			telling[name] = withoutPassword(value)
		}
	}
	if len(telling) == 0 {
		return nil
	}
	return telling
}

// withoutPassword returns a value that may be a URL, with or without a scheme, without
// the password in it. Passwords are written as they are, too: with what no URL can have.
func withoutPassword(value string) string {
	user := strings.Index(value, "://") + 1
	end, at := strings.IndexByte(value[user:], ':'), strings.LastIndexByte(value, '@')
	if end < 0 || user+end > at {
		return value
	}
	return value[:user+end] + ":xxxxx" + value[at:]
}

// detailsOf takes what is there of every container; the error is ErrWrongService
// where it is not.
func detailsOf(r container.InspectResponse, node string) (Container, error) {
	if r.ContainerJSONBase == nil || r.State == nil || r.Config == nil || r.HostConfig == nil || r.NetworkSettings == nil {
		return Container{}, &kindError{ErrWrongService, lang.Errorf("the answer is no container")}
	}
	d := Container{
		ID: r.ID, Name: strings.TrimPrefix(r.Name, "/"), Node: node, Image: r.Config.Image,
		Command: strings.Join(append([]string{r.Path}, r.Args...), " "),
		State:   r.State.Status, Running: r.State.Running,
		Labels: r.Config.Labels, Args: r.Args, Hostname: r.Config.Hostname,
		RestartPolicy: string(r.HostConfig.RestartPolicy.Name),
		ExitCode:      r.State.ExitCode, RestartCount: r.RestartCount,
		Env: tellingEnv(r.Config.Env), Error: r.State.Error,
	}
	d.Created, _ = time.Parse(time.RFC3339Nano, r.Created)
	for p, bindings := range r.HostConfig.PortBindings {
		for _, b := range bindings {
			host, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err == nil && (p.Proto() == "tcp" || p.Proto() == "udp") {
				d.Ports = append(d.Ports, Port{uint16(host), uint16(p.Int()), p.Proto() == "udp"})
			}
		}
	}
	for name, n := range r.NetworkSettings.Networks {
		d.Networks = append(d.Networks, attachmentOf(name, n))
	}
	return d.withSortedLists(), nil
}
