package survey

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"

	"labcheck/harness"
)

// memoryNode remembers, from Reach on, what of a node can't be reached: to find that out
// takes seconds, and dozens of claims want to know. If a cluster is being built, what
// can't be reached now will be.
type memoryNode struct {
	harness.Node
	engine uint16 // the engine's port

	mu        sync.Mutex
	remembers bool
	lost      map[uint16]*harness.UnreachableError
	open      map[*conn]bool
}

// Remember wraps the nodes of an existing cluster, the manager's first. After Reach they
// remember which of their services can't be reached.
func Remember(t harness.Topology, nodes []harness.Node) []harness.Node {
	all := make([]harness.Node, len(nodes))
	for i, h := range t.Hosts() {
		all[i] = newMemoryNode(nodes[i], h.Engine().Port())
	}
	return all
}

func newMemoryNode(n harness.Node, engine uint16) *memoryNode {
	return &memoryNode{Node: n, engine: engine, lost: map[uint16]*harness.UnreachableError{}, open: map[*conn]bool{}}
}

// Dial is the node's; what was lost before is so at once.
func (n *memoryNode) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	n.mu.Lock()
	lost, engineLost := n.lost[port], n.lost[n.engine] != nil
	n.mu.Unlock()
	if lost != nil {
		return nil, lost
	}
	c, err := n.Node.Dial(ctx, port)
	var un *harness.UnreachableError
	switch {
	case err == nil:
		return n.trackConn(c, port), nil
	case !errors.As(err, &un):
		return nil, err
	case un.Layer == harness.LayerPort && port != n.engine && !engineLost:
		// If the engine answers, this is word of the service: Consul does not
		// run, the engine has not joined the gossip.
		return nil, un.Err
	}
	n.markLost(port, un)
	return nil, un
}

// sshPort stands for the node's sshd, wherever it listens.
const sshPort = 0

// Exec is the node's; what was lost before is so at once.
func (n *memoryNode) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	n.mu.Lock()
	lost := n.lost[sshPort]
	n.mu.Unlock()
	if lost != nil {
		return harness.Result{}, lost
	}
	r, err := n.Node.Exec(ctx, argv...)
	if un := (*harness.UnreachableError)(nil); errors.As(err, &un) {
		n.markLost(sshPort, un)
	}
	return r, err
}

// EngineLog is the node's, if its target can tell it.
func (n *memoryNode) EngineLog(ctx context.Context, lines int) (string, error) {
	logger, ok := n.Node.(harness.EngineLogger)
	if !ok {
		return "", nil
	}
	return logger.EngineLog(ctx, lines)
}

// engineAway returns why the node's engine can't be reached, if that is not word
// of the node itself.
func (n *memoryNode) engineAway() *harness.UnreachableError {
	n.mu.Lock()
	defer n.mu.Unlock()
	un := n.lost[n.engine]
	if un == nil || un.Layer == harness.LayerPort || un.Layer == harness.LayerSilence {
		return nil
	}
	return un
}

// forgetSilence has the node ask again which services are silent.
func (n *memoryNode) forgetSilence() {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.lost, func(_ uint16, un *harness.UnreachableError) bool { return un.Layer == harness.LayerSilence })
}

// startRemembering has the node remember from now on.
func (n *memoryNode) startRemembering() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.remembers = true
}

// markLost notes that a port can't be reached any more, and why.
func (n *memoryNode) markLost(port uint16, un *harness.UnreachableError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.remembers || un.Passing {
		return
	}
	n.lost[port] = un
	for c := range n.open { // or it would be used again
		if c.port == port {
			_ = c.Conn.Close()
		}
	}
}

// conn is a connection that ends when its port is lost.
type conn struct {
	net.Conn
	node *memoryNode
	port uint16
}

func (n *memoryNode) trackConn(c net.Conn, port uint16) net.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	tracked := &conn{c, n, port}
	n.open[tracked] = true
	return tracked
}

// Close is the connection's.
func (c *conn) Close() error {
	c.node.mu.Lock()
	delete(c.node.open, c)
	c.node.mu.Unlock()
	return c.Conn.Close()
}
