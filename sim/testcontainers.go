package sim

import (
	"context"
	"fmt"
	"os"

	"labcheck/harness/lang"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// runtimeName is what testcontainers knows our engine by.
const runtimeName = "labcheck"

// pinTestcontainers makes testcontainers start containers on the lab's engines,
// whatever its own properties file and the environment say. The function that it
// returns is called when no more containers are started.
func pinTestcontainers(ctx context.Context, machines []*machine) (unpin func(), err error) {
	quietTestcontainers()
	var all []func()
	unpin = func() {
		for _, done := range all {
			done()
		}
	}
	for _, m := range machines {
		host, done, err := m.plainHost()
		if err != nil {
			unpin()
			return nil, err
		}
		m.plain, all = host, append(all, done)
	}
	host := machines[0].plain
	// Testcontainers takes a runtime only once in a process and holds on to it:
	// what counts is which engine it uses then.
	_ = testcontainers.RegisterProvider(runtimeName, func() testcontainers.RuntimeProvider {
		return engineRuntime{host}
	})
	used, err := testcontainersHost(ctx)
	if err == nil && used != host {
		err = lang.Errorf("testcontainers uses %s, not %s", used, host)
	}
	if err != nil {
		unpin()
		return nil, unreachableError(machines[0].endpoint, err)
	}
	return unpin, nil
}

// runContainer is testcontainers.Run on another engine than the one that testcontainers
// holds on to.
func (m *machine) runContainer(
	ctx context.Context, image string, opts ...testcontainers.ContainerCustomizer,
) (id string, err error) {
	request := testcontainers.GenericContainerRequest{ContainerRequest: testcontainers.ContainerRequest{Image: image}}
	for _, o := range opts {
		if err := o.Customize(&request); err != nil {
			return "", err
		}
	}
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge))
	if err != nil {
		return "", err
	}
	engine, err := client.New(client.WithHost(m.plain))
	if err != nil {
		return "", err
	}
	defer engine.Close()
	_ = provider.Close() // its own client is not used
	provider.SetClient(engine)
	c, err := provider.RunContainer(ctx, request.ContainerRequest)
	if err != nil {
		return "", err
	}
	return c.GetContainerID(), nil
}

// plainHost returns an address that needs neither ssh nor TLS files.
func (k *link) plainHost() (host string, done func(), err error) {
	switch {
	case k.ssh != nil:
		return k.ssh.URL(), func() {}, nil
	case k.TLSData == nil && !k.SkipTLSVerify:
		return k.client.DaemonHost(), func() {}, nil
	}
	t, err := openTunnel(k.client.Dialer())
	if err != nil {
		return "", nil, err
	}
	return t.URL(), func() { _ = t.Close() }, nil
}

// engineRuntime is the runtime of testcontainers that uses the lab's engine.
type engineRuntime struct{ host string }

// Initialize returns the engine's address. The path of its socket is for the
// reaper, which is off; without it testcontainers would look for other engines.
func (r engineRuntime) Initialize(context.Context) (testcontainers.RuntimeConfig, error) {
	return testcontainers.RuntimeConfig{DockerHost: r.host, DockerSocketPath: "/var/run/docker.sock"}, nil
}

// testcontainersHost asks testcontainers which engine it uses. It panics if its
// own settings are wrong.
func testcontainersHost(ctx context.Context) (host string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("testcontainers: %v", r)
		}
	}()
	c, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return "", lang.Errorf("testcontainers: %w", err)
	}
	defer c.Close()
	return c.DaemonHost(), nil
}

// quietTestcontainers silences testcontainers and switches its reaper off: that
// needs an image which may not be had, and would end a lab that is to outlive
// us. Only the value "true" is understood.
func quietTestcontainers() {
	_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	_ = os.Setenv("TESTCONTAINERS_PROVIDER", runtimeName)
	tclog.SetDefault(tclog.NewNoopLogger())
}
