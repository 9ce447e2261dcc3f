package sim

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An engine with TLS files can be reached without them for as long as it takes:
// not longer, also by who does not hang up.
func TestPlainHostNeedsNoFiles(t *testing.T) {
	server := httptest.NewUnstartedServer(nameOnly("tls"))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	e, err := environmentOf(t, "DOCKER_HOST=tcp://"+server.Listener.Addr().String(), "DOCKER_TLS_VERIFY=1",
		"DOCKER_CERT_PATH="+tlsFiles(t, server.TLS.Certificates[0])).findEndpoint()
	if err != nil {
		t.Fatal(err)
	}
	k, err := openLink(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	host, done, err := k.plainHost()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := openLink(t.Context(), endpointAt(host))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if v, err := plain.client.ServerVersion(t.Context()); v.Version != "tls" {
		t.Errorf("%+v, %v", v, err)
	}
	path := strings.TrimPrefix(host, "unix://")
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's directory: %v, %v", info, err)
	}
	held, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	done()
	if _, err := held.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlives the socket")
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the socket's directory: %v", err)
	}
}
