package sim

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// node is one of a lab's hosts. It implements harness.Node.
type node struct {
	nodeContainer
	name   string
	addr   netip.Addr
	port   uint16 // of its own engine
	bridge labBridge
	mode   DialMode // direct or exec
}

// nodeContainer is the container of a node.
type nodeContainer struct {
	engine *client.Client // which runs it
	id     string         // empty until it is made
	state  string         // when it was found
}

// The states of a host's container.
const (
	stateRunning = "running"
	statePaused  = "paused"
	stateOff     = "off" // all others
)

func stateOf(c container.Summary) string {
	switch c.State {
	case stateRunning, statePaused:
		return c.State
	}
	return stateOff
}

func newNode(c nodeContainer, h harness.Host, b labBridge, dial DialMode) *node {
	return &node{c, h.Name, h.Addr, h.Engine().Port(), b, dial.resolve(b)}
}

func (n *node) Name() string     { return n.name }
func (n *node) Addr() netip.Addr { return n.addr }

// Dial connects to a port of the node, directly or through its engine.
func (n *node) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	if n.mode == DialDirect {
		return dialDirect(ctx, n.bridge, netip.AddrPortFrom(n.addr, port))
	}
	return n.dialExec(ctx, port)
}

// Exec runs argv in the node.
func (n *node) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	r := harness.Result{Node: n.name, Argv: argv, Start: time.Now()}
	var stdout, stderr bytes.Buffer
	code, err := n.copyOutput(ctx, argv, &stdout, &stderr)
	r.Duration = time.Since(r.Start)
	r.Stdout, r.Stderr, r.ExitCode = stdout.String(), stderr.String(), code
	if err != nil {
		return r, lang.Errorf("run %s on %s: %w", argv[0], n.name, err)
	}
	return r, r.Err()
}

// copyOutput runs argv in the node, copies its output and returns its exit code.
func (n *node) copyOutput(ctx context.Context, argv []string, stdout, stderr *bytes.Buffer) (int, error) {
	options := container.ExecOptions{Cmd: argv, AttachStdout: true, AttachStderr: true}
	id, attached, err := n.attachExec(ctx, options)
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)()
	if _, err := stdcopy.StdCopy(stdout, stderr, attached.Reader); err != nil {
		return 0, errors.Join(context.Cause(ctx), err)
	}
	return exitCode(ctx, n, id, argv[0])
}

// exitCode returns the exit code of a command whose output has ended.
func exitCode(ctx context.Context, n *node, id, command string) (int, error) {
	state, err := n.engine.ContainerExecInspect(ctx, id)
	if err != nil {
		return 0, err
	}
	if state.Running {
		return 0, lang.Errorf("the engine closed the output of %s while it ran", command)
	}
	return state.ExitCode, nil
}

// attachExec runs a command in the node and attaches to its streams.
func (n *node) attachExec(
	ctx context.Context, o container.ExecOptions,
) (id string, streams types.HijackedResponse, err error) {
	made, err := n.engine.ContainerExecCreate(ctx, n.id, o)
	if errdefs.IsConflict(err) && isPaused(ctx, n) {
		err = lang.Errorf("%w: %w", harness.ErrFrozen, err)
	}
	if err != nil {
		return "", streams, err
	}
	streams, err = n.engine.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{Tty: o.Tty})
	return made.ID, streams, err
}

// isPaused reports whether the container of a node is paused now.
func isPaused(ctx context.Context, n *node) bool {
	c, err := n.engine.ContainerInspect(ctx, n.id)
	return err == nil && c.State.Paused
}

// newClient returns a client of the node's engine. The caller closes it.
func (n *node) newClient() (*client.Client, error) {
	transport := &http.Transport{}
	c, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithHost("tcp://"+netip.AddrPortFrom(n.addr, n.port).String()),
		client.WithDialContext(func(ctx context.Context, _, _ string) (net.Conn, error) {
			return n.Dial(ctx, n.port)
		}),
		client.WithAPIVersionNegotiation(),
	)
	transport.Proxy = nil // WithHost takes the environment's
	return c, err
}

// awaitEngine waits until the node's engine answers, and reports it. It does not wait
// for a node that has ended.
func (n *node) awaitEngine(ctx context.Context, o Options) error {
	wait, cancel := harness.WithLimit(ctx, engineTimeout)
	defer cancel()
	wait, giveUp := context.WithCancelCause(wait)
	defer giveUp(nil)
	engine, err := n.newClient()
	if err != nil {
		return err
	}
	defer engine.Close()
	go n.watchContainer(wait, giveUp)
	err = harness.Until(wait, 50*time.Millisecond, func(ctx context.Context) error {
		_, err := engine.Ping(ctx)
		return err
	})
	if err != nil {
		return n.withLog(ctx, lang.Errorf("engine of %s: %w", n.name, err))
	}
	o.reportEvent(n.name, lang.Text{EN: "engine answers"})
	return nil
}

// watchContainer waits until the node's container ends, and then calls giveUp with
// an error that says so, or until ctx ends.
func (n *node) watchContainer(ctx context.Context, giveUp context.CancelCauseFunc) {
	// If this fails, it was removed, or ctx has ended: ContainerInspect finds out.
	_ = startWait(ctx, n.engine, n.id, container.WaitConditionNotRunning)()
	c, err := n.engine.ContainerInspect(ctx, n.id)
	switch {
	case errdefs.IsNotFound(err):
		giveUp(lang.Errorf("the node's container was removed"))
	case err == nil && !c.State.Running:
		giveUp(lang.Errorf("the node's container ended with exit code %d", c.State.ExitCode))
	}
}
