package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"

	"labcheck/harness/lang"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// runtimeName is what testcontainers knows our runtime by.
const runtimeName = "labcheck"

// openProviders has testcontainers use the engines of a lab's machines, whatever its own
// properties file and the environment say, until the returned function is called.
func openProviders(machines []*machine) (closeAll func(), err error) {
	quietTestcontainers()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, lang.Errorf("testcontainers: %w", err)
	}
	server := &http.Server{Handler: machines[0].newProxy(), ReadHeaderTimeout: connectTimeout}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()
	// It takes a runtime only once in a process, and then has its answer for good.
	_ = testcontainers.RegisterProvider(runtimeName, func() testcontainers.RuntimeProvider {
		return proxyRuntime{"tcp://" + listener.Addr().String()}
	})
	closeAll = func() {
		for _, m := range machines {
			if m.provider != nil {
				_ = m.provider.Close() // it was of use
			}
		}
	}
	for _, m := range machines {
		if m.provider, err = m.newProvider(); err != nil {
			closeAll()
			return nil, unreachableError(m.endpoint, err)
		}
	}
	return closeAll, nil
}

// newProxy returns what passes on to the machine's engine what testcontainers asks before
// it takes our client: its own knows neither ssh nor the TLS files of a context.
func (m *machine) newProxy() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport: &http.Transport{DialContext: m.dialEngine, DisableKeepAlives: true},
	}
}

// dialEngine connects to the machine's engine, whatever the address.
func (m *machine) dialEngine(ctx context.Context, _, _ string) (net.Conn, error) {
	return m.client.Dialer()(ctx)
}

// proxyRuntime is the runtime of testcontainers at the address of a proxy.
type proxyRuntime struct{ host string }

// Initialize returns the address. The path of a socket is for the reaper, which is off;
// without it testcontainers would look for engines.
func (r proxyRuntime) Initialize(context.Context) (testcontainers.RuntimeConfig, error) {
	return testcontainers.RuntimeConfig{DockerHost: r.host, DockerSocketPath: "/var/run/docker.sock"}, nil
}

// newProvider returns the provider of testcontainers that uses the machine's engine.
// Testcontainers panics if its own settings are wrong.
func (m *machine) newProvider() (p *testcontainers.DockerProvider, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("testcontainers: %v", r)
		}
	}()
	engine, err := client.New(client.WithDialContext(m.dialEngine))
	if err == nil {
		p, err = testcontainers.NewDockerProvider(testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge))
	}
	if err != nil {
		return nil, lang.Errorf("testcontainers: %w", err)
	}
	p.SetClient(engine)
	return p, nil
}

// quietTestcontainers silences testcontainers and switches its reaper off: that
// needs an image which may not be had, and would end a lab that is to outlive
// us. Only the value "true" is understood.
func quietTestcontainers() {
	_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	_ = os.Setenv("TESTCONTAINERS_PROVIDER", runtimeName)
	tclog.SetDefault(tclog.NewNoopLogger())
}
