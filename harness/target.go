// Package harness is labcheck's vocabulary: targets and their nodes, the topology
// that the tutorial describes, commands and their outputs, and the evidence that a
// run leaves behind.
package harness

import (
	"context"
	"io"
	"net"
	"net/netip"

	"labcheck/harness/lang"
)

var (
	// ErrNoNodes reports that a target has no nodes: a lab that was not started.
	ErrNoNodes = lang.Errorf("no nodes")
	// ErrFrozen reports that a node's processes are stopped, and its kernel is not.
	ErrFrozen = lang.Errorf("all processes of the host are frozen")
)

// Target is a place where a topology's nodes are.
type Target interface {
	// Name returns the target's name, as --target spells it.
	Name() string
	// Up creates the nodes that do not exist, starts them, and returns when every
	// engine answers. It performs no step of the tutorial.
	Up(ctx context.Context) ([]Node, error)
	// Nodes returns the nodes, the manager first, and changes nothing. Nodes that
	// are not running are included. The error is ErrNoNodes if there are none.
	Nodes(ctx context.Context) ([]Node, error)
	// Collect writes each node's engine log, info, containers and networks into
	// dir. It continues after a node that does not answer, and returns the joined
	// errors.
	Collect(ctx context.Context, dir string) error
	// Down removes what this target created, and only that. It is no error if there
	// is nothing.
	Down(ctx context.Context) error
}

// Node is a machine to which one can connect, and on which one can run commands.
type Node interface {
	Name() string
	// Addr returns the address that the node's peers use.
	Addr() netip.Addr
	// Exec runs argv on the node, without a shell, and returns its output. The
	// error is a *RunError if argv ran and its exit code is not 0, and another
	// error if argv could not be run.
	Exec(ctx context.Context, argv ...string) (Result, error)
	// Dial connects to a TCP port of the node's Addr.
	Dial(ctx context.Context, port uint16) (net.Conn, error)
}

// TerminalNode is an optional interface of a Node on which a command can have a
// terminal. Nodes of labs and those reached by ssh have it.
type TerminalNode interface {
	// ExecOnTerminal runs argv on the node with a terminal, and returns its exit code.
	// It returns when argv has ended; a read from t may still wait then.
	ExecOnTerminal(ctx context.Context, t Terminal, argv ...string) (exitCode int, err error)
}

// Terminal is a person's terminal that passes every key on.
type Terminal struct {
	In    io.Reader
	Out   io.Writer
	Kind  string         // as TERM has it
	Sizes <-chan [2]uint // columns and rows, at first and when they change
}

// EngineLogger is an optional interface of a Node whose engine's log can be read.
// Nodes of labs and those reached by ssh have it.
type EngineLogger interface {
	// EngineLog returns the last lines of the engine's log.
	EngineLog(ctx context.Context, lines int) (string, error)
}
