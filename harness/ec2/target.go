package ec2

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// dialTimeout is how long a connection may take to come about. A host that
// nobody answers for is told by the kernel after 3 s.
const dialTimeout = 4 * time.Second

// Options say which nodes, and how they are reached.
type Options struct {
	Inventory Inventory
	SSH       SSH
	// ReadOnly has nodes refuse every command that neither OnlyLooks nor Looks knows.
	ReadOnly bool
	// Looks knows more commands that change nothing; nil knows none.
	Looks func(argv []string) bool
}

// Target is a cluster's nodes, which exist. It implements harness.Target.
type Target struct {
	opts     Options
	topology harness.Topology
	jump     *sshHost            // nil: nodes are dialled directly
	hosts    map[string]*sshHost // by node

	life context.Context //nolint:containedctx // the ssh connections', which Close ends
	end  context.CancelFunc
}

var _ harness.Target = (*Target)(nil)

// Open finds out how the nodes are reached, and dials none of them. The error is a
// *JumpError if the jump host is none.
func Open(o Options) (*Target, error) {
	t := &Target{opts: o, topology: o.Inventory.Topology(), hosts: map[string]*sshHost{}}
	t.life, t.end = context.WithCancel(context.Background())
	if o.SSH.Jump != "" {
		jump, err := t.jumpHost(o.SSH.Jump)
		if err != nil {
			return nil, err
		}
		if _, err := jump.route(); err != nil {
			return nil, err
		}
		t.jump = jump
	}
	for _, n := range o.Inventory.Nodes {
		if t.jump != nil && t.jump.name == n.Name {
			t.hosts[n.Name] = t.jump
		} else {
			t.hosts[n.Name] = t.host(n, Login{})
		}
	}
	return t, nil
}

// LogIn logs in where a command needs it, the jump host or all nodes, and has ssh ask
// a person what it must know: later that would take from the time that a connection
// has. What goes wrong is told when the login is needed.
func (t *Target) LogIn(ctx context.Context) {
	if t.opts.SSH.Interact == nil {
		return
	}
	var hosts []*sshHost
	if t.jump != nil {
		hosts = []*sshHost{t.jump}
	} else {
		for _, n := range t.opts.Inventory.Nodes {
			if h, err := t.hostOf(n); err == nil {
				hosts = append(hosts, h)
			}
		}
	}
	harness.DoAll(hosts, 0, func(_ int, h *sshHost) error {
		_, err := h.connect(ctx)
		return err
	})
	for _, h := range hosts {
		h.askPerson(ctx)
	}
}

// Name returns "ec2".
func (t *Target) Name() string { return "ec2" }

// Topology returns what the inventory says of the cluster.
func (t *Target) Topology() harness.Topology { return t.topology }

// Nodes returns the inventory's nodes; whether they are there, they say when they
// are dialled.
func (t *Target) Nodes(context.Context) ([]harness.Node, error) {
	var nodes []harness.Node
	for _, h := range t.topology.Hosts() {
		n, _ := t.opts.Inventory.node(h.Name)
		nodes = append(nodes, &node{t, n, h.Addr})
	}
	return nodes, nil
}

// Up makes nothing: it looks whether every node's engine can be connected to.
func (t *Target) Up(ctx context.Context) ([]harness.Node, error) {
	nodes, err := t.Nodes(ctx)
	errs := harness.DoAll(t.topology.Hosts(), 0, func(i int, h harness.Host) error {
		conn, err := nodes[i].Dial(ctx, h.Engine().Port())
		if err != nil {
			return err
		}
		return conn.Close()
	})
	return nodes, errors.Join(append(errs, err)...)
}

// Down removes nothing, because the target makes nothing.
func (t *Target) Down(context.Context) error { return nil }

// Close ends the ssh connections.
func (t *Target) Close() error {
	t.end()
	for _, h := range t.hosts { // those behind the jump host first
		if h != t.jump {
			h.close()
		}
	}
	if t.jump != nil {
		t.jump.close()
	}
	return nil
}

// node is a node that exists. It implements harness.Node.
type node struct {
	target *Target
	said   Node // by the inventory
	addr   netip.Addr
}

func (n *node) Name() string     { return n.said.Name }
func (n *node) Addr() netip.Addr { return n.addr }

// Dial connects to a port of the node: through the jump host to the address
// that its peers use, else to the one by which this machine reaches it. The
// error is a *harness.UnreachableError.
func (n *node) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	var conn net.Conn
	var err error
	at, from := netip.AddrPortFrom(n.addr, port).String(), ""
	if n.target.jump != nil {
		from = n.target.jump.name
		conn, err = n.target.jump.forward(ctx, at)
	} else {
		at = net.JoinHostPort(cmp.Or(n.said.Public, n.said.Address), strconv.Itoa(int(port)))
		conn, err = (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", at)
	}
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, unreachableError(n.said.Name, at, from, err)
}

// Exec runs argv on the node by ssh. sshd has a shell take it: what needs it is
// quoted. The error is a *harness.UnreachableError where the node's sshd can't
// be reached.
func (n *node) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	r := harness.Result{Node: n.said.Name, Argv: argv, Start: time.Now()}
	if n.target.opts.ReadOnly && !n.target.opts.onlyLooks(argv) {
		return harness.Result{}, lang.Errorf(
			"run %s on %s: refused: this run is read-only", harness.ShellLine(argv...), n.said.Name)
	}
	h, err := n.target.hostOf(n.said)
	if err != nil {
		return harness.Result{}, err
	}
	err = h.run(ctx, &r)
	r.Duration = time.Since(r.Start)
	if err != nil && ctx.Err() == nil {
		return harness.Result{}, err
	}
	if err != nil {
		return r, err // it ran, and was not waited for
	}
	return r, r.Err()
}

func (o Options) onlyLooks(argv []string) bool {
	return OnlyLooks(argv) || o.Looks != nil && o.Looks(argv)
}

// EngineLog returns the end of what the node's engine wrote, as its journal has it.
func (n *node) EngineLog(ctx context.Context, lines int) (string, error) {
	r, err := n.Exec(ctx, engineLog(lines)...)
	return strings.TrimSpace(r.Stdout), err
}

// Direct returns the address by which this machine reaches a node itself; false
// where it does so through a jump host.
func (t *Target) Direct(name string) (string, bool) {
	n, ok := t.opts.Inventory.node(name)
	return cmp.Or(n.Public, n.Address), ok && t.jump == nil
}

// DockerCommand returns a command of the docker CLI for a host's engine, as typed on
// this machine.
func (t *Target) DockerCommand(h harness.Host, words ...string) string {
	addr, direct := t.Direct(h.Name)
	if !direct {
		addr = h.Addr.String()
	}
	at := "tcp://" + net.JoinHostPort(addr, strconv.Itoa(int(h.Engine().Port())))
	docker := append([]string{"docker", "-H=" + at}, words...)
	if t.jump != nil { // it is run there
		docker = append(t.jump.commandArgv(), docker...)
	}
	return harness.ShellLine(docker...)
}
