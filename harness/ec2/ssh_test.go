//go:build unix

package ec2_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/prereq"
	"labcheck/harness/sshdtest"
)

// startSSHD starts an sshd whose host key ssh knows, and which lets ssh's key in.
func startSSHD(t *testing.T, options ...string) *sshdtest.Server {
	t.Helper()
	program := prereq.Program(t, "/usr/sbin/sshd", "apt-get install openssh-server")
	s := sshdtest.Start(t, program, append(options, "SetEnv HOME=/nonexistent")...) // bash would read its .bashrc
	sockets, err := os.MkdirTemp("", "ssh")                                         // t.TempDir's name would be too long
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", sockets) // other processes may have some, too
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Cleanup(func() {
		if err := os.Remove(sockets); err != nil {
			t.Errorf("left behind: %v", err)
		}
		if left, err := exec.Command("pgrep", "-f", sockets).Output(); err == nil {
			t.Errorf("ssh still runs: %s", left)
		}
	})
	s.Write(t, "known", 0o600, known(s, "host"))
	configure(t, s)
	return s
}

// known is a line of known_hosts with a key.
func known(s *sshdtest.Server, key string) string {
	public, _ := os.ReadFile(s.Path(key) + ".pub") // MakeKey has made it
	return fmt.Sprintf("[127.0.0.1]:%s %s", s.Port, public)
}

// configure writes ssh's configuration: lines that come before the usual ones.
func configure(t *testing.T, s *sshdtest.Server, lines ...string) {
	t.Helper()
	s.Write(t, "config", 0o600, append(lines, "Host 127.0.0.1", "Port "+s.Port, "User "+me(t),
		"IdentityFile "+s.Path("key"), "Host *", "UserKnownHostsFile "+s.Path("known"))...)
}

func me(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// open returns the one node of a target, which is where sshd is.
func open(t *testing.T, o ec2.Options) (harness.Node, error) {
	t.Helper()
	i, err := ec2.Read("f", []byte("manager: manager\nnodes: [{name: manager, address: 127.0.0.1}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	o.Inventory = i
	target, err := ec2.Open(o)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = target.Close() })
	nodes, err := target.Nodes(t.Context())
	return nodes[0], err
}

// opened is open of what must go well.
func opened(t *testing.T, o ec2.Options) harness.Node {
	t.Helper()
	n, err := open(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// through goes through the sshd itself.
var through = ec2.Options{SSH: ec2.SSH{Jump: "manager"}}

// greeter is a service that says its name.
func greeter(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "hello\n")
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func greeting(ctx context.Context, n harness.Node, port uint16) (string, net.Conn, error) {
	conn, err := n.Dial(ctx, port)
	if err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), conn, err
}

// children are the processes that serve those who are logged in.
func children(t *testing.T, s *sshdtest.Server) []string {
	t.Helper()
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(s.Cmd.Process.Pid)).Output() // fails if there are none
	return strings.Fields(string(out))
}

func TestForward(t *testing.T) {
	s := startSSHD(t, "PermitOpen 127.0.0.1:*")
	port := greeter(t)
	n := opened(t, through)
	said, conn, err := greeting(t.Context(), n, port)
	if err != nil || said != "hello" {
		t.Fatalf("through ssh: %q, %v", said, err)
	}
	if _, err := n.Exec(t.Context(), "true"); err != nil {
		t.Error(err)
	}
	if all := children(t, s); len(all) != 1 {
		t.Errorf("%d logins, not one", len(all))
	}
	// A cut connection says that it is one, and the next is made anew.
	sshdtest.Run(t, "kill", children(t, s)...)
	var lost *harness.UnreachableError
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &lost) || lost.Layer != harness.LayerSSH || !lost.Passing {
		t.Errorf("a cut connection ends with %v", err)
	}
	if said, _, err := greeting(t.Context(), n, port); err != nil || said != "hello" {
		t.Errorf("after the cut: %q, %v", said, err)
	}
	if _, err := n.Dial(t.Context(), 9); !errors.As(err, &lost) || lost.Layer != harness.LayerPort {
		t.Errorf("where nothing listens: %v", err)
	}
}

// A hundred streams share one login, whatever sshd thinks of logins and sessions.
func TestManyStreams(t *testing.T) {
	s := startSSHD(t, "MaxStartups 1", "MaxSessions 1")
	port := greeter(t)
	n := opened(t, through)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if said, _, err := greeting(t.Context(), n, port); err != nil || said != "hello" {
				t.Errorf("%q, %v", said, err)
			}
		})
	}
	group.Wait()
	if all := children(t, s); len(all) != 1 {
		t.Errorf("%d logins, not one", len(all))
	}
}

func TestForbiddenForward(t *testing.T) {
	startSSHD(t, "AllowTcpForwarding no")
	n := opened(t, through)
	var lost *harness.UnreachableError
	if _, err := n.Dial(t.Context(), greeter(t)); !errors.As(err, &lost) || lost.Layer != harness.LayerSSH || !strings.Contains(lost.Hint.String(), "AllowTcpForwarding") {
		t.Errorf("%v", err)
	}
}

func TestExec(t *testing.T) {
	startSSHD(t)
	for name, o := range map[string]ec2.Options{
		"changes": {},
		"looks":   {ReadOnly: true},
		"told":    {ReadOnly: true, Looks: func(argv []string) bool { return argv[0] != "reboot" }},
	} {
		n := opened(t, o)
		looks := name == "looks"
		r, err := n.Exec(t.Context(), "printf", "%s;", "it's $HOME", "")
		if looks {
			if err == nil || !strings.Contains(err.Error(), "this run is read-only") {
				t.Errorf("a command that changes something, where only looking is allowed: %v", err)
			}
			continue
		}
		if err != nil || r.Stdout != "it's $HOME;;" || r.Stderr != "" || r.Node != "manager" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		_, err = n.Exec(t.Context(), "sh", "-c", "echo out; echo err >&2; exit 3")
		var ran *harness.RunError
		if !errors.As(err, &ran) || ran.Result.ExitCode != 3 || ran.Result.Stdout != "out\n" || ran.Result.Stderr != "err\n" {
			t.Errorf("%s: a command that fails: %v", name, err)
		}
		// 255 is the command's own, too.
		if _, err = n.Exec(t.Context(), "sh", "-c", "exit 255"); !errors.As(err, &ran) || ran.Result.ExitCode != 255 {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		r, err = n.Exec(ctx, "sh", "-c", "echo began; sleep 60")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 20*time.Second {
			t.Errorf("%s: a command that does not end: %+v, %v after %s", name, r, err, time.Since(start))
		}
		if _, ok := n.(harness.EngineLogger); !ok {
			t.Error("a node does not tell its engine's log")
		}
	}
}

// What a login shell prints is not the command's.
func TestShellThatPrints(t *testing.T) {
	s := startSSHD(t)
	for name, shell := range map[string]string{
		"out":   `echo Welcome; printf unended`,
		"err":   `echo Welcome >&2; set -v`,
		"traps": `set -x`,
	} {
		t.Run(name, func(t *testing.T) {
			s.Write(t, "sshd_config", 0o600, append(strings.Split(config(t, s), "\n"), "ForceCommand "+shell+`; eval "$SSH_ORIGINAL_COMMAND"`)...)
			s.Restart(t)
			n := opened(t, ec2.Options{})
			r, err := n.Exec(t.Context(), "sh", "-c", "echo out; echo err >&2")
			if err != nil || r.Stdout != "out\n" || r.Stderr != "err\n" {
				t.Errorf("%q, %q, %v", r.Stdout, r.Stderr, err)
			}
		})
	}
}

// pickyShell is a login shell that takes no line which csh or fish would read otherwise
// than sh, and runs what it takes.
const pickyShell = `#!/bin/sh
[ "$(printf '%s\n' "$SSH_ORIGINAL_COMMAND" | wc -l)" = 1 ] || { echo "csh: a line break"; exit 1; }
case $SSH_ORIGINAL_COMMAND in
*!*) echo "csh: Event not found."; exit 1;;
*\\\\*|*\\\'*) echo "fish: a backslash"; exit 1;;
esac
eval "$SSH_ORIGINAL_COMMAND"`

// Any login shell has sh run what is to run: root's is tcsh, or fish, on some hosts.
func TestOtherLoginShells(t *testing.T) {
	s := startSSHD(t)
	s.Write(t, "picky", 0o700, pickyShell)
	shells := map[string]string{"picky": s.Path("picky")}
	for _, name := range []string{"bash", "csh", "dash", "fish", "ksh", "tcsh", "zsh"} {
		if program, err := exec.LookPath(name); err == nil {
			shells[name] = program + ` -c "$SSH_ORIGINAL_COMMAND"`
		}
	}
	args := []string{`\\\`, "!!", "$HOME `id`", "a\n\nb", `\'\n`, "é %s", "", `\`}
	kept, want := config(t, s), "it's|"+strings.Join(args, "|")+"|"
	for name, shell := range shells {
		t.Run(name, func(t *testing.T) {
			s.Write(t, "sshd_config", 0o600, kept, "ForceCommand "+shell)
			s.Restart(t)
			script := "if true\nthen printf '%s|' \"it's\" \"$@\"\nfi"
			r, err := opened(t, ec2.Options{}).Exec(t.Context(), append([]string{"sh", "-c", script, "sh"}, args...)...)
			if err != nil || r.Stdout != want {
				t.Errorf("%q, not %q; %v", r.Stdout, want, err)
			}
		})
	}
}

func config(t *testing.T, s *sshdtest.Server) string {
	t.Helper()
	b, err := os.ReadFile(s.Path("sshd_config"))
	if err != nil {
		t.Fatal(err)
	}
	kept, _, _ := strings.Cut(string(b), "ForceCommand")
	return strings.TrimSpace(kept)
}

// As root on EC2: "Please login as the user ubuntu".
func TestShellThatRunsNothing(t *testing.T) {
	startSSHD(t, `ForceCommand echo Please login as another user; exit 1`)
	var lost *harness.UnreachableError
	_, err := opened(t, ec2.Options{}).Exec(t.Context(), "true")
	if !errors.As(err, &lost) || lost.Layer != harness.LayerSSH || !strings.Contains(err.Error(), "Please login as another user") {
		t.Errorf("%v", err)
	}
}

// A login shell that hangs is not the command's fault.
func TestShellThatHangs(t *testing.T) {
	startSSHD(t, `ForceCommand sleep 60`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var lost *harness.UnreachableError
	_, err := opened(t, ec2.Options{}).Exec(ctx, "true")
	if !errors.As(err, &lost) || lost.Layer != harness.LayerSSH || !lost.Passing || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestMaxSessions(t *testing.T) {
	for sessions, works := range map[string]bool{"1": true, "0": false} {
		startSSHD(t, "MaxSessions "+sessions)
		n := opened(t, through)
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				_, err := n.Exec(t.Context(), "sleep", "0.2")
				if works && err != nil || !works && (err == nil || !strings.Contains(err.Error(), "its sshd runs no commands")) {
					t.Errorf("MaxSessions %s: %v", sessions, err)
				}
			})
		}
		group.Wait()
		if said, _, err := greeting(t.Context(), n, greeter(t)); err != nil || said != "hello" {
			t.Errorf("MaxSessions %s: %q, %v", sessions, said, err)
		}
	}
}

// loginCase is a login as ssh's own files say it, and what is told if it fails.
type loginCase struct {
	name   string
	ssh    ec2.SSH
	config []string // before the usual one
	setup  func(*testing.T, *sshdtest.Server)
	want   string // "": it goes well
	layer  harness.Layer
}

// agent starts an agent with keys.
func agent(t *testing.T, s *sshdtest.Server, keys ...string) {
	t.Helper()
	cmd := exec.Command("ssh-agent", "-D", "-a", s.Path("agent"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	add := func(context.Context) error {
		for _, k := range keys {
			c := exec.Command("ssh-add", "-q", s.Path(k))
			c.Env = append(os.Environ(), "SSH_AUTH_SOCK="+s.Path("agent"))
			if err := c.Run(); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := harness.Until(ctx, 20*time.Millisecond, add); err != nil {
		t.Fatal(err)
	}
}

// manyKeys puts more keys into an agent than sshd wants to see, and then others.
func manyKeys(t *testing.T, s *sshdtest.Server, then ...string) {
	t.Helper()
	var keys []string
	for i := range 7 {
		keys = append(keys, fmt.Sprint("other", i))
		sshdtest.MakeKey(t, s.Path(keys[i]))
	}
	agent(t, s, append(keys, then...)...)
	t.Setenv("SSH_AUTH_SOCK", s.Path("agent"))
}

func loginCases() []loginCase {
	moveKey := func(to string) func(*testing.T, *sshdtest.Server) {
		return func(t *testing.T, s *sshdtest.Server) { sshdtest.Run(t, "mv", s.Path("key"), s.Path(to)) }
	}
	return []loginCase{
		{name: "a key"},
		{name: "Match whose program fails", config: []string{`Match host 127.0.0.* exec "false"`, "Port 1"}},
		{name: "Match that another library does not know", config: []string{"Match final host 127.0.0.1", "Compression yes"}},
		{name: "Match of several hosts", config: []string{"Match host 10.0.0.1,127.0.0.1", "ServerAliveInterval 7", "Match originalhost !127.0.0.1,*", "Port 1"}},
		{name: "a tunnel's settings", config: []string{"SessionType none", "ForkAfterAuthentication yes", "RequestTTY force", "RemoteCommand false"}},
		{name: "no algorithm in common", config: []string{"HostKeyAlgorithms ssh-rsa"}, want: "no matching host key type found. Their offer: ", layer: harness.LayerSSH},
		{name: "a setting that is none", config: []string{"Hots x"}, want: "Bad configuration option: hots", layer: harness.LayerSSH},
		{name: "a key that is not there, before the right one", config: []string{"IdentityFile ~/nothere"}},
		{
			name: "another key before the right one", config: []string{"Host 127.0.0.1", "IdentityFile DIR/other"},
			setup: func(t *testing.T, s *sshdtest.Server) { sshdtest.MakeKey(t, s.Path("other")) },
		},
		{
			name: "HostKeyAlias", config: []string{"HostKeyAlias alias"},
			setup: func(t *testing.T, s *sshdtest.Server) {
				s.Write(t, "known", 0o600, strings.Replace(known(s, "host"), "[127.0.0.1]:"+s.Port, "alias", 1))
			},
		},
		{
			name: "several files of host keys, quoted", config: []string{`UserKnownHostsFile /dev/null "DIR/known lab"`}, setup: func(t *testing.T, s *sshdtest.Server) { sshdtest.Run(t, "mv", s.Path("known"), s.Path("known lab")) },
		},
		{
			name: "a line of known_hosts that can't be read",
			setup: func(t *testing.T, s *sshdtest.Server) {
				s.Write(t, "known", 0o600, "old.example 1024 35 14327225004916626973", "127.0.0.1 ssh-ed25519 AAAAC3Nz", known(s, "host"))
			},
		},
		{
			name: "Include, quoted", config: []string{`Include "DIR/more settings"`, "IdentitiesOnly yes"},
			setup: func(t *testing.T, s *sshdtest.Server) {
				s.Write(t, "more settings", 0o600, "IdentityFile "+s.Path("id"))
				moveKey("id")(t, s)
			},
		},
		{
			name: "a certificate", config: []string{"IdentityFile DIR/certified", "IdentitiesOnly yes"},
			setup: func(t *testing.T, s *sshdtest.Server) {
				sshdtest.MakeKey(t, s.Path("certified"))
				sshdtest.Run(t, "ssh-keygen", "-q", "-s", s.Path("key"), "-I", "x", "-n", me(t), s.Path("certified.pub"))
				public, _ := os.ReadFile(s.Path("key.pub"))
				s.Write(t, "key.pub", 0o600, "cert-authority "+string(public))
			},
		},
		{
			name: "an agent with many keys, of which one is named by its public half", config: []string{"IdentityFile DIR/id.pub", "IdentitiesOnly yes"},
			setup: func(t *testing.T, s *sshdtest.Server) {
				manyKeys(t, s, "key")
				sshdtest.Run(t, "cp", s.Path("key.pub"), s.Path("id.pub"))
				moveKey("moved")(t, s)
			},
		},
		{
			name: "too many keys", setup: func(t *testing.T, s *sshdtest.Server) { manyKeys(t, s); moveKey("moved")(t, s) },
			want: "Too many authentication failures", layer: harness.LayerSSH,
		},
		{
			name: "IdentityAgent", config: []string{"IdentityAgent DIR/agent"},
			setup: func(t *testing.T, s *sshdtest.Server) { agent(t, s, "key"); moveKey("moved")(t, s) },
		},
		{
			name: "an encrypted key, and nobody to ask", setup: func(t *testing.T, s *sshdtest.Server) { encrypt(t, s) },
			want: "login refused: ", layer: harness.LayerSSH,
		},
		{name: "a key that is not there", ssh: ec2.SSH{Key: "/nothere"}, setup: moveKey("moved"), want: "Identity file /nothere not accessible", layer: harness.LayerSSH},
		{name: "another user", ssh: ec2.SSH{User: "nobody-here"}, want: "nobody-here@127.0.0.1: Permission denied", layer: harness.LayerSSH},
		{name: "an unknown host", setup: func(t *testing.T, s *sshdtest.Server) { s.Write(t, "known", 0o600) }, want: "its host key is not known: Host key verification failed", layer: harness.LayerSSH},
		{
			name: "a changed host", setup: func(t *testing.T, s *sshdtest.Server) { s.Write(t, "known", 0o600, known(s, "key")) },
			want: "its host key is not the one that is known: ", layer: harness.LayerSSH,
		},
		{name: "a host that is not there", config: []string{"Port 9"}, want: "the host answers, and nothing listens on that port", layer: harness.LayerPort},
		{name: "a name that nobody knows", config: []string{"Host manager", "HostName nobody.invalid", "User x"}, want: "nobody knows the name nobody.invalid", layer: harness.LayerRoute},
		{
			name: "a silent host", setup: func(t *testing.T, s *sshdtest.Server) {
				sshdtest.Run(t, "kill", "-STOP", strconv.Itoa(s.Cmd.Process.Pid))
			},
			want: "does not greet as sshd", layer: harness.LayerSSH,
		},
		{
			name: "a host behind a host", ssh: ec2.SSH{Jump: "target"}, config: []string{"Host target", "HostName localhost", "HostKeyAlias 127.0.0.1", "Port PORT", "IdentityFile DIR/key", "ProxyJump 127.0.0.1"},
			setup: func(t *testing.T, s *sshdtest.Server) {
				s.Write(t, "known", 0o600, known(s, "host"), "127.0.0.1"+strings.TrimPrefix(known(s, "host"), "[127.0.0.1]:"+s.Port))
			},
		},
		{
			name: "hosts one behind the other", ssh: ec2.SSH{Jump: "127.0.0.1,ssh://127.0.0.1:PORT/"},
		},
		{name: "a host behind one that is not there", ssh: ec2.SSH{Jump: "127.0.0.1:9,localhost"}, want: "127.0.0.1 port 9: Connection refused", layer: harness.LayerSSH},
	}
}

// encrypt gives the key a passphrase, as PKCS#8.
func encrypt(t *testing.T, s *sshdtest.Server) {
	t.Helper()
	sshdtest.MakeKey(t, s.Path("rsa"), "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "secret")
	for _, half := range []string{"", ".pub"} {
		sshdtest.Run(t, "mv", s.Path("rsa"+half), s.Path("key"+half))
	}
}

func TestLogin(t *testing.T) {
	for _, c := range loginCases() {
		t.Run(c.name, func(t *testing.T) {
			s := startSSHD(t)
			fill := strings.NewReplacer("DIR", s.Dir, "PORT", s.Port)
			for i := range c.config {
				c.config[i] = fill.Replace(c.config[i])
			}
			configure(t, s, c.config...)
			if c.setup != nil {
				c.setup(t, s)
			}
			c.ssh.Jump = fill.Replace(c.ssh.Jump)
			start := time.Now()
			n, err := open(t, ec2.Options{SSH: c.ssh})
			if err == nil {
				_, err = n.Exec(t.Context(), "true")
			}
			if time.Since(start) > 30*time.Second {
				t.Errorf("it took %s", time.Since(start))
			}
			var lost *harness.UnreachableError
			switch {
			case c.layer == "" && err != nil:
				t.Error(err)
			case c.layer == "":
			case !errors.As(err, &lost) || lost.Layer != c.layer || !strings.Contains(err.Error(), c.want):
				t.Errorf("%v, not %q in layer %s", err, c.want, c.layer)
			}
		})
	}
}

// TestAcceptedKeys: nothing is accepted silently. If ssh's own configuration has it accept
// a host key without asking, that is told, in ssh's words.
func TestAcceptedKeys(t *testing.T) {
	forget := func(t *testing.T, s *sshdtest.Server) { s.Write(t, "known", 0o600) }
	change := func(t *testing.T, s *sshdtest.Server) { s.Write(t, "known", 0o600, known(s, "key")) }
	const added = "Warning: Permanently added '[127.0.0.1]:PORT' (ED25519) to the list of known hosts."
	const changed = "REMOTE HOST IDENTIFICATION HAS CHANGED!"
	acceptNew := []string{"StrictHostKeyChecking accept-new"}
	for _, c := range []struct {
		name   string
		config []string
		setup  func(*testing.T, *sshdtest.Server)
		jump   string
		want   string
	}{
		{"accept-new", acceptNew, forget, "", added},
		{"no", []string{"StrictHostKeyChecking no"}, forget, "", added},
		{"off, and told to say little", []string{"StrictHostKeyChecking off", "LogLevel QUIET"}, forget, "", added},
		{"nowhere to write it", []string{"StrictHostKeyChecking no", "UserKnownHostsFile /dev/null"}, forget, "", added},
		{"for that host only", []string{"Host 127.0.0.1", "StrictHostKeyChecking accept-new"}, forget, "", added},
		{"a jump host", acceptNew, forget, "manager", added},
		{"a host before the jump host", acceptNew, forget, "127.0.0.1,ssh://127.0.0.1:PORT/", added},
		{"a key that changed", []string{"StrictHostKeyChecking no"}, change, "", changed},
		{"a known key", acceptNew, nil, "", ""},
		{"a known key, without checks", []string{"StrictHostKeyChecking no"}, nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startSSHD(t)
			configure(t, s, c.config...)
			if c.setup != nil {
				c.setup(t, s)
			}
			fill := strings.NewReplacer("PORT", s.Port)
			var told []string
			warn := func(w error) { told = append(told, w.Error()) }
			n := opened(t, ec2.Options{SSH: ec2.SSH{Jump: fill.Replace(c.jump), Warn: warn}})
			for range 2 {
				if _, err := n.Exec(t.Context(), "true"); err != nil {
					t.Fatal(err)
				}
			}
			want := fill.Replace(c.want)
			all := strings.Join(told, "\n")
			isTold := len(told) == 1 && strings.Contains(all, "without asking") && strings.Contains(all, want)
			if isTold != (want != "") || len(told) > 0 && want == "" {
				t.Errorf("it tells %q, not %q", told, want)
			}
		})
	}
}

func TestOnlyLooks(t *testing.T) {
	for command, want := range map[string]bool{
		"docker info": true, "docker -H tcp://10.0.0.1:2375 info --format {{.Name}}": true, "docker ps --all": true,
		"docker network ls": true, "docker network inspect mynet": true, "journalctl --unit docker --no-pager --lines 20": true,
		"journalctl --unit docker --no-pager --lines 20 --rotate": false, "journalctl --unit docker --cursor-file=x": false,
		"docker run x": false, "docker network rm mynet": false, "docker network": false, "docker -H unix:///x rm y": false,
		"docker -H tcp://10.0.0.1:2375 rm x": false, "sh -c reboot": false, "journalctl --vacuum-size=1": false, "docker": false, "": false,
	} {
		if got := ec2.OnlyLooks(strings.Fields(command)); got != want {
			t.Errorf("%q: %v", command, got)
		}
	}
}

// childVariable tells this test's program to be a command that logs in.
const childVariable = "EC2_TEST_CHILD"

// TestChild logs in as a command does, and says what came of it.
func TestChild(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("other tests run it")
	}
	i, err := ec2.Read("f", []byte("manager: manager\nnodes: [{name: manager, address: 127.0.0.1}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	target, err := ec2.Open(ec2.Options{Inventory: i, SSH: ec2.SSH{Jump: "manager", Interact: func(do func() error) error { return do() }}})
	if err != nil {
		t.Fatal(err)
	}
	target.LogIn(t.Context())
	nodes, _ := target.Nodes(t.Context())
	r, err := nodes[0].Exec(t.Context(), "echo", "logged in")
	fmt.Printf("%s%v\n", r.Stdout, err)
	if os.Getenv(childVariable) == "stay" {
		time.Sleep(time.Hour)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
}

// child returns TestChild as a command.
func child(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childVariable+"="+what)
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
	})
	return cmd
}

// On a terminal ssh itself asks, and nothing is accepted that a person does not.
func TestTerminal(t *testing.T) {
	unknown := func(t *testing.T, s *sshdtest.Server) { s.Write(t, "known", 0o600) }
	for _, c := range []struct {
		name             string
		setup            func(*testing.T, *sshdtest.Server)
		asks, says, ends string
	}{
		{"a passphrase", encrypt, "Enter passphrase for", "secret\n", "logged in"},
		{"an unknown host", unknown, "authenticity of host", "yes\n", "logged in"},
		{"an unknown host that is not the right one", unknown, "authenticity of host", "no\n", "its host key is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startSSHD(t, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
			c.setup(t, s)
			tty, err := pty.Start(child(t, "end"))
			if err != nil {
				t.Fatal(err)
			}
			defer tty.Close()
			said, answered := "", false
			for !strings.Contains(said, c.ends) {
				p := make([]byte, 4096)
				n, err := tty.Read(p)
				if err != nil {
					t.Fatalf("%v after:\n%s", err, said)
				}
				said += string(p[:n])
				if !answered && strings.Contains(said, c.asks) {
					answered = true
					_, _ = io.WriteString(tty, c.says)
				}
			}
			if !answered {
				t.Errorf("nothing was asked:\n%s", said)
			}
			_, _ = io.Copy(io.Discard, tty) // until the command has ended
		})
	}
}

// TestExecOnTerminal: a command has a terminal, its kind, its size, and all keys.
func TestExecOnTerminal(t *testing.T) {
	startSSHD(t)
	n := opened(t, through).(harness.TerminalNode)
	const script = `trap 'echo interrupted' INT; echo $TERM; until [ "$(stty size)" = "40 80" ]; do sleep 0.05; done
echo ready; until [ "$(stty size)" = "40 60" ]; do sleep 0.05; done; echo resized
until read line; do :; done; echo "got $line"; exit 7`
	keys, typed := io.Pipe()
	shown, out := io.Pipe()
	sizes := make(chan [2]uint, 1)
	sizes <- [2]uint{80, 40}
	type end struct {
		code int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		tty := harness.Terminal{In: keys, Out: out, Kind: "vt220", Sizes: sizes}
		code, err := n.ExecOnTerminal(t.Context(), tty, "sh", "-c", script)
		_ = out.Close()
		ended <- end{code, err}
	}()
	lines := bufio.NewScanner(shown)
	waitFor := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("it ended without %q: %v", want, <-ended)
	}
	waitFor("vt220")
	waitFor("ready")
	sizes <- [2]uint{60, 40}
	waitFor("resized")
	_, _ = io.WriteString(typed, "\x03")
	waitFor("interrupted")
	_, _ = io.WriteString(typed, "a line\r")
	waitFor("got a line")
	_ = typed.Close()
	_, _ = io.Copy(io.Discard, shown)
	if e := <-ended; e.code != 7 || e.err != nil {
		t.Errorf("exit code %d, %v", e.code, e.err)
	}
}

// TestExecOnTerminalEnds: a command that goes on does not keep labcheck.
func TestExecOnTerminalEnds(t *testing.T) {
	startSSHD(t)
	n := opened(t, through).(harness.TerminalNode)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	keys, typed := io.Pipe()
	defer func() { _ = typed.Close() }()
	shown, out := io.Pipe()
	go func() {
		_, _ = bufio.NewReader(shown).ReadString('\n')
		cancel()
		_, _ = io.Copy(io.Discard, shown)
	}()
	sizes := make(chan [2]uint, 1)
	sizes <- [2]uint{80, 40}
	tty := harness.Terminal{In: keys, Out: out, Kind: "vt220", Sizes: sizes}
	_, err := n.ExecOnTerminal(ctx, tty, "sh", "-c", "echo began; exec sleep 1000")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	_ = out.Close()
}

// TestKilledAtAnyMoment: nothing is left of a command that a signal ends at any moment,
// also before ssh is logged in.
func TestKilledAtAnyMoment(t *testing.T) {
	s := startSSHD(t)
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT}
	const moments = 12
	for i := range moments {
		cmd := child(t, "stay")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 50 * time.Millisecond)        // into the middle of what it does
		_ = syscall.Kill(-cmd.Process.Pid, signals[i%len(signals)]) // as a terminal does, to all of the group
		_ = cmd.Wait()
	}
	waitUntilNothingIsLeft(t, s)
}

// TestKilledWithSocketFolder: nothing is left of a command that is killed as soon as the
// folder of its socket is there.
func TestKilledWithSocketFolder(t *testing.T) {
	s := startSSHD(t)
	cmd := child(t, "stay")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if left, err := filepath.Glob(filepath.Join(os.TempDir(), harness.SocketDirs)); err != nil {
			t.Fatal(err)
		} else if len(left) > 0 {
			break
		}
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait() // it was killed
	waitUntilNothingIsLeft(t, s)
}

// Nothing is left of a command that is killed: neither ssh, nor the login, nor a
// file.
func TestKilled(t *testing.T) {
	s := startSSHD(t)
	cmd := child(t, "stay")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "logged in\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if len(children(t, s)) == 0 {
		t.Fatal("nobody is logged in")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	waitUntilNothingIsLeft(t, s)
}

// waitUntilNothingIsLeft waits until there is neither a file nor a process nor a login of
// a command that has ended.
func waitUntilNothingIsLeft(t *testing.T, s *sshdtest.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	err := harness.Until(ctx, 50*time.Millisecond, func(context.Context) error {
		files, _ := filepath.Glob(filepath.Join(os.TempDir(), "*"))
		processes, _ := exec.Command("pgrep", "-f", os.TempDir()).Output() // fails if there are none
		if all := children(t, s); len(files)+len(processes)+len(all) > 0 {
			return fmt.Errorf("files %q, processes %q, logins %q", files, processes, all)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
