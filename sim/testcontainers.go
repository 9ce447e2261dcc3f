package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"labcheck/harness/lang"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// runtimeName is what testcontainers knows our runtime by.
const runtimeName = "labcheck"

// openProviders has testcontainers use the engines of a lab's machines, whatever its own
// properties file and the environment say.
func openProviders(machines []*machine) error {
	quietTestcontainers()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return lang.Errorf("testcontainers: %w", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(answerInfo), ReadHeaderTimeout: connectTimeout}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()
	// It takes a runtime only once in a process, and then has its answer for good.
	_ = testcontainers.RegisterProvider(runtimeName, func() testcontainers.RuntimeProvider {
		return infoRuntime{"tcp://" + listener.Addr().String()}
	})
	for _, m := range machines {
		if m.provider, err = m.newProvider(); err != nil {
			return unreachableError(m.endpoint, err)
		}
	}
	return nil
}

// answerInfo answers what testcontainers asks an engine before it takes our client of
// another one. Its own client knows neither ssh nor the TLS files of a context.
func answerInfo(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Api-Version", client.MaxAPIVersion)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{}"))
}

// infoRuntime is the runtime of testcontainers at the address of answerInfo.
type infoRuntime struct{ host string }

// Initialize returns the address. The path of a socket is for the reaper, which is off;
// without it testcontainers would look for engines.
func (r infoRuntime) Initialize(context.Context) (testcontainers.RuntimeConfig, error) {
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
	dial := m.client.Dialer()
	engine, err := client.New(client.WithDialContext(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dial(ctx)
	}))
	if err == nil {
		p, err = testcontainers.NewDockerProvider(testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge))
	}
	if err != nil {
		return nil, lang.Errorf("testcontainers: %w", err)
	}
	p.SetClient(engine)
	return p, nil
}

// runContainer makes and starts a container on the machine.
func (m *machine) runContainer(
	ctx context.Context, image string, opts ...testcontainers.ContainerCustomizer,
) (id string, err error) {
	request := testcontainers.GenericContainerRequest{ContainerRequest: testcontainers.ContainerRequest{Image: image}}
	for _, o := range opts {
		if err := o.Customize(&request); err != nil {
			return "", err
		}
	}
	c, err := m.provider.RunContainer(ctx, request.ContainerRequest)
	if err != nil {
		return "", err
	}
	return c.GetContainerID(), nil
}

// quietTestcontainers silences testcontainers and switches its reaper off: that
// needs an image which may not be had, and would end a lab that is to outlive
// us. Only the value "true" is understood.
func quietTestcontainers() {
	_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	_ = os.Setenv("TESTCONTAINERS_PROVIDER", runtimeName)
	tclog.SetDefault(tclog.NewNoopLogger())
}
