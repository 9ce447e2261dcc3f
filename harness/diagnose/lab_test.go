//go:build lab

package diagnose_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/engine"
	"labcheck/harness/pace"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/simtest"
)

// TestMain lets the test binary be a lab's watchdog.
func TestMain(m *testing.M) { simtest.MainWithLeakCheck(m) }

// bench is a lab on which faults are tried, one after another.
type bench struct {
	*engine.Cluster
	lab string
	// outer is the engine that holds the lab's nodes.
	outer *client.Client
}

// standing is a lab to try faults on that is there, and stays.
var standing = flag.String("lab", "", "name of a lab that stands, and stays")

func newBench(t *testing.T) *bench {
	t.Helper()
	outer, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outer.Close() })
	if *standing == "" {
		const name = "diagnose-test"
		return &bench{simtest.New(t, sim.Options{Lab: name}).Cluster, name, outer}
	}
	lab, err := sim.Open(t.Context(), sim.Options{Lab: *standing})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lab.Close() })
	return &bench{simtest.Connect(t, lab), *standing, outer}
}

// do does what a line of a fault says.
func (b *bench) do(ctx context.Context, a action) error {
	for _, n := range a.nodes {
		var err error
		switch a.verb {
		case "on":
			err = b.sh(ctx, n, a.text)
		case "flags":
			err = b.enter(ctx, n, fmt.Sprintf(withFlags, b.addresses(), a.text))
		case "entry":
			err = b.enter(ctx, n, a.text)
		case "restart":
			err = b.restart(ctx, n)
		case "stop":
			err = b.outer.ContainerKill(ctx, b.lab+"-"+n, "KILL")
		case "pause":
			err = b.outer.ContainerPause(ctx, b.lab+"-"+n)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", a.verb, n, err)
		}
	}
	return nil
}

// addresses sets a shell's variables to the hosts' addresses.
func (b *bench) addresses() string {
	var all strings.Builder
	for _, h := range b.Topology().Hosts() {
		fmt.Fprintf(&all, "%s=%s; ", strings.ToUpper(h.Name), h.Addr)
	}
	return all.String()
}

// sh runs a shell command on a node.
func (b *bench) sh(ctx context.Context, node, command string) error {
	_, err := b.Node(node).Exec(ctx, "sh", "-c", b.addresses()+command)
	return err
}

// original is where the node image's entry goes while another has its place.
const original = "/usr/local/bin/node.original"

// withFlags is an entry that changes each of the engine's flags by sed; its
// arguments are the addresses and the sed expression.
const withFlags = `%s
for flag; do
	shift
	flag=$(echo "$flag" | sed -e "%s")
	if [ -n "$flag" ]; then set -- "$@" "$flag"; fi
done
exec ` + original + ` "$@"`

// enter restarts a node with a script as its entry.
func (b *bench) enter(ctx context.Context, node, script string) error {
	const install = `test -e "$1" || cp -p /usr/local/bin/node "$1"; printf '#!/bin/sh\n%s\n' "$2" > /usr/local/bin/node`
	if _, err := b.Node(node).Exec(ctx, "sh", "-c", install, "install", original, script); err != nil {
		return err
	}
	return b.again(ctx, node)
}

// restart restarts a node with the entry of its image.
func (b *bench) restart(ctx context.Context, node string) error {
	name := b.lab + "-" + node
	if err := b.outer.ContainerUnpause(ctx, name); err != nil && !strings.Contains(err.Error(), "not paused") && !strings.Contains(err.Error(), "not running") {
		return err
	}
	if err := b.outer.ContainerStart(ctx, name, container.StartOptions{}); err != nil {
		return err
	}
	const restore = `if [ -e "$1" ]; then cat "$1" > /usr/local/bin/node; fi`
	if _, err := b.Node(node).Exec(ctx, "sh", "-c", restore, "restore", original); err != nil {
		// The entry ends at once: put the first one back while it cannot.
		if err := b.restoreStopped(ctx, name); err != nil {
			return err
		}
	}
	return b.again(ctx, node)
}

// restoreStopped puts the entry back into a node that does not run.
func (b *bench) restoreStopped(ctx context.Context, name string) error {
	archive, _, err := b.outer.CopyFromContainer(ctx, name, original)
	if err != nil {
		return err
	}
	defer archive.Close()
	renamed, err := renameOnly(archive, "node")
	if err != nil {
		return err
	}
	return b.outer.CopyToContainer(ctx, name, "/usr/local/bin", renamed, container.CopyToContainerOptions{})
}

// again ends a node and starts it, and waits for its engine, or for it to be
// plain that there will be none.
func (b *bench) again(ctx context.Context, node string) error {
	name := b.lab + "-" + node
	zero := 0
	if err := b.outer.ContainerRestart(ctx, name, container.StopOptions{Timeout: &zero}); err != nil {
		return err
	}
	await, cancel := context.WithTimeout(ctx, pace.Limit(10*time.Second))
	defer cancel()
	start := time.Now()
	return harness.Until(await, 100*time.Millisecond, func(ctx context.Context) error {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		err := b.Engine(node).Ping(short)
		c, inspectErr := b.outer.ContainerInspect(ctx, name)
		ended := inspectErr == nil && !c.State.Running
		if err != nil && (ended || time.Since(start) > pace.Limit(4*time.Second)) {
			return nil
		}
		return err
	})
}

// whole waits until the cluster is as the tutorial leaves it, and the diagnosis
// agrees.
func (b *bench) whole(ctx context.Context, atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, pace.Limit(atMost))
	defer cancel()
	return harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		if p := tutorial.Inspect(ctx, b.Cluster); p.Stage != harness.StageNetwork {
			return fmt.Errorf("%+v", p.Stages)
		}
		if r := diagnose.Run(ctx, b.Cluster, diagnose.Options{}); len(r.Findings) > 0 {
			return fmt.Errorf("%s", codes(r))
		}
		return nil
	})
}
