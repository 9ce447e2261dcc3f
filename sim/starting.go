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
