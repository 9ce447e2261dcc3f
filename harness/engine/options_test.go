package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// certificate is a self-signed one for the address of the tests' node, as files.
func certificate(t *testing.T) (dir string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{node{}.Addr().AsSlice()}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err1 := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	keyDER, err2 := x509.MarshalPKCS8PrivateKey(key)
	dir = t.TempDir()
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	err3 := os.WriteFile(filepath.Join(dir, "ca.pem"), certPEM, 0o600)
	err4 := os.WriteFile(filepath.Join(dir, "cert.pem"), certPEM, 0o600)
	err5 := os.WriteFile(filepath.Join(dir, "key.pem"), keyPEM, 0o600)
	pair, err6 := tls.X509KeyPair(certPEM, keyPEM)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	return dir, pair
}

// services answers as an engine and as a Consul that want to be shown a token.
func services(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/v1/kv/" && r.Header.Get("X-Consul-Token") == "right":
		say(w, `["docker/nodes/10.0.0.1:2375"]`)
	case r.URL.Path == "/v1/kv/":
		http.Error(w, "ACL not found", http.StatusForbidden)
	default:
		w.Header().Set("API-Version", "1.41")
		say(w, `{"Name": "manager"}`)
	}
}

func serve(t *testing.T, pair *tls.Certificate) node {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(services))
	server.Config.ErrorLog = nil
	if pair == nil {
		server.Start()
	} else {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{*pair}}
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	return node{server.Listener.Addr()}
}

func TestTLS(t *testing.T) {
	dir, pair := certificate(t)
	otherDir, _ := certificate(t)
	t.Setenv("DOCKER_CERT_PATH", dir)
	fromEnv, err1 := FromEnv("", "", "")
	right := fromEnv.TLS
	inOther := func(name string) string { return filepath.Join(otherDir, name) }
	other, err2 := LoadTLS(inOther("ca.pem"), inOther("cert.pem"), inOther("key.pem"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		server *tls.Certificate
		client *tls.Config
		want   error
	}{
		"both":             {&pair, right, nil},
		"neither":          {nil, nil, nil},
		"the server alone": {&pair, nil, ErrTLS},
		"the client alone": {nil, right, ErrTLS},
		"no trust":         {&pair, other, ErrTLS},
	} {
		t.Run(name, func(t *testing.T) {
			n := serve(t, test.server)
			o := Options{TLS: test.client, ConsulTLS: test.client, ConsulToken: "right"}
			e, err1 := o.connectPort(n, 2375)
			c, err2 := o.connectConsul(n, 8500)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Info(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("the engine: %v", err)
			}
			if _, err := c.Keys(t.Context(), ""); !errors.Is(err, test.want) {
				t.Errorf("Consul: %v", err)
			}
		})
	}
	if _, err := LoadTLS(filepath.Join(dir, "nothing.pem"), "", ""); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestConsulToken(t *testing.T) {
	n := serve(t, nil)
	for token, want := range map[string]error{"right": nil, "wrong": ErrDenied, "": ErrDenied} {
		t.Setenv("CONSUL_HTTP_TOKEN", token)
		o, err := Options{}.ConsulFromEnv()
		if err != nil {
			t.Fatal(err)
		}
		// What the environment says counts where it was asked for, and only there.
		t.Setenv("CONSUL_HTTP_TOKEN", "right")
		c, err := o.connectConsul(n, 8500)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Keys(t.Context(), ""); !errors.Is(err, want) {
			t.Errorf("the token %q: %v", token, err)
		}
	}
}

func TestConsulFromEnv(t *testing.T) {
	dir, pair := certificate(t)
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONSUL_HTTP_TOKEN_FILE", token)
	t.Setenv("CONSUL_HTTP_SSL", "true")
	t.Setenv("CONSUL_CACERT", filepath.Join(dir, "ca.pem"))
	o, err := Options{}.ConsulFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	c, err := o.connectConsul(serve(t, &pair), 8500)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := c.Keys(t.Context(), ""); err != nil || len(keys) != 1 {
		t.Errorf("with the environment's TLS and token: %v, %v", keys, err)
	}
	t.Setenv("CONSUL_HTTP_TOKEN_FILE", filepath.Join(dir, "nothing"))
	if _, err := (Options{}).ConsulFromEnv(); err == nil {
		t.Error("a token's file that is not there was read")
	}
}

// TestTokenFromEnv: what a file with the line ends of Windows leaves around a token goes;
// a token that no header can hold is refused before anything is asked.
func TestTokenFromEnv(t *testing.T) {
	for set, want := range map[string]string{"abc\r": "abc", "\tabc \r\n": "abc", "abc": "abc", "a\rbc": ""} {
		t.Setenv("CONSUL_HTTP_TOKEN", set)
		o, err := Options{}.ConsulFromEnv()
		if (err == nil) != (want != "") || err == nil && o.ConsulToken != want {
			t.Errorf("%q: %q, %v", set, o.ConsulToken, err)
		}
	}
}

// TestVariablesThatCantBeRight: what Consul's own programs pass over with a warning, or
// ask the user for, is an error that names the variable.
func TestVariablesThatCantBeRight(t *testing.T) {
	dir := t.TempDir()
	text, control := filepath.Join(dir, "text"), filepath.Join(dir, "control")
	err1, err2 := os.WriteFile(text, []byte("x\n"), 0o600), os.WriteFile(control, []byte("a\rb"), 0o600)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, value, more, named string }{
		{"CONSUL_HTTP_SSL", "yes", "", "CONSUL_HTTP_SSL can't"},
		{"CONSUL_HTTP_SSL", "on", "", "CONSUL_HTTP_SSL can't"},
		{"CONSUL_HTTP_SSL", " true", "", "CONSUL_HTTP_SSL can't"},
		{"CONSUL_HTTP_SSL_VERIFY", "no", "", "CONSUL_HTTP_SSL_VERIFY can't"},
		{"CONSUL_HTTP_TOKEN", "a\nb", "", "CONSUL_HTTP_TOKEN can't"},
		{"CONSUL_HTTP_TOKEN_FILE", filepath.Join(dir, "nothing"), "", "CONSUL_HTTP_TOKEN_FILE can't"},
		{"CONSUL_HTTP_TOKEN_FILE", dir, "", "CONSUL_HTTP_TOKEN_FILE can't"},
		{"CONSUL_HTTP_TOKEN_FILE", control, "", "CONSUL_HTTP_TOKEN_FILE can't"},
		{"CONSUL_CACERT", text, "true", "TLS of Consul"},
		{"CONSUL_CAPATH", filepath.Join(dir, "nothing"), "true", "TLS of Consul"},
		{"CONSUL_CLIENT_CERT", text, "true", "TLS of Consul"},
		{"CONSUL_CLIENT_KEY", text, "true", "TLS of Consul"},
		{"DOCKER_CERT_PATH", dir, "", "DOCKER_CERT_PATH can't"},
		{"DOCKER_CERT_PATH", filepath.Join(dir, "nothing"), "", "DOCKER_CERT_PATH can't"},
		{"DOCKER_CERT_PATH", "", "", ""},
		{"CONSUL_HTTP_SSL", "1", "", ""},
		{"CONSUL_HTTP_SSL", "TRUE", "", ""},
		{"CONSUL_HTTP_SSL_VERIFY", "false", "true", ""},
		{"CONSUL_CACERT", text, "", ""}, // of no use without TLS
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Setenv("CONSUL_HTTP_SSL", test.more)
			t.Setenv(test.name, test.value)
			_, err := FromEnv("", "", "")
			var wrong *harness.SettingError
			switch {
			case test.named == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &wrong):
				t.Errorf("%T: %v", err, err)
			case !strings.HasPrefix(err.Error(), test.named), strings.Contains(err.Error(), "\n"),
				wrong.HintIn(lang.English) == "":
				t.Errorf("%v (%s)", err, wrong.HintIn(lang.English))
			}
		})
	}
}

// A client that is to look only sends nothing else.
func TestReadOnly(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			asked++
		}
		services(w, r)
	}))
	t.Cleanup(server.Close)
	for _, readOnly := range []bool{true, false} {
		asked = 0
		c, err := Options{ReadOnly: readOnly}.connectPort(node{server.Listener.Addr()}, 2375)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		all := map[string]func(context.Context) error{
			"run":            func(ctx context.Context) error { _, err := c.Run(ctx, RunSpec{Image: "x"}); return err },
			"stop":           func(ctx context.Context) error { return c.Stop(ctx, "x") },
			"remove":         func(ctx context.Context) error { return c.Remove(ctx, "x") },
			"create network": func(ctx context.Context) error { return c.CreateNetwork(ctx, "x", "overlay", netip.Prefix{}) },
			"exec":           func(ctx context.Context) error { _, err := c.Exec(ctx, "x", "true"); return err },
			"pull":           func(ctx context.Context) error { return c.Pull(ctx, "x") },
		}
		for name, do := range all {
			if err := do(t.Context()); errors.Is(err, ErrReadOnly) != readOnly {
				t.Errorf("%s: %v", name, err)
			}
		}
		if (asked == 0) != readOnly {
			t.Errorf("read-only %v: %d changing requests were sent", readOnly, asked)
		}
	}
}
