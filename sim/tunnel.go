package sim

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"labcheck/harness/lang"
)

// socket is a path for a socket in a directory of this user alone.
type socket struct{ dir, path string }

// What sockets are called.
const (
	socketDir  = "labcheck-engine-*"
	socketName = "engine.sock"
)

// newSocket makes the directory.
func newSocket() (socket, error) {
	removeDeadSockets()
	dir, err := os.MkdirTemp("", socketDir) // with mode 0700
	if err != nil {
		return socket{}, lang.Errorf("make a socket: %w", err)
	}
	return socket{dir, filepath.Join(dir, socketName)}, nil
}

// host returns the socket's address as DOCKER_HOST has it.
func (s socket) host() string { return "unix://" + s.path }

func (s socket) removeDir() error { return os.RemoveAll(s.dir) }

// removeDeadSockets removes the sockets of commands that were killed: nobody listens
// on them any more.
func removeDeadSockets() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), socketDir, socketName)) // the pattern is well-formed
	for _, path := range left {
		c, err := net.Dial("unix", path)
		if err == nil {
			_ = c.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
}

// tunnel passes the connections of a socket on to an engine that takes more than
// an address to reach: the TLS files of a context.
type tunnel struct {
	socket
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	ctx      context.Context //nolint:containedctx // the tunnel's own life, which Close ends
	cancel   context.CancelFunc
	group    sync.WaitGroup
}

// openTunnel listens until Close.
func openTunnel(dial func(context.Context) (net.Conn, error)) (*tunnel, error) {
	s, err := newSocket()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", s.path)
	if err != nil {
		return nil, errors.Join(lang.Errorf("make a socket: %w", err), s.removeDir())
	}
	t := &tunnel{socket: s, listener: listener, dial: dial}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.group.Go(t.acceptConnections)
	return t, nil
}

// Close ends all connections and removes the socket.
func (t *tunnel) Close() error {
	t.cancel()
	err := t.listener.Close()
	t.group.Wait()
	return errors.Join(err, t.removeDir())
}

func (t *tunnel) acceptConnections() {
	for {
		near, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.group.Go(func() { t.passOn(near) })
	}
}

// passOn passes a connection on until the engine has ended it.
func (t *tunnel) passOn(near net.Conn) {
	far, err := t.dial(t.ctx)
	if err != nil {
		_ = near.Close() // which is how the client learns of it
		return
	}
	end := func() {
		_ = near.Close()
		_ = far.Close()
	}
	defer end()
	stop := context.AfterFunc(t.ctx, end)
	defer stop()
	t.group.Go(func() {
		_, _ = io.Copy(far, near) // the way back says what is wrong
		if half, ok := far.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	})
	_, _ = io.Copy(near, far)
}
