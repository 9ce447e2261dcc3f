package sim

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/prereq"
)

// nameOnly answers as an engine that has nothing but a version: its name.
func nameOnly(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		switch path.Base(r.URL.Path) {
		case "version":
			fmt.Fprintf(w, `{"Version": %q, "ApiVersion": "1.41"}`, name)
		case "info":
			fmt.Fprint(w, "{}")
		}
	})
}

// dockerCLI is the docker CLI of this machine, with a configuration of its own.
type dockerCLI struct {
	dir string // DOCKER_CONFIG
}

func newDockerCLI(t *testing.T) dockerCLI {
	t.Helper()
	prereq.Program(t, "docker", "apt-get install docker-cli")
	return dockerCLI{t.TempDir()}
}

// run runs the docker CLI with these variables and no others of its own.
func (d dockerCLI) run(vars []string, args ...string) (string, error) {
	cmd := exec.Command("docker", args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir, "DOCKER_CONFIG=" + d.dir}, vars...)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// serveUnix starts an engine that has nothing but a name, and returns its address.
func serveUnix(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "") // a test's own directory may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nameOnly(name))
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return "unix://" + l.Addr().String()
}

// answering returns the name of the engine that labcheck would use.
func (d dockerCLI) answering(ctx context.Context, flag string, vars []string) (string, error) {
	env := map[string]string{"DOCKER_CONFIG": d.dir}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	e, err := newSelection(flag, func(name string) string { return env[name] }).findEndpoint()
	if err != nil {
		return "", err
	}
	k, err := openLink(ctx, e)
	if err != nil {
		return "", err
	}
	defer k.Close()
	v, err := k.client.ServerVersion(ctx)
	return v.Version, err
}

// compare wants labcheck and the docker CLI to reach the same engine, or both
// none.
func (d dockerCLI) compare(t *testing.T, flag string, vars ...string) {
	t.Helper()
	args := []string{"version", "--format", "{{.Server.Version}}"}
	if flag != "" {
		args = append([]string{"--context", flag}, args...)
	}
	want, failed := d.run(vars, args...)
	got, err := d.answering(t.Context(), flag, vars)
	if (failed == nil) != (err == nil) || failed == nil && got != want {
		t.Errorf("--context=%s %v: labcheck reaches %q (%v), docker %q (%v)", flag, vars, got, err, want, failed)
	}
}

// labcheck takes the engine that the docker CLI takes, whatever names it. The
// engines here only have names; docker is the real one.
func TestEndpointIsTheDockerCLIs(t *testing.T) {
	d := newDockerCLI(t)
	for _, name := range []string{"one", "two", "three"} {
		if _, err := d.run(nil, "context", "create", name, "--docker", "host="+serveUnix(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	host := serveUnix(t, "host")
	var cases [][4]string // --context, DOCKER_HOST, DOCKER_CONTEXT, currentContext
	for _, current := range []string{"", "default", "three", "missing"} {
		for _, flag := range []string{"", "default", "one", "missing"} {
			for _, h := range []string{"", host} {
				for _, env := range []string{"", "default", "two", "missing"} {
					cases = append(cases, [4]string{flag, h, env, current})
				}
			}
		}
	}
	for config := range slices.Chunk(cases, len(cases)/4) { // of each currentContext
		content := fmt.Sprintf(`{"currentContext": %q}`, config[0][3])
		if err := os.WriteFile(filepath.Join(d.dir, "config.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var group errgroup.Group
		group.SetLimit(4)
		for _, c := range config {
			group.Go(func() error {
				d.compare(t, c[0], "DOCKER_HOST="+c[1], "DOCKER_CONTEXT="+c[2])
				return nil
			})
		}
		_ = group.Wait()
	}
	for _, broken := range []string{
		"", "{", `{"currentContext": "three", "auths": 1}`, `{"auths": 1, "currentContext": "three"}`,
	} {
		if err := os.WriteFile(filepath.Join(d.dir, "config.json"), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		d.compare(t, "")
	}
}

// DOCKER_HOST is read as the docker CLI reads it.
func TestAddressIsTheDockerCLIs(t *testing.T) {
	d := newDockerCLI(t)
	server := httptest.NewServer(nameOnly("tcp"))
	defer server.Close()
	at := server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	for _, host := range []string{
		"tcp://" + at, at, "tcp://:" + port, ":" + port, " tcp://" + at, "localhost:" + port,
		"http://" + at, "https://" + at, "tcp:" + at, "tcp://" + at + "/", "tcp://127.0.0.1:1",
		"unix://", "unix:///nonexistent", "x://y", "ssh://",
	} {
		d.compare(t, "", "DOCKER_HOST="+host)
		d.compare(t, "default", "DOCKER_HOST="+host, "DOCKER_CONTEXT=missing")
	}
}

// tlsFiles writes what a client needs for a server of httptest, which signs its
// certificate itself and is taken for the client's, too.
func tlsFiles(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"ca.pem":   {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// anotherCA is the certificate of an authority that signed nothing.
func anotherCA(t *testing.T) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TLS files, of a context or the environment, are used as the docker CLI does.
func TestTLSIsTheDockerCLIs(t *testing.T) {
	d := newDockerCLI(t)
	server := httptest.NewUnstartedServer(nameOnly("tls"))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	dir := tlsFiles(t, server.TLS.Certificates[0])
	host := "tcp://" + server.Listener.Addr().String()
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, options := range map[string]string{
		"all":      "host=" + host + ",ca=" + file("ca.pem") + ",cert=" + file("cert.pem") + ",key=" + file("key.pem"),
		"no-cert":  "host=" + host + ",ca=" + file("ca.pem"),
		"unproven": "host=" + host + ",cert=" + file("cert.pem") + ",key=" + file("key.pem") + ",skip-tls-verify=true",
		"unknown":  "host=" + host + ",cert=" + file("cert.pem") + ",key=" + file("key.pem"),
		"none":     "host=" + host,
	} {
		if _, err := d.run(nil, "context", "create", name, "--docker", options); err != nil {
			t.Fatal(name, err)
		}
		d.compare(t, name)
		// The environment's files are for DOCKER_HOST.
		d.compare(t, "", "DOCKER_CONTEXT="+name, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+dir)
	}
	if got, err := d.answering(t.Context(), "all", nil); got != "tls" {
		t.Errorf("the context with all files reaches %q: %v", got, err)
	}
	at := "DOCKER_HOST=" + host
	foreign := tlsFiles(t, server.TLS.Certificates[0])
	if err := os.WriteFile(filepath.Join(foreign, "ca.pem"), anotherCA(t), 0o600); err != nil {
		t.Fatal(err)
	}
	d.compare(t, "", at, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+foreign)
	d.compare(t, "", at, "DOCKER_TLS=1", "DOCKER_CERT_PATH="+foreign)
	d.compare(t, "", at, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+dir)
	d.compare(t, "", at, "DOCKER_TLS=1", "DOCKER_CERT_PATH="+dir)
	d.compare(t, "", at, "DOCKER_CERT_PATH="+dir)
	d.compare(t, "", at, "DOCKER_TLS_VERIFY=1")
	d.compare(t, "", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+dir)
	d.compare(t, "", at, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+dir, "DOCKER_API_VERSION=1.30")
}

// What is wrong is said with what named it.
func TestWrongContextsAreNamed(t *testing.T) {
	s := environmentOf(t)
	dir := s.configDir()
	write := func(name, content string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.json", `{"currentContext": "gone"}`)
	metaOf := func(name string) string {
		return fmt.Sprintf("contexts/meta/%x/meta.json", sha256.Sum256([]byte(name)))
	}
	write(metaOf("broken"), "{")
	write(metaOf("other"), `{"Name": "other", "Endpoints": {}}`)
	for _, test := range []struct{ flag, env, want string }{
		{"nope", "", "docker has no context nope (from --context)"},
		{"", "DOCKER_CONTEXT=lost", "docker has no context lost (from DOCKER_CONTEXT)"},
		{"", "", "docker has no context gone (from config.json)"},
		{"broken", "", "docker's context broken can't be used: "},
		{"other", "", "docker's context other can't be used: cannot find docker endpoint in context"},
		{"", "DOCKER_HOST=http://x", "DOCKER_HOST can't be used: invalid bind address format: http://x"},
	} {
		s := environmentOf(t, "DOCKER_CONFIG="+dir, test.env)
		s.context = test.flag
		if _, err := s.findEndpoint(); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("--context=%s %s: %v, not %s", test.flag, test.env, err, test.want)
		}
	}
}

// TestSettingsThatCantBeRight: a value with which no engine can be found is told in one
// sentence that names the variable, and nothing is dialled.
func TestSettingsThatCantBeRight(t *testing.T) {
	empty := t.TempDir()
	noPEM := t.TempDir()
	if err := os.WriteFile(filepath.Join(noPEM, "ca.pem"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const verify = "DOCKER_TLS_VERIFY=1"
	for _, test := range []struct {
		vars  []string
		named string // empty: an engine may be there
	}{
		{[]string{"DOCKER_HOST=tcp://127.0.0.1:0"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=tcp://127.0.0.1:99999"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=tcp://127.0.0.1:x"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=tcp://[::1"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=tcp://a b:1"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=tcp://127.0.0.1:1,tcp://127.0.0.1:2"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=http://127.0.0.1:1"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=x://y"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=fd://"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=/var/run/docker.sock"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=unix:/var/run/docker.sock"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=ssh://"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=ssh://localhost:x"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=ssh://-oProxyCommand=x"}, "DOCKER_HOST"},
		{[]string{"DOCKER_HOST=ssh://user:secret@host"}, "DOCKER_HOST"},
		{[]string{"DOCKER_CONTEXT=nope"}, "DOCKER_CONTEXT"},
		{[]string{"DOCKER_CONTEXT=../x"}, "DOCKER_CONTEXT"},
		{[]string{"DOCKER_API_VERSION=latest"}, "DOCKER_API_VERSION"},
		{[]string{"DOCKER_API_VERSION=1"}, "DOCKER_API_VERSION"},
		{[]string{"DOCKER_API_VERSION=1.41\r"}, "DOCKER_API_VERSION"},
		{[]string{verify, "DOCKER_CERT_PATH=/nonexistent"}, "DOCKER_CERT_PATH"},
		{[]string{verify, "DOCKER_CERT_PATH=" + empty}, "DOCKER_CERT_PATH"},
		{[]string{verify, "DOCKER_CERT_PATH=" + noPEM, "DOCKER_HOST=tcp://127.0.0.1:1"}, "DOCKER_CERT_PATH"},
		{[]string{verify}, "DOCKER_TLS_VERIFY"},
		{[]string{"DOCKER_TLS=1", "DOCKER_CERT_PATH=" + noPEM, "DOCKER_HOST=tcp://127.0.0.1:1"}, "DOCKER_CERT_PATH"},

		{nil, ""},
		{[]string{"DOCKER_HOST= tcp://127.0.0.1:1\r\n"}, ""},
		{[]string{"DOCKER_HOST=127.0.0.1"}, ""},
		{[]string{"DOCKER_HOST=tcp://"}, ""},
		{[]string{"DOCKER_HOST=tcp://[::1]:1"}, ""},
		{[]string{"DOCKER_HOST=tcp://127.0.0.1:1/prefix"}, ""},
		{[]string{"DOCKER_HOST=unix://"}, ""},
		{[]string{"DOCKER_HOST=unix://relative.sock"}, ""},
		{[]string{"DOCKER_HOST=ssh://user@host:2222"}, ""},
		{[]string{"DOCKER_CONTEXT=default"}, ""},
		{[]string{"DOCKER_API_VERSION=v1.41"}, ""},
		{[]string{"DOCKER_CERT_PATH=/nonexistent"}, ""}, // of no use without TLS
	} {
		_, err := environmentOf(t, test.vars...).findEndpoint()
		var wrong *harness.SettingError
		switch {
		case test.named == "":
			if err != nil {
				t.Errorf("%q: %v", test.vars, err)
			}
		case !errors.As(err, &wrong):
			t.Errorf("%q: %T: %v", test.vars, err, err)
		case !strings.Contains(err.Error(), test.named), strings.Contains(err.Error(), "\n"),
			wrong.HintIn(lang.English) == "":
			t.Errorf("%q: %v (%s)", test.vars, err, wrong.HintIn(lang.English))
		}
	}
}

// TestVersionThatTheEngineHasNot: Docker 20.10 answers so.
func TestVersionThatTheEngineHasNot(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if path.Base(r.URL.Path) != "_ping" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"message":"client version 99.99 is too new. Maximum supported API version is 1.41"}`)
		}
	}))
	defer server.Close()
	t.Setenv("DOCKER_API_VERSION", "99.99")
	_, err := connect(t.Context(), environmentOf(t, "DOCKER_HOST=tcp://"+server.Listener.Addr().String()), netip.Prefix{})
	want := "DOCKER_API_VERSION can't be used: Error response from daemon: client version 99.99 is too new"
	if !errors.As(err, new(*harness.SettingError)) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v; want %s", err, want)
	}
}
