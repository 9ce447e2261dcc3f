package sim

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"

	"labcheck/harness"
)

// connect reaches the engine that DOCKER_HOST names, or else the one that
// testcontainers finds: it knows about ~/.testcontainers.properties and
// rootless sockets.
func connect(ctx context.Context) (*client.Client, error) {
	tame()
	host, err := engineHost(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEngine, err)
	}
	// Where DOCKER_HOST does not answer testcontainers goes on to the default
	// socket: a lab would come up on an engine that nobody meant.
	if meant := os.Getenv("DOCKER_HOST"); meant != "" && meant != host {
		return nil, harness.Errorf("%w at DOCKER_HOST=%s", "%w: DOCKER_HOST=%s", ErrEngine, meant)
	}
	// FromEnv brings the certificates; the host is said after it, to win.
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithHost(host), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, harness.Errorf("%w at %s: %w", "%w(%s): %w", ErrEngine, host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := c.Ping(ctx); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("%w: %w", ErrEngine, err)
	}
	return c, nil
}

// engineHost asks testcontainers, which panics where it finds no engine.
func engineHost(ctx context.Context) (host string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	c, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.DaemonHost(), nil
}

// tame makes testcontainers quiet and switches its reaper off: that needs an
// image which may not be had, and would end a lab that is to outlive us. Only
// the value "true" is understood.
func tame() {
	_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	tclog.SetDefault(tclog.NewNoopLogger())
}
