package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/cli/cli/connhelper/ssh"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// sshForward is an ssh that runs beside labcheck and forwards a socket of this
// machine to an engine's. The docker CLI runs an ssh for each connection; a lab
// takes dozens at a time, of which sshd refuses some (MaxStartups).
type sshForward struct {
	harness.Socket
	spec   *ssh.Spec
	target string // the engine's address, as -L has it
	asked  string // what ssh wrote to stderr when it was asked for that
	cmd    *exec.Cmd
	stdin  io.Closer
	ended  chan struct{}
}

// sshFlags are the docker CLI's, but for a shorter time to connect, and what notices a
// connection that died.
var sshFlags = []string{
	"-T", "-o", "ConnectTimeout=10", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15",
	"-o", "LogLevel=INFO", // at which it tells what host key it accepts
}

// goodbyeTimeout is how long ssh may take to end.
const goodbyeTimeout = 2 * time.Second

// openSSH logs in and waits until the socket is there. ssh can't ask for a
// passphrase or about a host key: as under the docker CLI, it has no terminal.
func openSSH(ctx context.Context, address string) (*sshForward, error) {
	spec, err := ssh.ParseURL(address)
	if err != nil {
		return nil, err
	}
	var asked bytes.Buffer
	target, err := askTarget(ctx, spec, &asked)
	if err != nil {
		return nil, err
	}
	s, err := harness.NewSocket()
	if err != nil {
		return nil, err
	}
	f := &sshForward{Socket: s, spec: spec, target: target, asked: asked.String(), ended: make(chan struct{})}
	if err := f.startSSH(); err != nil {
		return nil, errors.Join(err, s.RemoveDir())
	}
	if err := f.awaitSocket(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// startSSH starts ssh. The remote command ends with its input, and so with this
// process, however that ends; ssh ends with the command.
func (f *sshForward) startSSH() error {
	args, err := f.spec.Command(append([]string{"-L", f.forwarding()}, sshFlags...), "cat")
	if err != nil {
		return err
	}
	said, err := os.Create(f.logPath())
	if err != nil {
		return err
	}
	defer said.Close()
	f.cmd = exec.Command("ssh", args...)
	f.cmd.Stderr = said
	f.cmd.SysProcAttr = harness.OwnSession()
	if f.stdin, err = f.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := f.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(f.ended)
		_ = f.cmd.Wait() // what is wrong is in the file
	}()
	return nil
}

// forwarding returns the value of -L.
func (f *sshForward) forwarding() string { return f.Path + ":" + f.target }

// logPath returns the file of what ssh writes to stderr.
func (f *sshForward) logPath() string { return filepath.Join(f.Dir, "ssh.log") }

// awaitSocket waits until ssh listens.
func (f *sshForward) awaitSocket(ctx context.Context) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return harness.Until(ctx, 10*time.Millisecond, func(context.Context) error {
		select {
		case <-f.ended:
			err := f.explainFailure(errors.New("ssh ended"))
			giveUp(err)
			return err
		default:
		}
		_, err := os.Stat(f.Path)
		return err
	})
}

// acceptedKey returns an error, which a person must know, if ssh accepted a host key.
func (f *sshForward) acceptedKey() error {
	text, _ := os.ReadFile(f.logPath()) // without it there is nothing to tell
	return harness.AcceptedKey(f.spec.Host, f.asked+string(text))
}

// explainFailure adds to the error of a request what ssh wrote: the client itself only saw
// its connection end. It leaves out the request and the socket, which mean nothing to a
// person.
func (f *sshForward) explainFailure(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var connection *net.OpError
	if errors.As(err, &connection) {
		err = connection.Err
	}
	text, _ := os.ReadFile(f.logPath())
	if said := oneLine(string(text)); said != "" {
		return lang.Errorf("%w; ssh says: %s", err, said)
	}
	return err
}

// Close ends ssh. If it was only a client of the user's ControlMaster, this one
// is told to forget the socket.
func (f *sshForward) Close() error {
	_ = f.stdin.Close()
	select {
	case <-f.ended:
	case <-time.After(goodbyeTimeout): // the other machine does not answer
		_ = f.cmd.Process.Kill()
		<-f.ended
	}
	if args, err := f.spec.Command([]string{"-O", "cancel", "-L", f.forwarding()}, "cat"); err == nil {
		_ = exec.Command("ssh", args...).Run() // fails unless there is a master
	}
	return f.RemoveDir()
}

// askTarget returns where the engine listens on the other machine: the path in
// the address, or else where the docker CLI there connects to, which is what
// `docker system dial-stdio` would do. It writes what ssh says to said.
func askTarget(ctx context.Context, spec *ssh.Spec, said *bytes.Buffer) (string, error) {
	if strings.Trim(spec.Path, "/") != "" {
		return spec.Path, nil
	}
	args, err := spec.Command(sshFlags, "docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "ssh", args...)
	cmd.SysProcAttr = harness.OwnSession()
	cmd.Stderr = said
	out, err := cmd.Output()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", lang.Errorf("ssh is not logged in after %s", harness.Limit(ctx, sshTimeout))
	case err != nil && said.Len() > 0:
		return "", errors.New(oneLine(said.String()))
	case err != nil:
		return "", lang.Errorf("ssh: %w", err)
	}
	// The login shell may have printed something before.
	lines := strings.Fields(string(out))
	if len(lines) == 0 {
		return "", lang.Errorf("docker on %s does not name an engine", spec.Host)
	}
	return forwardTarget(lines[len(lines)-1])
}

// forwardTarget turns an engine's address into what -L forwards to.
func forwardTarget(address string) (string, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	if (scheme == "unix" || scheme == "tcp") && rest != "" {
		return rest, nil
	}
	return "", lang.Errorf("docker on that machine uses %s, which ssh can't forward to", address)
}

// oneLine joins lines to a sentence.
func oneLine(text string) string {
	isBreak := func(r rune) bool { return r == '\n' || r == '\r' }
	return strings.Join(strings.FieldsFunc(strings.TrimSpace(text), isBreak), "; ")
}
