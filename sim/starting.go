package sim

import (
	"context"
	"net"
	"net/netip"

	"labcheck/harness"
)

// startingNode is a node whose engine may not answer yet: what is asked of it
// waits until then. It implements harness.Node.
type startingNode struct {
	host  harness.Host
	ready chan struct{} // closed when node is set and its engine answers
	node  *node
}

func newStartingNode(h harness.Host) *startingNode {
	return &startingNode{host: h, ready: make(chan struct{})}
}

func (s *startingNode) Name() string     { return s.host.Name }
func (s *startingNode) Addr() netip.Addr { return s.host.Addr }

func (s *startingNode) answers(n *node) {
	s.node = n
	close(s.ready)
}

func (s *startingNode) await(ctx context.Context) (*node, error) {
	select {
	case <-s.ready:
		return s.node, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Dial waits for the node's engine and connects to a port of the node.
func (s *startingNode) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	n, err := s.await(ctx)
	if err != nil {
		return nil, err
	}
	return n.Dial(ctx, port)
}

// Exec waits for the node's engine and runs argv in the node.
func (s *startingNode) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	n, err := s.await(ctx)
	if err != nil {
		return harness.Result{Node: s.host.Name, Argv: argv}, err
	}
	return n.Exec(ctx, argv...)
}
