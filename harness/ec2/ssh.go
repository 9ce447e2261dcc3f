package ec2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// loginTimeout is how long ssh may take to log in, if nobody is asked. It knows
// earlier that a host does not answer.
const loginTimeout = 15 * time.Second

// personTimeout is how long a person may take to answer what ssh asks.
const personTimeout = 5 * time.Minute

// sshHost is a host that one logs in on. Its connection is kept, and made anew
// once if it turns out to be broken.
type sshHost struct {
	name     string
	address  string // empty: ssh knows it by its name
	login    Login
	hops     string                // of --ssh-jump
	via      *sshHost              // nil: reached directly
	route    func() (route, error) // asks ssh once
	interact func(func() error) error
	warn     func(error)
	told     sync.Once       // which host key ssh accepted
	life     context.Context //nolint:containedctx // the target's, which Close ends
	sessions atomic.Int32    // that run
	masters  sync.WaitGroup  // that were logged in

	mu  sync.Mutex
	try *attempt
}

// attempt is one attempt to log in, and the connection that comes of it.
type attempt struct {
	over chan struct{} // it has succeeded or failed
	conn *sshConn
	err  error
}

// sshConn is a connection over a master, and when it ended.
type sshConn struct {
	*ssh.Client
	master *master
	dead   chan struct{}
}

// connect returns the connection that is kept, or makes one: those who want it at
// the same time share an attempt.
func (h *sshHost) connect(ctx context.Context) (*sshConn, error) {
	h.mu.Lock()
	if h.try == nil || h.try.isSpent() {
		h.try = h.startAttempt(loginTimeout, false)
	}
	try := h.try
	h.mu.Unlock()
	select {
	case <-try.over:
		return try.conn, try.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// startAttempt starts to log in. On the terminal ssh may ask.
func (h *sshHost) startAttempt(limit time.Duration, onTerminal bool) *attempt {
	try := &attempt{over: make(chan struct{})}
	go func() {
		defer close(try.over)
		ctx, cancel := context.WithTimeout(h.life, limit)
		defer cancel()
		try.conn, try.err = h.open(ctx, onTerminal)
	}()
	return try
}

// askPerson logs in once more if ssh would have asked a person, and has it ask.
func (h *sshHost) askPerson(ctx context.Context) {
	if _, err := h.connect(ctx); !errors.Is(err, errUnasked) {
		return
	}
	_ = h.interact(func() error { // what is wrong is told to those who need the host
		h.mu.Lock()
		h.try = h.startAttempt(personTimeout, true)
		h.mu.Unlock()
		_, err := h.connect(ctx)
		return err
	})
}

// isSpent reports whether another attempt is to be made.
func (a *attempt) isSpent() bool {
	select {
	case <-a.over:
		return a.err != nil || !a.conn.isAlive()
	default:
		return false
	}
}

func (c *sshConn) isAlive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return true
	}
}

// open logs in on the host. The error is a *harness.UnreachableError.
func (h *sshHost) open(ctx context.Context, onTerminal bool) (*sshConn, error) {
	argv, err := h.argv(ctx)
	if err != nil {
		return nil, err
	}
	c, err := logIn(ctx, h, argv, onTerminal)
	if errors.Is(err, errWordless) {
		return logIn(ctx, h, append([]string{"-o", "LogLevel=INFO"}, argv...), onTerminal)
	}
	return c, err
}

// logIn has ssh log in on a host.
func logIn(ctx context.Context, h *sshHost, argv []string, onTerminal bool) (*sshConn, error) {
	m, err := startMaster(argv, onTerminal)
	if err != nil {
		return nil, h.sshError(lang.Textf("ssh can't be started: %v", err), lang.Text{}, err)
	}
	raw, err := m.login(ctx)
	if raw == nil {
		m.close()
		return nil, h.explain(oneLine(m.said.text()), err)
	}
	c, err := h.newConn(m, raw)
	if err != nil {
		m.close()
		return nil, h.sshError(lang.Textf("ssh connection failed: %v", err), lang.Text{}, err)
	}
	return c, nil
}

// newConn speaks to the master, as OpenSSH's PROTOCOL.mux describes MUX_C_PROXY.
func (h *sshHost) newConn(m *master, raw net.Conn) (*sshConn, error) {
	_ = raw.SetDeadline(time.Now().Add(dialTimeout)) // the socket takes every one
	conn, channels, requests, err := ssh.NewControlClientConn(raw)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	_ = raw.SetDeadline(time.Time{})
	c := &sshConn{ssh.NewClient(conn, channels, requests), m, make(chan struct{})}
	h.tellAccepted(m)
	h.masters.Go(func() {
		_ = c.Wait() // that it ended is all that counts
		close(c.dead)
		m.close()
		h.tellAccepted(m) // if that was still on its way
	})
	return c, nil
}

// tellAccepted tells, once, if ssh has accepted a host key without asking.
func (h *sshHost) tellAccepted(m *master) {
	if warning := harness.AcceptedKey(h.name, m.said.text()); warning != nil && h.warn != nil {
		h.told.Do(func() { h.warn(warning) })
	}
}

// argv returns the options and the destination of ssh.
func (h *sshHost) argv(ctx context.Context) ([]string, error) {
	r, err := h.route()
	level := "LogLevel=ERROR"
	if r.trusts {
		level = "LogLevel=INFO" // at which ssh tells what it accepts
	}
	options := slices.Concat([]string{"-o", level}, r.options)
	if err != nil || h.via == nil {
		return append(options, "--", r.to), err
	}
	via, err := h.via.connect(ctx)
	if err != nil {
		return nil, unreachableError(h.name, r.addr, h.via.name, err)
	}
	// It must not dial by itself if the master has gone.
	proxy := harness.ShellLine("ssh", "-F", "none", "-o", "ProxyCommand=false", "-S", via.master.Path, "-W", "[%h]:%p", "--", h.via.name)
	return append(options, "-o", "ProxyCommand="+proxy, "--", r.to), nil
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
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		opened, err := c.DialContext(ctx, "tcp", addr)
		if err == nil {
			conn = &tunnel{opened, c, h}
		}
		return err
	})
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		err = h.forwardingError(refused)
	}
	return conn, err
}

// forwardingError returns what the host's sshd said of an address that it was to dial,
// as an error of this machine's own.
func (h *sshHost) forwardingError(e *ssh.OpenChannelError) error {
	if errno := harness.ErrnoIn(e.Message); errno != 0 {
		return errno
	}
	if e.Reason != ssh.Prohibited {
		return e
	}
	return &harness.UnreachableError{
		Node: h.name, Service: h.at(), Layer: harness.LayerSSH, Err: e,
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
		Node: h.name, Service: h.at(), Layer: harness.LayerSSH, Err: err,
		What: lang.Textf("the ssh connection was cut"), Hint: lang.Textf("check again"), Passing: true,
	}
}

// run runs a command in a session of its own.
func (h *sshHost) run(ctx context.Context, r *harness.Result) error {
	var over *sshConn
	var session *ssh.Session
	err := h.use(ctx, func(c *sshConn) (err error) {
		over = c
		session, err = h.openSession(ctx, c)
		return err
	})
	if err != nil {
		return unreachableError(h.name, h.at(), "", err)
	}
	defer func() { _ = session.Close() }()
	var stdout, stderr output
	session.Stdout, session.Stderr = &stdout, &stderr
	ran := make(chan error, 1)
	go func() {
		err := session.Run(markedLine(r.Argv))
		h.sessions.Add(-1)
		ran <- err
	}()
	select {
	case err = <-ran:
	case <-ctx.Done():
		err = ctx.Err() // sshd ends a session only when its command has ended
	}
	var exit *ssh.ExitError
	hasExit := err == nil || errors.As(err, &exit) && exit.Signal() == ""
	if !hasExit && ctx.Err() == nil && over.broken() {
		return h.cut(err)
	}
	var began bool
	r.Stdout, began = stdout.afterMark()
	r.Stderr, _ = stderr.afterMark()
	said := stdout.text() + stderr.text()
	switch {
	case !began && (hasExit || ctx.Err() != nil):
		return h.noShellError(ctx, oneLine(said))
	case exit != nil && hasExit:
		r.ExitCode = exit.ExitStatus()
	case !hasExit && ctx.Err() == nil:
		return lang.Errorf("run %s on %s: %w", r.Argv[0], h.name, err)
	}
	return ctx.Err()
}

// noShellError reports that the login shell has not run a command, and what it printed.
func (h *sshHost) noShellError(ctx context.Context, said string) error {
	what := lang.Textf("the login shell runs no commands; it says: %s", said)
	if said == "" {
		what = lang.Textf("the login shell runs no commands, and says nothing")
	}
	return &harness.UnreachableError{
		Node: h.name, Service: h.at(), Layer: harness.LayerSSH, What: what, Err: ctx.Err(), Passing: ctx.Err() != nil,
		Hint: lang.Textf("log in as a user whose shell runs commands: --ssh-user, or in the inventory"),
	}
}

// sessionPause is how long sshd may take to notice that a session has ended.
const (
	sessionPause = 20 * time.Millisecond
	sessionTries = 25
)

// openSession opens a session. If sshd refuses one because as many run as it allows
// (MaxSessions), it waits until another one has ended.
func (h *sshHost) openSession(ctx context.Context, c *sshConn) (*ssh.Session, error) {
	for tries := 0; ; tries++ {
		session, err := c.NewSession()
		if err == nil {
			h.sessions.Add(1)
			return session, nil
		}
		var refused *ssh.OpenChannelError
		switch {
		case !errors.As(err, &refused):
			return nil, err
		case h.sessions.Load() > 0:
			tries = 0
		case tries == sessionTries:
			return nil, h.sshError(lang.Textf("its sshd runs no commands (%s)", refused.Message),
				lang.Textf("set MaxSessions to more than 0 in its sshd_config"), err)
		}
		select {
		case <-time.After(sessionPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mark is a line before a command's output. What comes before that, the login shell
// has printed.
const mark = "labcheck: output of the command"

// markedLine returns the command line of a command with the mark before its output.
func markedLine(argv []string) string {
	return loginLine(fmt.Sprintf(`echo; echo "%s"; { echo; echo "%[1]s"; } >&2; exec `, mark) + harness.ShellLine(argv...))
}

// escapeQuoted writes, as the %b of printf reads it, what not every login shell takes
// in single quotes as it is: csh takes no ! and no line break, fish no backslash.
var escapeQuoted = strings.NewReplacer(`\`, `\0134`, "'", `\0047`, "!", `\0041`, "\n", `\0012`)

// loginLine returns the line by which any login shell has sh run a script.
func loginLine(script string) string {
	return `sh -c 'eval "$(printf %b "$1")"' sh '` + escapeQuoted.Replace(script) + `'`
}

// output is what a command writes to a stream.
type output struct {
	shown io.Writer // to which it is written as well; nil if to nothing

	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shown != nil {
		_, _ = o.shown.Write(p)
	}
	return o.all.Write(p)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// afterMark returns what the command itself wrote, and whether it began.
func (o *output) afterMark() (string, bool) {
	_, after, ok := strings.Cut(o.text(), "\n"+mark+"\n")
	return after, ok
}

// at returns where sshd listens.
func (h *sshHost) at() string {
	r, _ := h.route() // an error was told before
	return r.addr
}

// close ends the connection, and waits until nothing is left of it. The target's
// context has ended.
func (h *sshHost) close() {
	h.mu.Lock()
	try := h.try
	h.mu.Unlock()
	if try != nil {
		<-try.over
		if try.err == nil {
			_ = try.conn.Close()
		}
	}
	h.masters.Wait()
}
