package sim

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// node is one of a lab's hosts. It implements harness.Node.
type node struct {
	lab     *Lab
	id      string // of its container
	name    string
	addr    netip.Addr
	network labNetwork
	mode    DialMode // direct or exec
}

func (n *node) Name() string     { return n.name }
func (n *node) Addr() netip.Addr { return n.addr }

// Dial connects to a port of the node, directly or through its engine.
func (n *node) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	if n.mode == DialDirect {
		return dialDirect(ctx, n.network, netip.AddrPortFrom(n.addr, port))
	}
	return n.dialExec(ctx, port)
}

// Exec runs argv in the node.
func (n *node) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	r := harness.Result{Node: n.name, Argv: argv, Start: time.Now()}
	var stdout, stderr bytes.Buffer
	code, err := n.exec(ctx, argv, &stdout, &stderr)
	r.Duration = time.Since(r.Start)
	r.Stdout, r.Stderr, r.ExitCode = stdout.String(), stderr.String(), code
	if err != nil {
		return r, lang.Errorf("run %s on %s: %w", argv[0], n.name, err)
	}
	return r, r.Err()
}

func (n *node) exec(ctx context.Context, argv []string, stdout, stderr *bytes.Buffer) (int, error) {
	engine := n.lab.engine
	made, err := engine.ContainerExecCreate(ctx, n.id, container.ExecOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return 0, err
	}
	attached, err := engine.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)()
	if _, err := stdcopy.StdCopy(stdout, stderr, attached.Reader); err != nil {
		return 0, errors.Join(context.Cause(ctx), err)
	}
	state, err := engine.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return 0, err
	}
	if state.Running {
		return 0, lang.Errorf("the engine closed the output of %s while it ran", argv[0])
	}
	return state.ExitCode, nil
}

// client speaks to the node's engine. The caller closes it.
func (n *node) client() (*client.Client, error) {
	transport := &http.Transport{}
	c, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithHost("tcp://"+netip.AddrPortFrom(n.addr, harness.EnginePort).String()),
		client.WithDialContext(func(ctx context.Context, _, _ string) (net.Conn, error) {
			return n.Dial(ctx, harness.EnginePort)
		}),
		client.WithAPIVersionNegotiation(),
	)
	transport.Proxy = nil // WithHost takes the environment's
	return c, err
}

// Nodes finds the lab's nodes, the manager first.
func (l *Lab) Nodes(ctx context.Context) ([]harness.Node, error) {
	found, err := l.nodes(ctx)
	if err != nil {
		return nil, err
	}
	nodes := make([]harness.Node, len(found))
	for i, n := range found {
		nodes[i] = n
	}
	return nodes, nil
}

func (l *Lab) nodes(ctx context.Context) ([]*node, error) {
	network, err := l.network(ctx)
	if err != nil {
		return nil, err
	}
	found, err := l.containers(ctx)
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for _, h := range l.topology.Hosts() {
		if c, ok := found[h.Name]; ok {
			nodes = append(nodes, l.node(c.ID, h, network))
		}
	}
	if len(nodes) == 0 {
		return nil, harness.ErrNoNodes
	}
	return nodes, nil
}

func (l *Lab) node(id string, h harness.Host, n labNetwork) *node {
	return &node{lab: l, id: id, name: h.Name, addr: h.Addr, network: n, mode: l.opts.Dial.settle(n)}
}

// Ended are the names of the hosts that do not run, or are not there. The error
// is harness.ErrNoNodes where there are none at all. It asks on a connection of
// its own: an engine that shuts down goes on answering on those that it has.
func (l *Lab) Ended(ctx context.Context) ([]string, error) {
	own, err := l.link.reachAnew(ctx)
	if err != nil {
		return nil, err
	}
	defer own.Close()
	found, err := l.containersOn(ctx, own.client)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, harness.ErrNoNodes
	}
	var ended []string
	for _, h := range l.topology.Hosts() {
		if c := found[h.Name]; c.State != container.StateRunning && c.State != container.StatePaused {
			ended = append(ended, h.Name)
		}
	}
	return ended, nil
}

// containers are the lab's node containers by node name, running or not.
func (l *Lab) containers(ctx context.Context) (map[string]container.Summary, error) {
	return l.containersOn(ctx, l.engine)
}

func (l *Lab) containersOn(ctx context.Context, engine *client.Client) (map[string]container.Summary, error) {
	found, err := engine.ContainerList(ctx, container.ListOptions{All: true, Filters: l.filter()})
	if err != nil {
		return nil, err
	}
	nodes := map[string]container.Summary{}
	for _, c := range found {
		if name := c.Labels[labelNode]; name != "" {
			nodes[name] = c
		}
	}
	return nodes, nil
}
