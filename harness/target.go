// Package harness is labcheck's vocabulary: targets and their nodes, the
// topology the tutorial describes, commands and what they answered, and the
// evidence that a run leaves behind.
package harness

import (
	"context"
	"net"
	"net/netip"

	"labcheck/harness/lang"
)

// ErrNoNodes is what Target.Nodes returns where the target has no nodes yet:
// a lab that was not started.
var ErrNoNodes = lang.Errorf("no nodes")

// Target is a place where a topology's nodes are.
type Target interface {
	// Name says which target this is, as --target spells it.
	Name() string
	// Up makes the nodes, or completes what is there already, and ends with
	// every engine answering and no tutorial step done by it.
	Up(ctx context.Context) ([]Node, error)
	// Nodes finds the nodes as they are, the manager first, and changes
	// nothing. Nodes that do not run are listed too. The error is ErrNoNodes
	// where there are none at all.
	Nodes(ctx context.Context) ([]Node, error)
	// Collect writes what each node says of itself into dir: engine log, info,
	// containers and networks. It goes on past a node that does not answer and
	// returns the joined errors.
	Collect(ctx context.Context, dir string) error
	// Down removes what this target made, and only that. Where there is
	// nothing it does nothing.
	Down(ctx context.Context) error
}

// Node is a machine that one can dial and run commands on.
type Node interface {
	Name() string
	// Addr is the address that the node's peers use.
	Addr() netip.Addr
	// Exec runs argv on the node, without a shell, and returns what it
	// answered. The error is a *RunError when argv ran and its exit code is
	// not 0, and another error when it could not be run at all.
	Exec(ctx context.Context, argv ...string) (Result, error)
	// Dial connects to a TCP port of the node's Addr.
	Dial(ctx context.Context, port uint16) (net.Conn, error)
}

// EngineLogger is what a node may be besides: one that can tell what its engine
// wrote last. Nodes of labs and those reached by ssh are.
type EngineLogger interface {
	EngineLog(ctx context.Context, lines int) (string, error)
}
