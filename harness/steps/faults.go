package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/harness/workload"
)

// faults are what a scenario injects into the hosts of a lab.
type faults struct {
	*scenario
	members *members
	hosts   harness.Faulter // nil if no fault can be injected into the hosts
	faulter harness.Faulter // the same, and the containers on them
	trouble trouble
}

// trouble is what the current scenario has injected.
type trouble struct {
	before  []string // the cluster as the scenario found it
	faults  []harness.Fault
	at      time.Time // of the last fault
	primary string    // the host of the Swarm manager that was primary before it
}

func (f *faults) sentences() []sentence {
	return []sentence{
		{`^the tutorial was performed to its end$`, f.performTutorial},
		{`^"([^"]*)" loses power$`, f.injectKind(harness.FaultKill)},
		{`^"([^"]*)" stands still$`, f.injectKind(harness.FaultPause)},
		{`^"([^"]*)" is cut off from every other host$`, f.injectKind(harness.FaultCut)},
		{`^"([^"]*)" is rebooted$`, f.rebootHost},
		{`^the (Consul|Swarm manager) container on "([^"]*)" is stopped$`, f.stopContainer},
		{`^the fault is taken off$`, f.revertAll},
		{`^port 3375 does not answer$`, f.swarmSilent},
		{`^the cluster stops listing "([^"]*)" after (\d+) to (\d+) seconds$`, f.dropsNode},
		{`^the cluster is as it was within (\d+) seconds$`, within(f.scenario, f.isAsBefore)},
	}
}

// expectTopology has the scenario expect a cluster that is built otherwise.
func (f *faults) expectTopology(t harness.Topology) {
	f.cluster = f.cluster.As(t)
	f.faulter = tutorial.Faulter(f.hosts, f.cluster)
}

// performTutorial does what of the tutorial is not done and notes how the cluster
// is.
func (f *faults) performTutorial(ctx context.Context) error {
	if f.hosts == nil {
		return lang.Errorf("faults can be injected into a lab only")
	}
	f.load.Lasting = true
	if err := f.load.TakeTurn(ctx); err != nil {
		return err
	}
	if err := f.page.Bootstrap(ctx, f.cluster, nil); err != nil {
		return err
	}
	var err error
	f.trouble.before, err = f.describeCluster(ctx)
	return err
}

// injectFault injects a fault; CleanUp reverts it if no sentence does.
func (f *faults) injectFault(ctx context.Context, fault harness.Fault) error {
	if err := f.beginFault(ctx); err != nil {
		return err
	}
	f.trouble.faults = append(f.trouble.faults, fault)
	return f.faulter.Break(ctx, fault)
}

// beginFault notes when and in what state of the cluster a fault is injected.
func (f *faults) beginFault(ctx context.Context) error {
	if f.faulter == nil || f.trouble.before == nil {
		return lang.Errorf("the tutorial must be performed to its end first")
	}
	f.trouble.primary, _ = findPrimary(ctx, f.cluster)
	f.trouble.at = time.Now()
	return nil
}

// injectKind injects a fault of a kind into the host that a sentence names.
func (f *faults) injectKind(kind harness.FaultKind) func(context.Context, string) error {
	return func(ctx context.Context, host string) error {
		return f.injectFault(ctx, harness.Fault{Kind: kind, Node: host})
	}
}

// stopContainer stops Consul or the Swarm manager.
func (f *faults) stopContainer(ctx context.Context, name, host string) error {
	service, err := serviceCalled(f.page, name)
	if err != nil {
		return err
	}
	return f.injectFault(ctx, harness.Fault{Kind: harness.FaultStop, Node: host, Service: service})
}

func (f *faults) rebootHost(ctx context.Context, host string) error {
	if err := f.beginFault(ctx); err != nil {
		return err
	}
	return f.faulter.Restart(ctx, host)
}

// revertAll reverts what the scenario injected, the last fault first.
func (f *faults) revertAll(ctx context.Context) error {
	for _, fault := range slices.Backward(f.trouble.faults) {
		if err := f.faulter.Mend(ctx, fault); err != nil && !errors.Is(err, harness.ErrNotInForce) {
			return err
		}
	}
	f.trouble.faults = nil
	return nil
}

func (f *faults) swarmSilent(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(ctx, 5*time.Second)
	defer cancel()
	if info, err := f.cluster.Swarm().Info(ctx); err == nil {
		return f.mismatch(f.lang.Say("port 3375"), f.lang.Say("no answer"), f.lang.Say("an answer of %s", info.Name))
	}
	return nil
}

// dropsNode waits until the cluster no longer lists a node, which must be neither
// sooner nor later than what heartbeat and TTL predict.
func (f *faults) dropsNode(ctx context.Context, node string, from, to int) error {
	what := f.lang.Say("how long the cluster went on to list %s", node)
	return f.waitBetween(ctx, what, from, to, func(ctx context.Context) error { return f.members.notListed(ctx, node) })
}

// waitBetween waits for a probe to succeed, which must be neither sooner nor later
// after the last fault than some numbers of seconds.
func (f *faults) waitBetween(ctx context.Context, what string, from, to int, probe func(context.Context) error) error {
	latest := f.trouble.at.Add(time.Duration(to) * time.Second)
	err := f.waitAtMost(ctx, time.Until(latest), probe)
	if took := time.Since(f.trouble.at); err == nil && took < time.Duration(from)*time.Second {
		return f.mismatch(what, f.lang.Say("%d to %d seconds", from, to), f.lang.Say("%.1f seconds", took.Seconds()))
	}
	return err
}

// isAsBefore wants the cluster to be as the scenario found it.
func (f *faults) isAsBefore(ctx context.Context) error {
	now, err := f.describeCluster(ctx)
	if err != nil {
		return err
	}
	c := f.compare("the cluster")
	for _, line := range withoutAny(f.trouble.before, now) {
		c.addDifference(line, f.lang.Say("not so"))
	}
	for _, line := range withoutAny(now, f.trouble.before) {
		c.addDifference(f.lang.Say("as before"), line)
	}
	return c.mismatch()
}

// withoutAny returns the values that are not among others.
func withoutAny(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(others, s) })
}

// describeCluster says what of a cluster must be as it was when a fault was
// reverted: containers and their states, shared networks, Swarm's list, the
// gossip, and the faults in force. What scenarios start is not part of it.
func (f *faults) describeCluster(ctx context.Context) ([]string, error) {
	all, err := askEach(ctx, f.topology().Hosts(), f.describeHost)
	if err != nil {
		return nil, err
	}
	info, err := f.swarmInfo(ctx)
	if err != nil {
		return nil, err
	}
	lines := slices.Concat(all...)
	for _, m := range info.Swarm.Members {
		lines = append(lines, fmt.Sprintf("Swarm: %s %s %s", m.Name, m.Address(), m.Status))
	}
	faults, err := f.faulter.Faults(ctx)
	for _, fault := range faults {
		lines = append(lines, "in force: "+fault.String())
	}
	return lines, err
}

func (f *faults) describeHost(ctx context.Context, h harness.Host) ([]string, error) {
	containers, err1 := f.cluster.Engine(h.Name).Containers(ctx)
	networks, err2 := f.cluster.Engine(h.Name).Networks(ctx)
	peers, err3 := f.gossipOf(ctx, h)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	var lines []string
	for _, c := range containers {
		if _, ours := c.Labels[workload.Label]; !ours {
			lines = append(lines, fmt.Sprintf("%s: container %s %.12s %s", h.Name, c.Name, c.ID, c.State))
		}
	}
	for _, n := range networks {
		if n.Scope == "global" { // an engine makes its own bridge anew when it starts
			lines = append(lines, fmt.Sprintf("%s: network %s %.12s", h.Name, n.Name, n.ID))
		}
	}
	for _, p := range peers {
		lines = append(lines, fmt.Sprintf("%s: gossip %s %s", h.Name, p.Addr, p.State))
	}
	return lines, nil
}
