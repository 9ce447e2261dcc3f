package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"labcheck/harness"
)

// node is a host on which one listener answers for every port.
type node struct{ listener net.Addr }

func (node) Name() string     { return "manager" }
func (node) Addr() netip.Addr { return netip.MustParseAddr("192.168.33.11") }

func (node) Exec(context.Context, ...string) (harness.Result, error) {
	return harness.Result{}, errors.ErrUnsupported
}

func (n node) Dial(ctx context.Context, _ uint16) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", n.listener.String())
}

// listen has serve answer each connection.
func listen(t *testing.T, serve func(net.Conn)) node {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return node{l.Addr()}
}

func swallow(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func say(w io.Writer, what string) { _, _ = io.WriteString(w, what) }

func always200(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { say(w, body) }
}

func answer(t *testing.T, handler http.HandlerFunc) node {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return node{s.Listener.Addr()}
}

// refusing is a host where nothing listens any more.
func refusing(t *testing.T) node {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return node{l.Addr()}
}

// TestKinds: what a caller can tell apart, whatever the service is asked.
func TestKinds(t *testing.T) {
	for name, test := range map[string]struct {
		node node
		want error
	}{
		"nothing listens":   {refusing(t), ErrRefused},
		"silent":            {listen(t, swallow), ErrTimeout},
		"closes":            {listen(t, func(net.Conn) {}), ErrClosed},
		"not HTTP":          {listen(t, func(c net.Conn) { say(c, "SSH-2.0-OpenSSH_9.2\r\n") }), ErrWrongService},
		"another HTTP":      {answer(t, http.NotFound), ErrWrongService},
		"answers anything":  {answer(t, always200("<html>")), ErrWrongService},
		"answers with JSON": {answer(t, always200(`"x"`)), ErrWrongService},
		"an empty object":   {answer(t, always200(`{}`)), ErrWrongService},
	} {
		t.Run(name, func(t *testing.T) {
			within := time.Minute // only who is silent is to be given up
			if errors.Is(test.want, ErrTimeout) {
				within = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			engine, err1 := Connect(test.node, harness.EnginePort)
			consul, err2 := ConnectConsul(test.node, harness.ConsulPort)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			_, info := engine.Info(ctx)
			_, version := consul.Version(ctx)
			_, listed := engine.Containers(ctx)
			for asked, err := range map[string]error{"ping": engine.Ping(ctx), "info": info, "consul": version, "containers": listed} {
				if !errors.Is(err, test.want) {
					t.Errorf("%s: %v, want %v", asked, err, test.want)
				}
			}
		})
	}
}

// TestEnvironment: what a user has set for their own Docker and Consul is about
// others than these.
func TestEnvironment(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
		"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_API_VERSION": "1.12", "DOCKER_TLS_VERIFY": "1",
		"CONSUL_HTTP_ADDR": "127.0.0.1:1", "CONSUL_HTTP_TOKEN": "secret", "CONSUL_HTTP_TOKEN_FILE": secret,
		"CONSUL_HTTP_SSL": "true", "CONSUL_NAMESPACE": "mine", "CONSUL_PARTITION": "mine", "CONSUL_HTTP_AUTH": "me:secret",
	} {
		t.Setenv(name, value)
	}
	n := answer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Consul-Token") != "" || r.Header.Get("Authorization") != "" || r.URL.RawQuery != "" {
			t.Errorf("%s with %v", r.URL, r.Header)
		}
		switch r.URL.Path {
		case "/v1/agent/self":
			say(w, `{"Config": {"Version": "1.8.7"}}`)
		case "/_ping":
			w.Header().Set("API-Version", "1.41")
		case "/v1.41/networks":
			say(w, `[]`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	engine, err1 := Connect(n, harness.EnginePort)
	consul, err2 := ConnectConsul(n, harness.ConsulPort)
	_, err3 := engine.Networks(t.Context())
	version, err4 := consul.Version(t.Context())
	if err := errors.Join(err1, err2, err3, err4); err != nil || version != "1.8.7" {
		t.Errorf("%q, %v", version, err)
	}
	// What HTTP_PROXY is, net/http reads once in a process's life.
	if engine.transport.Proxy != nil || consul.transport.Proxy != nil {
		t.Error("a proxy is used")
	}
}

func TestErrorsSayWhere(t *testing.T) {
	engine, err := Connect(refusing(t), harness.SwarmPort)
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Info(t.Context())
	want := `manager (192.168.33.11:3375): info: connection refused: Get "http://192.168.33.11:3375/info": nothing listens`
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestOpen(t *testing.T) {
	topology := harness.Tutorial()
	if _, err := Open(topology, []harness.Node{node{}}); fmt.Sprint(err) != "host frontend01 has no node" {
		t.Error(err)
	}
	topology.Manager.Addr = netip.MustParseAddr("192.168.33.12")
	if _, err := Open(topology, []harness.Node{node{}}); fmt.Sprint(err) != "host manager has the address 192.168.33.12, its node 192.168.33.11" {
		t.Error(err)
	}
	topology = harness.Tutorial()
	topology.Members = nil
	c, err := Open(topology, []harness.Node{node{}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Engine("manager") == nil || c.Engine("frontend01") != nil || c.Node("manager") == nil || c.Swarm() == nil || c.Consul() == nil {
		t.Errorf("%+v", c)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestReplicaConnections: what is asked of a Swarm manager that may be a replica
// is asked on a connection of its own.
func TestReplicaConnections(t *testing.T) {
	topology := harness.Tutorial()
	topology.Members = nil
	for replicas, want := range map[int]int{0: 1, 1: 3} {
		from := map[string]bool{}
		n := answer(t, func(w http.ResponseWriter, r *http.Request) {
			from[r.RemoteAddr] = true
			w.Header().Set("API-Version", "1.41")
			say(w, "{}")
		})
		topology.Replicas = replicas
		c, err := Open(topology, []harness.Node{n})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := c.Swarm().Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(from) != want {
			t.Errorf("%d replicas: %d connections, not %d", replicas, len(from), want)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
