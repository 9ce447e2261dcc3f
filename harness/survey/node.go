package survey

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"

	"labcheck/harness"
)

// Node is a node of a cluster that is no lab. Once Reach was asked, it remembers
// what of the node can't be reached: to find that out takes seconds, and dozens of
// claims want to know. If a cluster is being built, what can't be reached now will
// be.
type Node struct {
	harness.Node
	engine uint16 // the engine's port

	mu        sync.Mutex
	remembers bool
	lost      map[uint16]*harness.UnreachableError
	open      map[*conn]bool
}

// NewNode returns a node that remembers, and whose engine listens on a port.
func NewNode(n harness.Node, engine uint16) *Node {
	return &Node{Node: n, engine: engine, lost: map[uint16]*harness.UnreachableError{}, open: map[*conn]bool{}}
}

// Dial is the node's; what was lost before is so at once.
func (n *Node) Dial(ctx context.Context, port uint16) (net.Conn, error) {
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
func (n *Node) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
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
func (n *Node) EngineLog(ctx context.Context, lines int) (string, error) {
	logger, ok := n.Node.(harness.EngineLogger)
	if !ok {
		return "", nil
	}
	return logger.EngineLog(ctx, lines)
}

// EngineAway returns why the node's engine can't be reached, if that is not word
// of the node itself.
func (n *Node) EngineAway() *harness.UnreachableError {
	n.mu.Lock()
	defer n.mu.Unlock()
	un := n.lost[n.engine]
	if un == nil || un.Layer == harness.LayerPort || un.Layer == harness.LayerSilence {
		return nil
	}
	return un
}

// ForgetSilence has the node ask again which services are silent: a diagnosis
// wants to know in what.
func (n *Node) ForgetSilence() {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.lost, func(_ uint16, un *harness.UnreachableError) bool { return un.Layer == harness.LayerSilence })
}

// startRemembering has the node remember from now on.
func (n *Node) startRemembering() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.remembers = true
}

// markLost notes that a port can't be reached any more, and why.
func (n *Node) markLost(port uint16, un *harness.UnreachableError) {
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
	node *Node
	port uint16
}

func (n *Node) trackConn(c net.Conn, port uint16) net.Conn {
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
