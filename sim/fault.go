package sim

import (
	"context"
	"errors"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
)

var _ harness.Faulter = (*Lab)(nil)

// Break puts a fault in force.
func (l *Lab) Break(ctx context.Context, f harness.Fault) error {
	if err := l.change(ctx, f, true); err != nil {
		return lang.Errorf("%s %s: %w", f.Kind, f.Node, err)
	}
	return nil
}

// Mend takes a fault off.
func (l *Lab) Mend(ctx context.Context, f harness.Fault) error {
	if err := l.change(ctx, f, false); err != nil {
		return lang.Errorf("mend %s of %s: %w", f.Kind, f.Node, err)
	}
	return nil
}

// change brings about that a fault is in force, or is not.
func (l *Lab) change(ctx context.Context, f harness.Fault, on bool) error {
	n, state, err := l.find(ctx, f.Node)
	if err != nil {
		return err
	}
	switch f.Kind {
	case harness.FaultPause:
		return n.pause(ctx, state, on)
	case harness.FaultKill:
		return n.kill(ctx, state, on)
	}
	if state != stateRunning {
		return lang.Errorf("the host is %s", state)
	}
	switch f.Kind {
	case harness.FaultCut:
		return n.cut(ctx, f, on)
	case harness.FaultSlow:
		return n.slow(ctx, f, on)
	case harness.FaultFillDisk:
		return n.fillDisk(ctx, on)
	}
	return lang.Errorf("hosts of a lab know no such fault: %w", errors.ErrUnsupported)
}

// The states that a host's container can be in.
const (
	stateRunning = "running"
	statePaused  = "paused"
	stateOff     = "off" // all others
)

func stateOf(c container.Summary) string {
	switch c.State {
	case stateRunning, statePaused:
		return c.State
	}
	return stateOff
}

// find is a host of the lab and its state.
func (l *Lab) find(ctx context.Context, name string) (*node, string, error) {
	nodes, err := l.nodes(ctx)
	if err != nil {
		return nil, "", err
	}
	found, err := l.containers(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, n := range nodes {
		if n.name == name {
			return n, stateOf(found[name]), nil
		}
	}
	return nil, "", lang.Errorf("the lab has no such host")
}

// differ is an error where a fault is as it is to be already.
func differ(is, wanted bool) error {
	switch {
	case is && wanted:
		return harness.ErrInForce
	case !is && !wanted:
		return harness.ErrNotInForce
	}
	return nil
}

// pause freezes all processes of a host. Its kernel goes on: connections to it
// are taken, and nothing answers on them.
func (n *node) pause(ctx context.Context, state string, on bool) error {
	if err := differ(state == statePaused, on); err != nil {
		return err
	}
	if on {
		return n.lab.engine.ContainerPause(ctx, n.id)
	}
	if err := n.lab.engine.ContainerUnpause(ctx, n.id); err != nil {
		return err
	}
	return n.lab.awaitEngine(ctx, n)
}

// kill ends a host at once, as a power cut does.
func (n *node) kill(ctx context.Context, state string, on bool) error {
	switch err := differ(state == stateOff, on); {
	case err != nil:
		return err
	case on && state == statePaused:
		return lang.Errorf("the host is paused")
	case !on:
		if err := n.lab.engine.ContainerStart(ctx, n.id, container.StartOptions{}); err != nil {
			return err
		}
		return n.lab.awaitEngine(ctx, n)
	}
	ended, failed := n.lab.engine.ContainerWait(ctx, n.id, container.WaitConditionNotRunning)
	if err := n.lab.engine.ContainerKill(ctx, n.id, "KILL"); err != nil {
		return err
	}
	select {
	case <-ended:
		return nil
	case err := <-failed:
		return err
	}
}

// Restart reboots a host in good order.
func (l *Lab) Restart(ctx context.Context, name string) error {
	n, state, err := l.find(ctx, name)
	if err == nil && state != stateRunning {
		err = lang.Errorf("the host is %s", state)
	}
	if err == nil {
		timeout := rebootTimeout
		err = l.engine.ContainerRestart(ctx, n.id, container.StopOptions{Timeout: &timeout})
	}
	if err == nil {
		err = l.awaitEngine(ctx, n)
	}
	if err != nil {
		return lang.Errorf("restart %s: %w", name, err)
	}
	return nil
}

// Faults lists what is in force.
func (l *Lab) Faults(ctx context.Context) ([]harness.Fault, error) {
	nodes, err := l.nodes(ctx)
	if err != nil {
		return nil, err
	}
	states, err := l.containers(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]harness.Fault, len(nodes))
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range nodes {
		group.Go(func() (err error) {
			found[i], err = n.faults(ctx, stateOf(states[n.name]))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, lang.Errorf("look for faults: %w", err)
	}
	var all []harness.Fault
	for _, some := range found {
		all = append(all, some...)
	}
	return all, nil
}

// look prints what shows faults of a running host.
const look = `iptables-save -t raw && iptables-save -t mangle && tc qdisc show dev eth0 && cat /proc/mounts`

func (n *node) faults(ctx context.Context, state string) ([]harness.Fault, error) {
	switch state {
	case statePaused:
		return []harness.Fault{{Kind: harness.FaultPause, Node: n.name}}, nil
	case stateOff:
		return []harness.Fault{{Kind: harness.FaultKill, Node: n.name}}, nil
	}
	r, err := n.Exec(ctx, "sh", "-c", look)
	if err != nil {
		return nil, err
	}
	all := cutsOf(n.name, r.Stdout)
	if f, ok := slowOf(n.name, r.Stdout); ok {
		all = append(all, f)
	}
	if isFull(r.Stdout) {
		all = append(all, harness.Fault{Kind: harness.FaultFillDisk, Node: n.name})
	}
	return all, nil
}
