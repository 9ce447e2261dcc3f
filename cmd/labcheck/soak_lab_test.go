//go:build lab

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
	"labcheck/sim"
)

// TestSoak holds what stage `network` promises: as soon as it is reached, a
// container started on any host reaches one on any other, by name.
func TestSoak(t *testing.T) {
	labs, err := strconv.Atoi(os.Getenv("LABCHECK_SOAK"))
	if err != nil {
		t.Skip("LABCHECK_SOAK, the number of labs, is not set: make soak; TestBootstrap does the same on one")
	}
	failed, pairs := 0, 0
	for i := range labs {
		t.Run(fmt.Sprintf("lab %d", i+1), func(t *testing.T) {
			_, cluster := testLab(t, sim.Options{})
			if err := tutorial.Default().Bootstrap(t.Context(), cluster, nil); err != nil {
				t.Fatal(err)
			}
			f, p := pingAll(t, cluster)
			failed, pairs = failed+f, pairs+p
		})
	}
	t.Logf("%d labs, %d of %d pairs failed", labs, failed, pairs)
	if pairs != labs*20 {
		t.Errorf("%d pairs were tried, not %d", pairs, labs*20)
	}
}

// pingAll starts a container on each host at once and has each ping each other.
func pingAll(t *testing.T, c *engine.Cluster) (failed, pairs int) {
	hosts := c.Topology().Hosts()
	ids := map[string]string{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, h := range hosts {
		group.Go(func() {
			id, err := c.Engine(h.Name).Run(t.Context(), engine.RunSpec{
				Image: "labcheck/workload", Name: "soak-" + h.Name, Network: c.Topology().Network,
			})
			mu.Lock()
			defer mu.Unlock()
			ids[h.Name] = id
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, from := range hosts {
		for _, to := range hosts {
			if from.Name == to.Name {
				continue
			}
			group.Go(func() {
				err := ping(t.Context(), c.Engine(from.Name), ids[from.Name], "soak-"+to.Name)
				mu.Lock()
				defer mu.Unlock()
				pairs++
				if err != nil {
					failed++
					t.Errorf("%s to %s: %v", from.Name, to.Name, err)
				}
			})
		}
	}
	group.Wait()
	return failed, pairs
}

// ping wants one answer within 5 s. An engine learns the name of another's new
// container from Consul a moment after it started, and until then says that
// there is no such name.
func ping(ctx context.Context, c *engine.Client, id, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var noAnswer error
	err := harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		_, err := c.Exec(ctx, id, "ping", "-c", "1", "-W", "5", name)
		var failed *harness.RunError
		if errors.As(err, &failed) && !strings.Contains(failed.Result.Stderr, "bad address") {
			noAnswer = err
			return nil
		}
		return err
	})
	return errors.Join(noAnswer, err)
}
