package sim

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"

	"labcheck/harness"
	"labcheck/harness/lang"
)

var _ harness.TerminalNode = (*node)(nil)

// ExecOnTerminal runs argv in the node with a terminal.
func (n *node) ExecOnTerminal(ctx context.Context, t harness.Terminal, argv ...string) (int, error) {
	code, err := attachTerminal(ctx, n, t, argv)
	if err != nil {
		return 0, lang.Errorf("run %s on %s: %w", argv[0], n.name, err)
	}
	return code, nil
}

func attachTerminal(ctx context.Context, n *node, t harness.Terminal, argv []string) (int, error) {
	id, streams, err := n.attachExec(ctx, container.ExecOptions{
		Cmd: argv, Tty: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, Env: []string{"TERM=" + t.Kind},
	})
	if err != nil {
		return 0, err
	}
	running, ended := context.WithCancel(ctx)
	defer ended()
	defer streams.Close()
	defer context.AfterFunc(ctx, streams.Close)()
	go passSizes(running, n, id, t.Sizes)
	go func() { _, _ = io.Copy(streams.Conn, t.In) }() // it ends when the next key finds nobody
	if _, err := io.Copy(t.Out, streams.Reader); err != nil {
		return 0, errors.Join(context.Cause(ctx), err)
	}
	return exitCode(ctx, n, id, argv[0])
}

// passSizes gives a command's terminal the size of the person's until ctx ends.
func passSizes(ctx context.Context, n *node, id string, sizes <-chan [2]uint) {
	for {
		select {
		case <-ctx.Done():
			return
		case size := <-sizes:
			o := container.ResizeOptions{Width: size[0], Height: size[1]}
			// The engine refuses until the command has started.
			_ = harness.Until(ctx, 10*time.Millisecond, func(ctx context.Context) error {
				return n.engine.ContainerExecResize(ctx, id, o)
			})
		}
	}
}
