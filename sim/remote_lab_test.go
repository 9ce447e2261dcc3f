//go:build lab && unix

package sim

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// passOn takes TLS connections, of clients that have a certificate, for an engine
// that is reached otherwise. It returns where, and the files for it.
func passOn(t *testing.T, k *link) (host, files string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS() // makes the certificate
	server.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: server.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go join(t, k, near)
		}
	}()
	return "tcp://" + l.Addr().String(), tlsFiles(t, server.TLS.Certificates[0])
}

// join passes a connection on.
func join(t *testing.T, k *link, near net.Conn) {
	defer near.Close()
	far, err := k.client.Dialer()(t.Context())
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.(interface{ CloseWrite() error }).CloseWrite()
	}()
	_, _ = io.Copy(near, far)
}

// A lab is made on an engine that a context reaches by TLS or ssh, by
// testcontainers too, and the watchdog reaches the same engine.
func TestUpThroughAContext(t *testing.T) {
	k, err := connect(t.Context(), newSelection("", os.Getenv), netip.Prefix{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	d := newDockerCLI(t)
	host, files := passOn(t, k)
	options := "host=" + host + ",ca=" + files + "/ca.pem,cert=" + files + "/cert.pem,key=" + files + "/key.pem"
	if _, err := d.run(nil, "context", "create", "by-tls", "--docker", options); err != nil {
		t.Fatal(err)
	}
	ssh := startSSHD(t, k.client.DaemonHost())
	if _, err := d.run(nil, "context", "create", "by-ssh", "--docker", "host="+engineBehind(t, ssh)); err != nil {
		t.Fatal(err)
	}
	// Of the command that is killed its sockets have to go, too.
	t.Setenv("TMPDIR", t.TempDir())
	for name, moment := range map[string]string{"by-tls": "node started", "by-ssh": "lab stands"} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t, "test-killed")
			before := everything(t, o.Lab)
			killAt(t, o, moment, "DOCKER_HOST=", "DOCKER_CONFIG="+d.dir, "DOCKER_CONTEXT="+name)
			awaitNothingLeft(t, o.Lab, before)
			awaitNoSockets(t)
		})
	}
}

// awaitNoSockets wants the watchdog to have removed the command's sockets and its
// own.
func awaitNoSockets(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(10*time.Second))
	defer cancel()
	err := harness.Until(ctx, 100*time.Millisecond, func(context.Context) error {
		left, err := filepath.Glob(filepath.Join(os.TempDir(), harness.SocketDirs))
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("left behind: %v", left)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
