package engines

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"labcheck/harness"
)

// loopback is an address that nothing else uses.
var loopback = netip.MustParseAddr("127.77.0.1")

// dialEngine returns a client of an engine that Run simulates.
func dialEngine(t *testing.T, i int) *client.Client {
	t.Helper()
	at := netip.AddrPortFrom(loopback, uint16(FirstPort+i))
	c, err := client.NewClientWithOpts(client.WithHost("tcp://"+at.String()), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// infoWithin returns an engine's name when it answers.
func infoWithin(t *testing.T, c *client.Client) (name string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = harness.Until(ctx, 10*time.Millisecond, func(ctx context.Context) error {
		info, err := c.Info(ctx)
		name = info.Name
		return err
	})
	return name, err
}
