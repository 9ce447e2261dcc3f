package ec2

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
)

// master is an OpenSSH client that is logged in on a host and serves what labcheck
// does there, over a socket (ControlMaster).
type master struct {
	harness.Socket
	stdin   io.Closer
	process *os.Process
	ended   chan struct{} // ssh has ended
	gone    chan struct{} // all of it has
	said    output
}

// masterOptions are those of each master. It asks nothing that would change
// known_hosts, and a host that does not answer, as after a change of networks, is
// taken for gone.
var masterOptions = []string{
	"-M", "-N", "-T", "-a", "-x",
	"-o", "ControlPersist=no", "-o", "ClearAllForwardings=yes", "-o", "UpdateHostKeys=no",
	"-o", "ConnectTimeout=4", "-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=2",
}

// untilEOF runs a command that ends with the standard input of this shell, and so
// with labcheck, however that ends. Ctrl-C is labcheck's to handle.
// It makes the folder of the socket, which it removes. It sends the signal until the
// command has ended: dash loses one that comes before the command is executed.
const untilEOF = `trap '' INT QUIT
trap : HUP TERM
dir=$1 group=$2
shift 2
mkdir -m 700 -- "$dir" || exit
"$@" </dev/null &
trap '' HUP TERM
exec >/dev/null 2>&1
read -r _
while kill "${group:-$!}"; sleep 0.02; kill -0 $!; do :; done
rm -rf -- "$dir"`

// ownGroup has the shell end all that the command has started: its process group is
// not labcheck's then.
const ownGroup = "0"

// goodbyeTimeout is how long a master may take to end.
const goodbyeTimeout = 2 * time.Second

// startMaster starts ssh. With the terminal it asks there what it has to know, and
// what it says is shown there, too.
func startMaster(argv []string, onTerminal bool) (*master, error) {
	socket := harness.NameSocket()
	m := &master{Socket: socket, ended: make(chan struct{}), gone: make(chan struct{})}
	batch, group := "yes", ownGroup
	if onTerminal {
		batch, group, m.said.shown = "no", "", os.Stderr
	}
	cmd := exec.Command("sh", "-c", untilEOF, "sh", socket.Dir, group, "ssh", "-S", socket.Path, "-o", "BatchMode="+batch)
	cmd.Args = slices.Concat(cmd.Args, masterOptions, argv)
	if !onTerminal {
		cmd.SysProcAttr = harness.OwnSession()
		cmd.Env = append(os.Environ(), "SSH_ASKPASS_REQUIRE=never") // for hosts before the last
	}
	if err := m.start(cmd); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *master) start(cmd *exec.Cmd) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	cmd.Stdout, cmd.Stderr = w, w
	if m.stdin, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_ = r.Close()
		return err
	}
	m.process = cmd.Process
	go func() {
		defer close(m.ended)
		defer r.Close()
		_, _ = io.Copy(&m.said, r) // until ssh ends, and those who it runs
	}()
	go func() {
		defer close(m.gone)
		_ = cmd.Wait() // how the shell ended does not matter
	}()
	return nil
}

// login waits until ssh is logged in, and connects to it. If it can't log in, the
// connection is nil.
func (m *master) login(ctx context.Context) (net.Conn, error) {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		if _, err := os.Stat(m.Path); err == nil { // ssh makes it when it is logged in, and listens
			return net.Dial("unix", m.Path)
		}
		select {
		case <-m.ended:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-pause.C:
		}
	}
}

// close ends the master, and waits until nothing is left of it.
func (m *master) close() {
	_ = m.stdin.Close()
	select {
	case <-m.gone:
	case <-time.After(goodbyeTimeout):
		_ = m.process.Kill()
		<-m.gone
	}
	_ = m.RemoveDir()
}

// oneLine joins the lines of ssh's words, without those that only draw a frame.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Trim(strings.TrimSpace(line), "@ "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
