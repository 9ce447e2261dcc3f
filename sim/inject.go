package sim

import (
	"context"
	"errors"
	"slices"

	"github.com/docker/docker/api/types/container"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// setFault injects a fault into the node or reverts it. hosts are those of the lab.
func (n *node) setFault(ctx context.Context, f harness.Fault, on bool, hosts []harness.Host) error {
	injected, err := n.hasFault(ctx, f)
	switch {
	case err != nil:
		return err
	case injected && on:
		return harness.ErrInForce
	case !injected && !on:
		return harness.ErrNotInForce
	}
	switch f.Kind {
	case harness.FaultPause:
		// The kernel of a paused node still accepts connections, and nothing answers on
		// them.
		if on {
			return n.engine.ContainerPause(ctx, n.id)
		}
		return n.engine.ContainerUnpause(ctx, n.id)
	case harness.FaultKill:
		return n.setOff(ctx, on)
	case harness.FaultCut:
		return setCut(ctx, n, f, on, hosts)
	case harness.FaultSlow:
		return setSlow(ctx, n, f, on)
	}
	return setDiskFull(ctx, n, on)
}

// hasFault reports whether a fault is injected into the node.
func (n *node) hasFault(ctx context.Context, f harness.Fault) (bool, error) {
	switch {
	case f.Kind == harness.FaultPause:
		return n.state == statePaused, nil
	case f.Kind == harness.FaultKill:
		return n.state == stateOff, nil
	case n.state != stateRunning:
		return false, lang.Errorf("the host is %s", n.state)
	case f.Kind != harness.FaultCut && f.Kind != harness.FaultSlow && f.Kind != harness.FaultFillDisk:
		return false, lang.Errorf("a lab's hosts do not support this fault: %w", errors.ErrUnsupported)
	}
	injected, err := n.readFaults(ctx)
	return slices.ContainsFunc(injected, func(i harness.Fault) bool {
		return i.Kind == f.Kind && (i == f || f.Kind != harness.FaultCut)
	}), err
}

// setOff ends the node at once, as a power cut does, or starts it.
func (n *node) setOff(ctx context.Context, on bool) error {
	switch {
	case !on:
		return n.engine.ContainerStart(ctx, n.id, container.StartOptions{})
	case n.state == statePaused:
		return lang.Errorf("the host is paused")
	}
	wait := startWait(ctx, n.engine, n.id, container.WaitConditionNotRunning)
	if err := n.engine.ContainerKill(ctx, n.id, "KILL"); err != nil {
		return err
	}
	return wait()
}

// reboot stops the node in good order and starts it again.
func (n *node) reboot(ctx context.Context) error {
	if n.state != stateRunning {
		return lang.Errorf("the host is %s", n.state)
	}
	timeout := rebootTimeout
	return n.engine.ContainerRestart(ctx, n.id, container.StopOptions{Timeout: &timeout})
}

// readAllFaults returns the faults that are injected into nodes, in their order.
func readAllFaults(ctx context.Context, nodes []*node) ([]harness.Fault, error) {
	found, err := harness.Each(ctx, nodes, func(ctx context.Context, n *node) ([]harness.Fault, error) {
		return n.readFaults(ctx)
	})
	if err != nil {
		return nil, lang.Errorf("list faults: %w", err)
	}
	return slices.Concat(found...), nil
}

// printFaults is a command that prints what shows the faults of a running node.
const printFaults = `iptables-save -t raw && iptables-save -t mangle && ` +
	`tc qdisc show dev ` + HostInterface + ` && cat /proc/mounts`

// readFaults returns the faults that are injected into the node.
func (n *node) readFaults(ctx context.Context) ([]harness.Fault, error) {
	switch n.state {
	case statePaused:
		return []harness.Fault{{Kind: harness.FaultPause, Node: n.name}}, nil
	case stateOff:
		return []harness.Fault{{Kind: harness.FaultKill, Node: n.name}}, nil
	}
	r, err := n.Exec(ctx, "sh", "-c", printFaults)
	if err != nil {
		return nil, err
	}
	all := cutsIn(n.name, r.Stdout)
	if f, ok := slownessIn(n.name, r.Stdout); ok {
		all = append(all, f)
	}
	if isDiskFull(r.Stdout) {
		all = append(all, harness.Fault{Kind: harness.FaultFillDisk, Node: n.name})
	}
	return all, nil
}
