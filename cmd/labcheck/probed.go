package main

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"

	"labcheck/harness"
)

// probed is a node of a cluster that is no lab. It remembers what of the node
// can't be reached: to find that out takes seconds, and dozens of claims want
// to know.
type probed struct {
	harness.Node
	engine uint16 // the engine's port

	mu sync.Mutex
	// remembers is only so while a cluster that stands is looked at: where it is
	// being built, what can't be reached now will be.
	remembers bool
	lost      map[uint16]error
	open      map[*noting]bool
	seen      []*harness.UnreachableError
}

// probed has all connections of a session go through probed nodes.
func (s *session) probed(nodes []harness.Node) []harness.Node {
	all := make([]harness.Node, len(nodes))
	for i, h := range s.target.Topology().Hosts() {
		if len(s.nodes) == i {
			s.nodes = append(s.nodes, &probed{Node: nodes[i], engine: h.Engine().Port(), lost: map[uint16]error{}, open: map[*noting]bool{}})
		}
		all[i] = s.nodes[i]
	}
	return all
}

// Dial is the node's; what was lost before is so at once.
func (w *probed) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	w.mu.Lock()
	lost, engineLost := w.lost[port], w.lost[w.engine] != nil
	w.mu.Unlock()
	if lost != nil {
		return nil, lost
	}
	conn, err := w.Node.Dial(ctx, port)
	var un *harness.UnreachableError
	switch {
	case err == nil:
		return w.noted(conn, port), nil
	case !errors.As(err, &un):
		return nil, err
	case un.Layer == harness.LayerPort && port != w.engine && !engineLost:
		// Where the engine answers, this is word of the service: Consul does not
		// run, the engine has not joined the gossip.
		return nil, un.Err
	}
	w.lose(port, un)
	return nil, un
}

// sshPort stands for the node's sshd, wherever it listens.
const sshPort = 0

// Exec is the node's; what was lost before is so at once.
func (w *probed) Exec(ctx context.Context, argv ...string) (harness.Result, error) {
	w.mu.Lock()
	lost := w.lost[sshPort]
	w.mu.Unlock()
	if lost != nil {
		return harness.Result{}, lost
	}
	r, err := w.Node.Exec(ctx, argv...)
	var un *harness.UnreachableError
	if errors.As(err, &un) {
		w.lose(sshPort, un)
	}
	return r, err
}

// EngineLog is the node's, where its target can tell it.
func (w *probed) EngineLog(ctx context.Context, lines int) (string, error) {
	n, ok := w.Node.(harness.EngineLogger)
	if !ok {
		return "", nil
	}
	return n.EngineLog(ctx, lines)
}

// away is why the node's engine can't be reached, where that is not word of the
// node itself.
func (w *probed) away() *harness.UnreachableError {
	w.mu.Lock()
	defer w.mu.Unlock()
	var un *harness.UnreachableError
	if !errors.As(w.lost[w.engine], &un) || un.Layer == harness.LayerPort || un.Layer == harness.LayerSilence {
		return nil
	}
	return un
}

// askAgain forgets which services were silent: a diagnosis wants to know in what.
func (w *probed) askAgain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.lost, func(_ uint16, err error) bool {
		var un *harness.UnreachableError
		return errors.As(err, &un) && un.Layer == harness.LayerSilence
	})
}

// lose says that a port can't be reached any more, and why.
func (w *probed) lose(port uint16, err *harness.UnreachableError) {
	w.note(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.remembers || err.Passing {
		return
	}
	w.lost[port] = err
	for c := range w.open { // or it would be used again
		if c.port == port {
			_ = c.Conn.Close()
		}
	}
}

func (w *probed) note(err error) {
	var un *harness.UnreachableError
	if errors.As(err, &un) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, un)
	}
}

// noting is a connection that may end because the way to its node does.
type noting struct {
	net.Conn
	node *probed
	port uint16
}

func (w *probed) noted(conn net.Conn, port uint16) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &noting{conn, w, port}
	w.open[c] = true
	return c
}

// Close is the connection's.
func (c *noting) Close() error {
	c.node.mu.Lock()
	delete(c.node.open, c)
	c.node.mu.Unlock()
	return c.Conn.Close()
}

func (c *noting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.node.note(err)
	return n, err
}

func (c *noting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.node.note(err)
	return n, err
}
