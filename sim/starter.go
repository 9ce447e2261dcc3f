package sim

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// starter makes and starts the nodes of a lab.
type starter struct {
	*Lab
	bridge      labBridge
	running     chan *node    // receives each node when its container runs
	managerRuns chan struct{} // closed when the manager's container runs
	// turns has room for as many nodes as start at the same time.
	turns chan struct{}
}

// startsPerCPU is how many nodes start at the same time for each CPU of the engine's
// machine, beside those of the page: of more, each waits for the others.
const startsPerCPU = 2

// startNodes starts every node, and calls begin with them meanwhile. The images that
// the tutorial pulls are in the stores of their engines; only the manager's has
// Consul.
func (s *starter) startNodes(ctx context.Context, begin func(context.Context, []harness.Node) error) error {
	existing, err := s.objects.nodeContainers(ctx)
	if err != nil {
		return err
	}
	hosts, cpus := s.topology.Hosts(), 0
	place, err := placeHosts(ctx, s.machines, hosts, existing)
	if err != nil {
		return err
	}
	for _, m := range s.machines {
		cpus += m.info.NCPU
	}
	s.turns = make(chan struct{}, hostsOfPage+startsPerCPU*cpus)
	group, ctx := errgroup.WithContext(ctx)
	s.running, s.managerRuns = make(chan *node, len(hosts)), make(chan struct{})
	group.Go(func() error { return s.checkRunning(ctx) })
	nodes := make([]harness.Node, len(hosts))
	for i, h := range hosts {
		c, exists := existing[h.Name]
		if !exists {
			c = nodeContainer{engine: s.machines[place[i]].client, state: stateRunning}
		}
		n := newNode(c, h, s.bridge, s.opts.Dial)
		starting := startingNode{n, make(chan struct{})}
		nodes[i] = starting
		group.Go(func() error {
			if err := s.startNode(ctx, n, h, i); err != nil {
				return err
			}
			close(starting.ready)
			return nil
		})
	}
	if begin != nil {
		group.Go(func() error { return begin(ctx, nodes) })
	}
	return group.Wait()
}

// startNode starts the container of a node, which it makes if there is none, and
// waits for its engine. cpu is the CPU of the machine that a new one gets.
func (s *starter) startNode(ctx context.Context, n *node, h harness.Host, cpu int) error {
	isManager := h.Name == s.topology.Manager.Name
	if !isManager {
		// The cluster waits for what runs on the manager: it is started first.
		select {
		case <-s.managerRuns:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	isNew := n.id == ""
	var err error
	if isNew {
		err = s.makeContainer(ctx, n, h, cpu)
	} else {
		err = n.resume(ctx)
	}
	if err != nil {
		return err
	}
	s.running <- n
	if isManager {
		close(s.managerRuns)
	}
	if err := n.awaitEngine(ctx, s.opts); err != nil || !isNew || !isManager || !s.opts.Plain {
		return err
	}
	_, err = n.Exec(ctx, "sh", "-c", buildPlainConsul)
	return n.withLog(ctx, err)
}

// buildPlainConsul gives Consul the timing that it has by default. The image has the
// one that Consul's documentation recommends for production.
const buildPlainConsul = `printf 'FROM progrium/consul\nENV CONSUL_RAFT_MULTIPLIER=5\n' |
	docker build -q -t progrium/consul -`

// resume has the node's container run again.
func (n *node) resume(ctx context.Context) error {
	switch n.state {
	case statePaused:
		if err := n.engine.ContainerUnpause(ctx, n.id); err != nil {
			return lang.Errorf("resume node %s: %w", n.name, err)
		}
	case stateOff:
		if err := n.engine.ContainerStart(ctx, n.id, container.StartOptions{}); err != nil {
			return lang.Errorf("start node %s again: %w", n.name, err)
		}
	}
	n.state = stateRunning
	return nil
}

// checkRunning waits until all containers run and returns a *BlockedError, with the
// last lines of the log of an engine that does not come up because of it, if packets
// between them do not arrive and no injected fault is the cause.
func (s *starter) checkRunning(ctx context.Context) error {
	var nodes []*node
	for range s.topology.Hosts() {
		select {
		case n := <-s.running:
			nodes = append(nodes, n)
		case <-ctx.Done():
			return nil // another goroutine reports why
		}
	}
	err := checkPackets(ctx, nodes, s.topology.Manager)
	if err == nil {
		return nil
	}
	if faults, failed := readAllFaults(ctx, nodes); failed != nil || len(faults) > 0 {
		return nil
	}
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return blocked.host.withLog(ctx, err)
	}
	return err
}

// startingNode is a node whose engine may not answer yet: what is asked of it
// waits until then. It implements harness.Node.
type startingNode struct {
	node  *node
	ready chan struct{} // closed when the engine answers
}

func (s startingNode) Name() string     { return s.node.name }
func (s startingNode) Addr() netip.Addr { return s.node.addr }

// Dial waits for the node's engine and connects to a port of the node.
func (s startingNode) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	if err := s.awaitReady(ctx); err != nil {
		return nil, err
	}
	return s.node.Dial(ctx, port)
}

// Exec waits for the node's engine and runs argv in the node.
func (s startingNode) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	if err := s.awaitReady(ctx); err != nil {
		return harness.Result{Node: s.node.name, Argv: argv}, err
	}
	return s.node.Exec(ctx, argv...)
}

func (s startingNode) awaitReady(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
