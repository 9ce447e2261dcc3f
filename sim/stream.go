package sim

import (
	"context"
	"encoding/binary"
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
)

// execConn is a connection to a port of a node through `docker exec`. The
// engine wraps what comes back in frames that tell stdout from stderr:
// https://docs.docker.com/reference/api/engine (ContainerAttach, stream format).
type execConn struct {
	net.Conn // of streams
	streams  types.HijackedResponse
	remote   netip.AddrPort
	left     uint32 // bytes of the current stdout frame that were not read yet
	errs     strings.Builder
}

const (
	frameStdout = 1
	frameStderr = 2
	maxErrs     = 4 << 10
)

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
	c := &execConn{Conn: streams.Conn, streams: streams, remote: addr}
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
	// The engine itself speaks here, if it could not start relay.
	c.errs.Write(said[:n])
	_, err = io.CopyN(&c.errs, c, maxErrs)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if errno := harness.ErrnoIn(c.errs.String()); errno != 0 {
		return os.NewSyscallError("connect", errno)
	}
	return lang.Errorf("relay ended: %s", strings.TrimSpace(c.errs.String()))
}

// readFrameHeader reads of which stream a frame is, and how long.
func readFrameHeader(r io.Reader) (stream byte, size uint32, err error) {
	var h [8]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return 0, 0, err
	}
	if h[0] != frameStdout && h[0] != frameStderr {
		return 0, 0, lang.Errorf("the engine sent a frame of unknown stream %d", h[0])
	}
	return h[0], binary.BigEndian.Uint32(h[4:]), nil
}

// readErr reads a stderr frame and keeps its beginning.
func (c *execConn) readErr(size uint32) error {
	kept, err := io.CopyN(&c.errs, c.streams.Reader, min(int64(size), int64(maxErrs-c.errs.Len())))
	if err == nil {
		_, err = io.CopyN(io.Discard, c.streams.Reader, int64(size)-kept)
	}
	return err
}

// Read returns what the node's port sent.
func (c *execConn) Read(p []byte) (int, error) {
	for c.left == 0 {
		stream, size, err := readFrameHeader(c.streams.Reader)
		if err != nil {
			return 0, err
		}
		if stream == frameStderr {
			if err := c.readErr(size); err != nil {
				return 0, err
			}
			continue
		}
		c.left = size
	}
	if uint32(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.streams.Reader.Read(p)
	c.left -= uint32(n)
	return n, err
}

// CloseWrite ends the sending side, as (*net.TCPConn).CloseWrite does.
func (c *execConn) CloseWrite() error { return c.streams.CloseWrite() }

// RemoteAddr returns the address of the node's port.
func (c *execConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }
