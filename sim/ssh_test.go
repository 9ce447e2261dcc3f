//go:build unix

package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/prereq"
	"labcheck/harness/sshdtest"
)

// startSSHD starts sshd with a docker CLI behind it whose engine is at an address.
func startSSHD(t *testing.T, engine string, options ...string) *sshdtest.Server {
	t.Helper()
	program := prereq.Program(t, "/usr/sbin/sshd", "apt-get install openssh-server")
	s := sshdtest.Start(t, program, append(options, "SetEnv DOCKER_HOST="+engine)...)
	s.Write(t, "config", 0o600, "IdentityFile "+s.Path("key"), "IdentitiesOnly yes",
		"UserKnownHostsFile "+s.Path("known"), "StrictHostKeyChecking accept-new")
	return s
}

// engineBehind returns the address of the engine behind sshd.
func engineBehind(t *testing.T, s *sshdtest.Server) string {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return "ssh://" + me.Username + "@127.0.0.1:" + s.Port
}

// An engine behind ssh is the one that the docker CLI finds there: its own
// choice on the other machine, or the path in the address.
func TestSSHIsTheDockerCLIs(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // other processes may have sockets, too
	d := newDockerCLI(t)
	far, other := serveUnix(t, "far"), serveUnix(t, "other")
	s := startSSHD(t, far)
	host := engineBehind(t, s)
	if _, err := d.run(nil, "context", "create", "by-ssh", "--docker", "host="+host); err != nil {
		t.Fatal(err)
	}
	d.compare(t, "by-ssh")
	d.compare(t, "", "DOCKER_HOST="+host)
	d.compare(t, "", "DOCKER_HOST="+host+strings.TrimPrefix(other, "unix://"))
	d.compare(t, "", "DOCKER_HOST="+host+"/nonexistent")
	if got, err := d.answering(t.Context(), "by-ssh", nil); got != "far" {
		t.Errorf("the context reaches %q: %v", got, err)
	}
	server := httptest.NewServer(nameOnly("tcp"))
	defer server.Close()
	d.compare(t, "", "DOCKER_HOST="+engineBehind(t, startSSHD(t, "tcp://"+server.Listener.Addr().String())))
	left, err := filepath.Glob(filepath.Join(os.TempDir(), harness.SocketDirs))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A lab has dozens of connections at a time: more than sshd takes logins and
// sessions.
func TestSSHCarriesManyConnections(t *testing.T) {
	const many = 40
	var all sync.WaitGroup
	all.Add(many)
	dir := filepath.Dir(strings.TrimPrefix(serveUnix(t, ""), "unix://"))
	l, err := net.Listen("unix", filepath.Join(dir, "many"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/version") {
			all.Done()
			all.Wait() // each waits for all others to be there
		}
		nameOnly("many").ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	s := startSSHD(t, "unix://"+l.Addr().String(), "MaxStartups 2", "MaxSessions 1")
	k, err := openLink(t.Context(), endpointAt(engineBehind(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	group, ctx := errgroup.WithContext(t.Context())
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for range many {
		group.Go(func() error {
			_, err := k.client.ServerVersion(ctx)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// What ssh says is what is said.
func TestSSHThatFails(t *testing.T) {
	s := startSSHD(t, "unix:///nonexistent")
	wants := func(host, want string) {
		t.Helper()
		k, err := openLink(t.Context(), endpointAt(host))
		if err == nil {
			k.Close()
		}
		if !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %s", host, err, want)
		}
	}
	wants(engineBehind(t, s), "open failed")
	wants("ssh://127.0.0.1:1", "port 1: Connection refused")
	wants("ssh://", "hostname is empty")
	wants("ssh://a:b@c", "plain-text password is not supported")
	for engine, want := range map[string]string{
		"ssh://elsewhere":    "docker on that machine uses ssh://elsewhere",
		"npipe:////./pipe/x": "docker on that machine uses npipe:",
	} {
		wants(engineBehind(t, startSSHD(t, engine)), want)
	}
	s = startSSHD(t, "unix:///nonexistent")
	if err := os.Rename(s.Path("key.pub"), s.Path("moved")); err != nil {
		t.Fatal(err)
	}
	wants(engineBehind(t, s), "Permission denied")
	t.Setenv("PATH", t.TempDir())
	_, err := openLink(t.Context(), endpointAt("ssh://host"))
	var refused *harness.HintError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "needs ssh, which is not installed here") {
		t.Errorf("with no ssh: %v", err)
	}
}

// TestSSHTellsAcceptedKey: a host key that ssh accepts because the user's configuration
// says so is told once, and a known one is not.
func TestSSHTellsAcceptedKey(t *testing.T) {
	far := serveUnix(t, "far")
	s := startSSHD(t, far)
	host := engineBehind(t, s)
	want := "Warning: Permanently added '[127.0.0.1]:" + s.Port + "' (ED25519) to the list of known hosts."
	for _, address := range []string{host, host + strings.TrimPrefix(far, "unix://")} {
		if err := os.RemoveAll(s.Path("known")); err != nil {
			t.Fatal(err)
		}
		for _, isKnown := range []bool{false, true} {
			k, err := openLink(t.Context(), endpointAt(address))
			if err != nil {
				t.Fatal(err)
			}
			if told := fmt.Sprint(k.warning); strings.HasSuffix(told, want) == isKnown || isKnown && k.warning != nil {
				t.Errorf("%s, known: %t: it tells %q", address, isKnown, told)
			}
			if err := k.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A machine that does not answer any more does not keep a command from ending.
func TestSSHThatHangs(t *testing.T) {
	s := startSSHD(t, serveUnix(t, "far"))
	k, err := openLink(t.Context(), endpointAt(engineBehind(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	children, err := exec.Command("pgrep", "-P", fmt.Sprint(s.Cmd.Process.Pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, child := range strings.Fields(string(children)) {
		sshdtest.Run(t, "kill", "-STOP", child)
		defer sshdtest.Run(t, "kill", "-KILL", child)
	}
	began := time.Now()
	if err := k.Close(); err != nil || time.Since(began) > goodbyeTimeout+3*time.Second {
		t.Errorf("it took %v to end: %v", time.Since(began), err)
	}
	if err := k.ssh.cmd.Process.Signal(syscall.Signal(0)); err == nil {
		t.Error("ssh is there yet")
	}
}
