package sim

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// tunnel passes the connections of a socket on to an engine that takes more than
// an address to reach: the TLS files of a context.
type tunnel struct {
	harness.Socket
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	ctx      context.Context //nolint:containedctx // the tunnel's own life, which Close ends
	cancel   context.CancelFunc
	group    sync.WaitGroup
}

// openTunnel listens until Close.
func openTunnel(dial func(context.Context) (net.Conn, error)) (*tunnel, error) {
	s, err := harness.NewSocket()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", s.Path)
	if err != nil {
		return nil, errors.Join(lang.Errorf("make a socket: %w", err), s.RemoveDir())
	}
	t := &tunnel{Socket: s, listener: listener, dial: dial}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.group.Go(t.acceptConnections)
	return t, nil
}

// Close ends all connections and removes the socket.
func (t *tunnel) Close() error {
	t.cancel()
	err := t.listener.Close()
	t.group.Wait()
	return errors.Join(err, t.RemoveDir())
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
