package ec2_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"labcheck/harness"
	"labcheck/harness/ec2"
)

// sshd is an sshd on loopback that lets one key in, forwards, and runs the
// command `echo`. The lab's tests have Debian's.
type sshd struct {
	home string // with the keys and known_hosts of who logs in
	addr string // host:port
	key  ssh.Signer

	mu     sync.Mutex
	conns  []net.Conn
	silent bool // says nothing on what is connected
}

func startSSHD(t *testing.T) *sshd {
	t.Helper()
	s := &sshd{home: t.TempDir(), key: signer(t)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s.addr = l.Addr().String()
	allowed := s.makeKey(t, "key", "")
	s.makeKey(t, "other", "")
	locked := s.makeKey(t, "locked", "secret")
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if shown := string(k.Marshal()); c.User() == "ubuntu" && (shown == allowed || shown == locked) {
			return nil, nil
		}
		return nil, errors.New("no")
	}}
	config.AddHostKey(s.key)
	s.known(t, s.key.PublicKey())
	go s.accept(l, config)
	return s
}

func signer(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sshd) write(t *testing.T, name, content string) {
	t.Helper()
	file := filepath.Join(s.home, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func (s *sshd) makeKey(t *testing.T, name, passphrase string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, name)
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, name, []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, ".ssh/"+name, string(pem.EncodeToMemory(block)))
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(p.Marshal())
}

// known makes a key the one that is known of the host.
func (s *sshd) known(t *testing.T, key ssh.PublicKey) {
	t.Helper()
	host, port, _ := net.SplitHostPort(s.addr)
	s.write(t, ".ssh/known_hosts", fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(key)))
}

// hush has it accept connections and say nothing.
func (s *sshd) hush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

func (s *sshd) accept(l net.Listener, config *ssh.ServerConfig) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		silent := s.silent
		s.mu.Unlock()
		if !silent {
			go s.serve(conn, config)
		}
	}
}

func (s *sshd) serve(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		go func() {
			if c.ChannelType() == "session" {
				echo(c)
				return
			}
			forward(c)
		}()
	}
}

func forward(c ssh.NewChannel) {
	var to struct {
		Host string
		Port uint32
		From string
		At   uint32
	}
	if ssh.Unmarshal(c.ExtraData(), &to) != nil || to.Port == 1 {
		_ = c.Reject(ssh.Prohibited, "administratively prohibited")
		return
	}
	out, err := net.Dial("tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
	if err != nil {
		_ = c.Reject(ssh.ConnectionFailed, "Connection refused") // as OpenSSH says it
		return
	}
	in, requests, err := c.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	go func() { _, _ = io.Copy(in, out) }()
	_, _ = io.Copy(out, in)
}

func echo(c ssh.NewChannel) {
	stream, requests, err := c.Accept()
	if err != nil {
		return
	}
	for q := range requests {
		var command struct{ Line string }
		_ = ssh.Unmarshal(q.Payload, &command)
		_ = q.Reply(true, nil)
		if strings.Contains(command.Line, "forever") {
			continue // it runs, whatever becomes of the session
		}
		_, _ = io.WriteString(stream, command.Line)
		_, _ = stream.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(strings.Count(command.Line, "!"))}))
		_ = stream.Close()
	}
}

// cut ends all connections.
func (s *sshd) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// open gives the one node of a target that is behind the sshd.
func (s *sshd) open(t *testing.T, o ec2.SSH) (harness.Node, error) {
	t.Helper()
	i, err := ec2.Read("f", []byte("manager: manager\nnodes: [{name: manager, address: 127.0.0.1}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	o.Home, o.Jump = s.home, "ubuntu@"+s.addr
	target, err := ec2.Open(ec2.Options{Inventory: i, SSH: o})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = target.Close() })
	nodes, err := target.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return nodes[0], nil
}

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

func TestForward(t *testing.T) {
	s := startSSHD(t)
	port := greeter(t)
	n, err := s.open(t, ec2.SSH{Key: "~/.ssh/key"})
	if err != nil {
		t.Fatal(err)
	}
	said, conn, err := greeting(t.Context(), n, port)
	if err != nil || said != "hello" {
		t.Fatalf("through ssh: %q, %v", said, err)
	}
	// A cut connection says that it is one, and the next is made anew.
	s.cut()
	var lost *harness.UnreachableError
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &lost) || lost.Layer != harness.LayerSSH || !lost.Passing {
		t.Errorf("a cut connection ends with %v", err)
	}
	if said, _, err := greeting(t.Context(), n, port); err != nil || said != "hello" {
		t.Errorf("after the cut: %q, %v", said, err)
	}
	s.mu.Lock()
	if len(s.conns) != 1 {
		t.Errorf("%d ssh connections are open, not one", len(s.conns))
	}
	s.mu.Unlock()
	for port, layer := range map[uint16]harness.Layer{9: harness.LayerPort, 1: harness.LayerSSH} {
		if _, err := n.Dial(t.Context(), port); !errors.As(err, &lost) || lost.Layer != layer {
			t.Errorf("port %d: %v", port, err)
		}
	}
}

func TestExec(t *testing.T) {
	s := startSSHD(t)
	host, port, _ := net.SplitHostPort(s.addr)
	s.write(t, ".ssh/config", fmt.Sprintf("Host manager\n  HostName %s\n  Port %s\n  User ubuntu\n  IdentityFile ~/.ssh/key\n", host, port))
	i, err := ec2.Read("f", []byte("manager: manager\nnodes: [{name: manager, address: 127.0.0.1}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]ec2.Options{
		"changes": {},
		"looks":   {ReadOnly: true},
		"told":    {ReadOnly: true, Looks: func(argv []string) bool { return argv[0] == "reboot" }},
	} {
		o.Inventory, o.SSH = i, ec2.SSH{Home: s.home}
		target, err := ec2.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		defer target.Close()
		nodes, _ := target.Nodes(t.Context())
		r, err := nodes[0].Exec(t.Context(), "docker", "info", "it's $HOME")
		if err != nil || r.Stdout != `docker info 'it'\''s $HOME'` || r.Node != "manager" {
			t.Errorf("a command that looks: %+v, %v", r, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := nodes[0].Exec(ctx, "docker", "info", "forever"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
			t.Errorf("a command that does not end: %v after %s", err, time.Since(start))
		}
		_, err = nodes[0].Exec(t.Context(), "reboot", "!!!")
		var ran *harness.RunError
		if name == "looks" {
			if err == nil || !strings.Contains(err.Error(), "this run is read-only") {
				t.Errorf("a command that changes something, where only looking is allowed: %v", err)
			}
		} else if !errors.As(err, &ran) || ran.Result.ExitCode != 3 {
			t.Errorf("%s: a command that fails: %v", name, err)
		}
		log, ok := nodes[0].(harness.EngineLogger)
		if !ok {
			t.Fatal("a node does not tell its engine's log")
		}
		if said, err := log.EngineLog(t.Context(), 7); err != nil || said != `journalctl --unit docker --no-pager --lines 7` {
			t.Errorf("%s: its engine's log: %q, %v", name, said, err)
		}
	}
}

func TestLogin(t *testing.T) {
	asked := 0
	right := func(string) ([]byte, error) { asked++; return []byte("secret"), nil }
	wrong := func(string) ([]byte, error) { return []byte("wrong"), nil }
	tests := []struct {
		name  string
		ssh   ec2.SSH
		setup func(*testing.T, *sshd)
		want  []string // none: it goes well
	}{
		{name: "a key", ssh: ec2.SSH{Key: "~/.ssh/key"}},
		{name: "another one's", ssh: ec2.SSH{Key: "~/.ssh/other"}, want: []string{"sshd does not let ubuntu in (refused: the key ~/.ssh/other)"}},
		{name: "a key with a passphrase", ssh: ec2.SSH{Key: "~/.ssh/locked", Ask: right}},
		{name: "a wrong passphrase", ssh: ec2.SSH{Key: "~/.ssh/locked", Ask: wrong}, want: []string{"can't be used"}},
		{name: "nobody to ask", ssh: ec2.SSH{Key: "~/.ssh/locked"}, want: []string{"is encrypted, and there is no terminal"}},
		{name: "no key at all", want: []string{"there is no key"}},
		{
			name: "an unknown host", ssh: ec2.SSH{Key: "~/.ssh/key"}, setup: func(t *testing.T, s *sshd) { s.write(t, ".ssh/known_hosts", "") },
			want: []string{"its host key is not known: it is ssh-ed25519 SHA256:"},
		},
		{
			name: "a changed host", ssh: ec2.SSH{Key: "~/.ssh/key"}, setup: func(t *testing.T, s *sshd) { s.known(t, signer(t).PublicKey()) },
			want: []string{"its host key is not the one that is known: it is ssh-ed25519 SHA256:"},
		},
		{
			name: "a damaged known_hosts", ssh: ec2.SSH{Key: "~/.ssh/key"}, setup: func(t *testing.T, s *sshd) { s.write(t, ".ssh/known_hosts", "x\n") },
			want: []string{"the known host keys can't be read"},
		},
		{
			name: "a silent host", ssh: ec2.SSH{Key: "~/.ssh/key"}, setup: func(_ *testing.T, s *sshd) { s.hush() },
			want: []string{"did not greet as sshd within 4s"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := startSSHD(t)
			if test.setup != nil {
				test.setup(t, s)
			}
			start := time.Now()
			n, err := s.open(t, test.ssh)
			if err == nil {
				_, _, err = greeting(t.Context(), n, greeter(t))
			}
			if (err == nil) != (len(test.want) == 0) {
				t.Errorf("it ended with %v", err)
			}
			for _, want := range test.want {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			if err != nil && !errors.As(err, new(*harness.UnreachableError)) {
				t.Errorf("%v is no *UnreachableError", err)
			}
			if time.Since(start) > 10*time.Second {
				t.Errorf("it took %s", time.Since(start))
			}
		})
	}
	if asked != 1 {
		t.Errorf("the passphrase was asked for %d times", asked)
	}
}

// The command to accept a host's key is one that works.
func TestAccept(t *testing.T) {
	s := startSSHD(t)
	s.write(t, ".ssh/known_hosts", "")
	n, err := s.open(t, ec2.SSH{Key: "~/.ssh/key"})
	if err != nil {
		t.Fatal(err)
	}
	port := greeter(t)
	_, err = n.Dial(t.Context(), port)
	var lost *harness.UnreachableError
	if !errors.As(err, &lost) {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(lost.Hint.String(), "echo '")
	line, file, ok := strings.Cut(command, "' >> ")
	if !ok || file != filepath.Join(s.home, ".ssh", "known_hosts") {
		t.Fatalf("the hint is %q", lost.Hint.String())
	}
	s.write(t, ".ssh/known_hosts", line+"\n")
	if _, _, err := greeting(t.Context(), n, port); err != nil {
		t.Errorf("after %q: %v", command, err)
	}
}

func TestOnlyLooks(t *testing.T) {
	for command, want := range map[string]bool{
		"docker info": true, "docker -H tcp://10.0.0.1:2375 info --format {{.Name}}": true, "docker ps --all": true,
		"docker network ls": true, "docker network inspect mynet": true, "journalctl --unit docker": true,
		"docker run x": false, "docker network rm mynet": false, "docker network": false, "docker -H unix:///x rm y": false,
		"docker -H tcp://10.0.0.1:2375 rm x": false, "sh -c reboot": false, "journalctl --vacuum-size=1": false, "docker": false, "": false,
	} {
		if got := ec2.OnlyLooks(strings.Fields(command)); got != want {
			t.Errorf("%q: %v", command, got)
		}
	}
}
