package ec2

import (
	"context"
	"errors"
	"io"

	"golang.org/x/crypto/ssh"

	"labcheck/harness"
	"labcheck/harness/lang"
)

var _ harness.TerminalNode = (*node)(nil)

// ExecOnTerminal runs argv on the node by ssh, with a terminal there.
func (n *node) ExecOnTerminal(ctx context.Context, t harness.Terminal, argv ...string) (int, error) {
	h, err := n.target.hostOf(n.said)
	if err != nil {
		return 0, err
	}
	var session *ssh.Session
	var over *sshConn
	err = h.use(ctx, func(c *sshConn) (err error) {
		over = c
		session, err = h.openSession(ctx, c)
		return err
	})
	if err != nil {
		return 0, unreachableError(h.name, h.at(), "", err)
	}
	defer h.sessions.Add(-1)
	defer func() { _ = session.Close() }()
	code, err := attachTerminal(ctx, session, t, argv)
	switch {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case err != nil && over.broken():
		return 0, h.cut(err)
	case err != nil:
		return 0, lang.Errorf("run %s on %s: %w", argv[0], h.name, err)
	}
	return code, nil
}

// attachTerminal runs argv in a session with a terminal, until it has ended or ctx has.
func attachTerminal(ctx context.Context, session *ssh.Session, t harness.Terminal, argv []string) (int, error) {
	var size [2]uint
	select {
	case size = <-t.Sizes:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	session.Stdout, session.Stderr = t.Out, t.Out
	in, err := session.StdinPipe()
	if err != nil {
		return 0, err
	}
	if err := session.RequestPty(t.Kind, int(size[1]), int(size[0]), nil); err != nil {
		return 0, err
	}
	if err := session.Start(loginLine("exec " + harness.ShellLine(argv...))); err != nil {
		return 0, err
	}
	running, ended := context.WithCancel(ctx)
	defer ended()
	defer context.AfterFunc(ctx, func() { _ = session.Close() })()
	go func() { _, _ = io.Copy(in, t.In) }() // it ends when the next key finds nobody
	go func() {
		for {
			select {
			case <-running.Done():
				return
			case size := <-t.Sizes:
				_ = session.WindowChange(int(size[1]), int(size[0])) // the next one may arrive
			}
		}
	}()
	err = session.Wait()
	var exit *ssh.ExitError
	if errors.As(err, &exit) && exit.Signal() == "" {
		return exit.ExitStatus(), nil
	}
	return 0, err
}
