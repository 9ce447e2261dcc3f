package ec2

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// How an ssh connection is watched: one that does not answer is taken for
// broken, as after a change of networks.
const (
	aliveEvery  = 2 * time.Second
	aliveWithin = 4 * time.Second
)

// sshHost is a host that one logs in on. Its connection is kept, and made anew
// once where it turns out to be broken.
type sshHost struct {
	name   string
	addr   string // host:port
	login  Login
	logins *logins
	via    *sshHost // nil: dialled directly

	mu   sync.Mutex
	conn *sshConn
}

// sshConn is a connection and when it ended.
type sshConn struct {
	*ssh.Client
	dead chan struct{}
}

// connect gives the connection that is kept, or makes one.
func (h *sshHost) connect(ctx context.Context) (*sshConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil && h.conn.alive() {
		return h.conn, nil
	}
	client, err := h.handshake(ctx)
	if err != nil {
		return nil, err
	}
	h.conn = &sshConn{client, make(chan struct{})}
	go h.conn.watch()
	return h.conn, nil
}

func (c *sshConn) alive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return true
	}
}

// watch tells when the connection has ended, and ends one that is silent.
func (c *sshConn) watch() {
	go c.keepAlive()
	_ = c.Wait() // that it ended is all that counts
	close(c.dead)
}

func (c *sshConn) keepAlive() {
	for {
		select {
		case <-c.dead:
			return
		case <-time.After(aliveEvery):
		}
		silent := time.AfterFunc(aliveWithin, func() { _ = c.Close() })
		// What is answered does not matter, as long as it is.
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		silent.Stop()
		if err != nil {
			return
		}
	}
}

func (h *sshHost) handshake(ctx context.Context) (*ssh.Client, error) {
	config, err := h.logins.config(h)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var raw net.Conn
	from := ""
	if h.via != nil {
		raw, err = h.via.forward(ctx, h.addr)
		from = h.via.name
	} else {
		raw, err = new(net.Dialer).DialContext(ctx, "tcp", h.addr)
	}
	if err != nil {
		return nil, unreachable(h.name, h.addr, from, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, h.addr, config)
	stopped := stop()
	if err == nil && stopped {
		return ssh.NewClient(conn, channels, requests), nil
	}
	_ = raw.Close()
	if err == nil || !stopped && !errors.As(err, new(*harness.UnreachableError)) {
		err = ctx.Err()
	}
	return nil, h.refused(err)
}

// refused says why no ssh connection came about, where something answered.
func (h *sshHost) refused(err error) error {
	e := &harness.UnreachableError{Node: h.name, Service: h.addr, Layer: harness.LayerSSH, Err: err}
	var known *harness.UnreachableError
	switch {
	case errors.As(err, &known): // the host key, or a key that can't be used
		return known
	case strings.Contains(err.Error(), "unable to authenticate"):
		e.What = lang.Textf("sshd does not let %s in (refused: %s)", h.login.User, h.logins.tried(h))
		e.Hint = lang.Textf("say the right user and key: --ssh-user, --ssh-key, or in the inventory")
	case timedOut(err):
		e.What = lang.Textf("something listens there and did not greet as sshd within %s", dialTimeout)
	default:
		e.What = lang.Textf("ssh connection failed: %v", err)
		e.Hint = lang.Textf("see what listens on %s", h.addr)
	}
	return e
}

// use does something with the connection. Where the one that was kept is broken
// it is made anew, once.
func (h *sshHost) use(ctx context.Context, do func(*sshConn) error) error {
	c, err := h.connect(ctx)
	if err != nil {
		return err
	}
	err = do(c)
	if err == nil || ctx.Err() != nil || !c.broken() {
		return err
	}
	if c, err = h.connect(ctx); err != nil {
		return err
	}
	return do(c)
}

// broken waits a moment: what is open on a connection hears of its end a bit
// earlier than the connection itself.
func (c *sshConn) broken() bool {
	select {
	case <-c.dead:
		return true
	case <-time.After(50 * time.Millisecond):
		return false
	}
}

// forward has the host dial an address.
func (h *sshHost) forward(ctx context.Context, addr string) (net.Conn, error) {
	var conn net.Conn
	err := h.use(ctx, func(c *sshConn) error {
		opened, err := c.DialContext(ctx, "tcp", addr)
		if err == nil {
			conn = &tunnel{opened, c, h}
		}
		return err
	})
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		err = h.notForwarded(refused)
	}
	return conn, err
}

// notForwarded is what the host's sshd said of an address that it was to dial,
// as an error of this machine's own.
func (h *sshHost) notForwarded(e *ssh.OpenChannelError) error {
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ETIMEDOUT} {
		if strings.EqualFold(e.Message, errno.Error()) {
			return errno
		}
	}
	if e.Reason != ssh.Prohibited {
		return e
	}
	return &harness.UnreachableError{
		Node: h.name, Service: h.addr, Layer: harness.LayerSSH, Err: e,
		What: lang.Textf("its sshd does not forward connections"),
		Hint: lang.Textf("set AllowTcpForwarding yes in its sshd_config"),
	}
}

// tunnel is a connection through a host. Where it ends because the way to the
// host did, it says so: that is no word of the service at its end.
type tunnel struct {
	net.Conn
	over *sshConn
	host *sshHost
}

func (t *tunnel) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	return n, t.cut(err)
}

func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	return n, t.cut(err)
}

func (t *tunnel) cut(err error) error {
	if err == nil || !t.over.broken() {
		return err
	}
	return t.host.cut(err)
}

func (h *sshHost) cut(err error) error {
	return &harness.UnreachableError{
		Node: h.name, Service: h.addr, Layer: harness.LayerSSH, Err: err,
		What: lang.Textf("the ssh connection was cut"), Hint: lang.Textf("check again"), Passing: true,
	}
}

// run runs a command in a session of its own.
func (h *sshHost) run(ctx context.Context, r *harness.Result) error {
	var over *sshConn
	var session *ssh.Session
	err := h.use(ctx, func(c *sshConn) (err error) {
		over = c
		session, err = c.NewSession()
		return err
	})
	if err != nil {
		return unreachable(h.name, h.addr, "", err)
	}
	defer func() { _ = session.Close() }()
	var stdout, stderr bytes.Buffer
	session.Stdout, session.Stderr = &stdout, &stderr
	ran := make(chan error, 1)
	go func() { ran <- session.Run(harness.ShellLine(r.Argv...)) }()
	select {
	case err = <-ran:
	case <-ctx.Done():
		return ctx.Err() // sshd ends a session only when its command has ended
	}
	r.Stdout, r.Stderr = stdout.String(), stderr.String()
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Signal() == "":
		r.ExitCode = exit.ExitStatus()
		return nil
	case over.broken():
		return h.cut(err)
	}
	return lang.Errorf("run %s on %s: %w", r.Argv[0], h.name, err)
}

func (h *sshHost) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil {
		_ = h.conn.Close()
	}
}
