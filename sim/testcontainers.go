package sim

import (
	"context"
	"fmt"
	"os"

	"labcheck/harness/lang"

	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// runtimeName is what testcontainers knows our engine by.
const runtimeName = "labcheck"

// pinTestcontainers makes testcontainers start containers on the lab's engine,
// whatever its own properties file and the environment say. The function that it
// returns is called when no more containers are started.
func (k *link) pinTestcontainers(ctx context.Context) (unpin func(), err error) {
	quietTestcontainers()
	host, unpin, err := k.plainHost()
	if err != nil {
		return nil, err
	}
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
		return nil, unreachable(k.endpoint, err)
	}
	return unpin, nil
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
