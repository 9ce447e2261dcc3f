package sim

import (
	"context"
	"errors"
	"fmt"
	"os"

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
	ctx, cancel := harness.WithLimit(ctx, connectTimeout)
	defer cancel()
	// Where DOCKER_HOST does not answer testcontainers goes on to the default
	// socket: a lab would come up on an engine that nobody meant.
	meant := os.Getenv("DOCKER_HOST")
	if meant != "" {
		c, err := reach(ctx, meant)
		if err != nil {
			return nil, harness.Errorf("%w at DOCKER_HOST=%s: %w", "%w(DOCKER_HOST=%s): %w", ErrEngine, meant, err)
		}
		_ = c.Close()
	}
	host, err := engineHost(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEngine, err)
	}
	if meant != "" && meant != host {
		return nil, harness.Errorf("%w at DOCKER_HOST=%s: testcontainers is set to use %s", "%w(DOCKER_HOST=%s): testcontainers は %s を使うように設定されている", ErrEngine, meant, host)
	}
	c, err := reach(ctx, host)
	if err != nil {
		return nil, harness.Errorf("%w at %s: %w", "%w(%s): %w", ErrEngine, host, err)
	}
	return c, nil
}

// reach connects to an engine that answers.
func reach(ctx context.Context, host string) (*client.Client, error) {
	// FromEnv brings the certificates; the host is said after it, to win.
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithHost(host), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	ping, err := c.Ping(ctx)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	// Left to the first request, it would be a race with a second one beside.
	c.NegotiateAPIVersionPing(ping)
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
