// Package sshdtest runs OpenSSH's sshd on loopback for tests, and has the ssh in PATH
// read a configuration of the test's own.
package sshdtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
)

// Server is a running sshd. Its directory has the key of the host, the key that it
// lets in, and the configurations.
type Server struct {
	Dir  string
	Port string
	Cmd  *exec.Cmd
}

// client runs the real ssh with a configuration in the place of the user's.
const client = `#!/bin/sh
case $* in
"-F /dev/stdin"*) sed 's|~/.ssh/config|%[2]s|' | %[1]s "$@"; exit;;
"-F "*) exec %[1]s "$@";;
esac
exec %[1]s -F %[2]s "$@"`

// UseConfig has the ssh in PATH read a configuration in the place of the user's.
func UseConfig(t testing.TB, config string) {
	t.Helper()
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ssh"), fmt.Appendf(nil, client, ssh, config), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// Start starts the program sshd with options of its configuration.
func Start(t testing.TB, sshd string, options ...string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "sshd") // t.TempDir's name may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{Dir: dir, Port: freePort(t)}
	MakeKey(t, s.Path("host"))
	MakeKey(t, s.Path("key"))
	s.Write(t, "config", 0o600)
	UseConfig(t, s.Path("config"))
	s.Write(t, "sshd_config", 0o600, append(options, "Port "+s.Port, "ListenAddress 127.0.0.1",
		"HostKey "+s.Path("host"), "AuthorizedKeysFile "+s.Path("key.pub"), "PidFile none", "StrictModes no", "UsePAM no")...)
	if os.Getuid() == 0 { // where sshd of root separates its privileges
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.Cmd = exec.Command(sshd, "-D", "-e", "-f", s.Path("sshd_config"))
	s.Restart(t)
	t.Cleanup(s.stop)
	return s
}

// Restart starts sshd again after it was stopped, and waits until it listens.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.stop()
	s.Cmd = exec.Command(s.Cmd.Path, s.Cmd.Args[1:]...)
	if err := s.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := harness.Until(ctx, 20*time.Millisecond, func(context.Context) error {
		c, err := net.Dial("tcp", s.Addr())
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Server) stop() {
	if s.Cmd.Process != nil {
		_ = s.Cmd.Process.Kill()
		_ = s.Cmd.Wait()
	}
}

// Addr returns where sshd listens.
func (s *Server) Addr() string { return "127.0.0.1:" + s.Port }

// Path returns the path of a file of the directory.
func (s *Server) Path(name string) string { return filepath.Join(s.Dir, name) }

// Write writes a file of the directory.
func (s *Server) Write(t testing.TB, name string, mode os.FileMode, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.Path(name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path(name), []byte(strings.Join(lines, "\n")+"\n"), mode); err != nil {
		t.Fatal(err)
	}
}

// MakeKey makes a key, with arguments of ssh-keygen for one that is special, and
// returns its public half.
func MakeKey(t testing.TB, file string, args ...string) string {
	t.Helper()
	if len(args) == 0 {
		args = []string{"-t", "ed25519", "-N", ""}
	}
	Run(t, "ssh-keygen", append([]string{"-q", "-f", file}, args...)...)
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(public))
}

// Run runs a program that is to succeed, and returns what it writes.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return strings.TrimSpace(string(out))
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
