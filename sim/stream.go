package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// splitOutput returns what a command writes to stdout, which ends with the command, and
// to stderr, which is complete then. Both end early if stdout is closed.
func splitOutput(streams types.HijackedResponse) (stdout *io.PipeReader, stderr *bytes.Buffer) {
	stdout, out := io.Pipe()
	stderr = new(bytes.Buffer)
	go func() {
		_, err := stdcopy.StdCopy(out, stderr, streams.Reader)
		out.CloseWithError(err) // nil is io.EOF
	}()
	return stdout, stderr
}

// execConn is a connection to a port of a node through `docker exec`.
type execConn struct {
	net.Conn // of streams
	streams  types.HijackedResponse
	stdout   *io.PipeReader
	stderr   *bytes.Buffer
	remote   netip.AddrPort
}

func newExecConn(streams types.HijackedResponse, remote netip.AddrPort) *execConn {
	stdout, stderr := splitOutput(streams)
	return &execConn{streams.Conn, streams, stdout, stderr, remote}
}

// dialExec starts the relay in the node and waits until it is connected.
func (n *node) dialExec(ctx context.Context, port uint16) (net.Conn, error) {
	addr := netip.AddrPortFrom(n.addr, port)
	// relay refuses addresses that are not the node's own, so that nothing leaves it.
	_, streams, err := n.attachExec(ctx, container.ExecOptions{
		Cmd:         []string{"relay", addr.Addr().String(), strconv.Itoa(int(port))},
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, lang.Errorf("dial %s in %s: %w", addr, n.name, err)
	}
	c := newExecConn(streams, addr)
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	err = c.awaitConnected()
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = c.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: c.RemoteAddr(), Err: err}
	}
	return c, nil
}

// connectedLine is the first that relay writes. What the port sends follows.
const connectedLine = "connected\n"

// awaitConnected reads what relay writes until it is connected. The error is the one
// that relay ended with.
func (c *execConn) awaitConnected() error {
	said := make([]byte, len(connectedLine))
	n, err := io.ReadFull(c, said)
	switch {
	case err == nil && string(said) == connectedLine:
		return nil
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	// The engine itself speaks on stdout, if it could not start relay.
	rest, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	why := string(said[:n]) + string(rest) + c.stderr.String()
	if errno := harness.ErrnoIn(why); errno != 0 {
		return os.NewSyscallError("connect", errno)
	}
	return lang.Errorf("relay ended: %s", strings.TrimSpace(why))
}

// Read returns what the node's port sent.
func (c *execConn) Read(p []byte) (int, error) { return c.stdout.Read(p) }

// Close ends the connection.
func (c *execConn) Close() error {
	_ = c.stdout.Close() // ends what splits the output
	return c.Conn.Close()
}

// CloseWrite ends the sending side, as (*net.TCPConn).CloseWrite does.
func (c *execConn) CloseWrite() error { return c.streams.CloseWrite() }

// RemoteAddr returns the address of the node's port.
func (c *execConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }
