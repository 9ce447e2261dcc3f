package survey

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"labcheck/harness"
)

// fakeNode fails as it is told to, and counts how often it was asked.
type fakeNode struct {
	harness.Node
	err   error
	asked int
}

func (n *fakeNode) Name() string     { return "store" }
func (n *fakeNode) Addr() netip.Addr { return netip.MustParseAddr("127.0.0.1") }

func (n *fakeNode) Dial(context.Context, uint16) (net.Conn, error) {
	n.asked++
	return nil, n.err
}

// loggingNode can tell its engine's log.
type loggingNode struct{ fakeNode }

func (*loggingNode) EngineLog(context.Context, int) (string, error) { return "the log", nil }

func newNode(n harness.Node) *memoryNode {
	remembering := newMemoryNode(n, 2375)
	remembering.startRemembering()
	return remembering
}

func TestNodeTellsTheLog(t *testing.T) {
	for want, n := range map[string]harness.Node{"the log": &loggingNode{}, "": &fakeNode{}} {
		if got, err := newNode(n).EngineLog(t.Context(), 1); got != want || err != nil {
			t.Errorf("%q, %v, not %q", got, err, want)
		}
	}
}

// TestNodeTellsOfServices: if a host says that nothing listens on a service's port, the
// node remembers it only if the engine does not answer either.
func TestNodeTellsOfServices(t *testing.T) {
	n := &fakeNode{err: &harness.UnreachableError{Node: "store", Layer: harness.LayerPort, Err: errors.New("refused")}}
	w := newNode(n)
	for i, port := range []uint16{8500, 8500, 2375, 8500} {
		_, err := w.Dial(t.Context(), port)
		if isLost := errors.As(err, new(*harness.UnreachableError)); err == nil || isLost != (i > 1) {
			t.Errorf("%d: port %d: %v", i, port, err)
		}
	}
}

// TestNodeRemembers: what was lost is not tried again, but by a diagnosis what
// was only silent. A node whose own word it is that nothing listens is not away.
func TestNodeRemembers(t *testing.T) {
	for layer, want := range map[harness.Layer]struct {
		again bool
		away  bool
	}{
		harness.LayerFirewall: {false, true},
		harness.LayerSSH:      {false, true},
		harness.LayerTLS:      {false, true},
		harness.LayerPort:     {false, false},
		harness.LayerSilence:  {true, false},
	} {
		n := &fakeNode{err: &harness.UnreachableError{Node: "store", Layer: layer}}
		w := newNode(n)
		for range 2 {
			if _, err := w.Dial(t.Context(), 2375); err == nil {
				t.Errorf("%s: a connection", layer)
			}
		}
		if n.asked != 1 || (w.engineAway() != nil) != want.away {
			t.Errorf("%s: asked %d times, away %v", layer, n.asked, w.engineAway())
		}
		w.forgetSilence()
		if _, err := w.Dial(t.Context(), 2375); err == nil || (n.asked == 2) != want.again {
			t.Errorf("%s: asked %d times by a diagnosis, %v", layer, n.asked-1, err)
		}
	}
}
