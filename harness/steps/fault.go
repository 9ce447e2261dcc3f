package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// trouble is what the current scenario broke on purpose.
type trouble struct {
	before []string // the cluster as the scenario found it
	faults []harness.Fault
	at     time.Time // of the last fault
	joins  []join
	again  []join // those that were made to start again with their hosts
	// Of a cluster with replicas: what it is without them, the host of the
	// manager that was primary before the last fault, and Consul's keys.
	page    *harness.Topology
	primary string
	keys    []string
}

// WithFaults lets sentences break the cluster's hosts on purpose.
func (w *World) WithFaults(f harness.Faulter) *World {
	if f != nil {
		w.hosts = f
		w.sees(w.topology())
	}
	return w
}

// sees has the world expect a cluster that is built otherwise.
func (w *World) sees(t harness.Topology) {
	w.cluster = w.cluster.As(t)
	w.faulter = tutorial.Faulter(w.hosts, w.cluster)
}

// performed does what of the tutorial is not done and notes how the cluster is.
func (w *World) performed(ctx context.Context) error {
	if w.hosts == nil {
		return lang.Errorf("hosts are broken on purpose only in a lab")
	}
	w.load.lasting = true
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	if err := w.page.Bootstrap(ctx, w.cluster, nil); err != nil {
		return err
	}
	var err error
	w.trouble.before, err = w.likeness(ctx)
	return err
}

// breaks puts a fault in force; CleanUp takes it off if no sentence does.
func (w *World) breaks(ctx context.Context, f harness.Fault) error {
	if w.faulter == nil || w.trouble.before == nil {
		return lang.Errorf("the tutorial must be performed to its end first")
	}
	w.trouble.primary, _ = w.primary(ctx)
	w.trouble.faults = append(w.trouble.faults, f)
	w.trouble.at = time.Now()
	return w.faulter.Break(ctx, f)
}

func (w *World) losesPower(ctx context.Context, host string) error {
	return w.breaks(ctx, harness.Fault{Kind: harness.FaultKill, Node: host})
}

func (w *World) standsStill(ctx context.Context, host string) error {
	return w.breaks(ctx, harness.Fault{Kind: harness.FaultPause, Node: host})
}

func (w *World) cutOff(ctx context.Context, host string) error {
	return w.breaks(ctx, harness.Fault{Kind: harness.FaultCut, Node: host})
}

// stopped stops Consul or the Swarm manager.
func (w *World) stopped(ctx context.Context, name, host string) error {
	service, err := serviceCalled(w.page, name)
	if err != nil {
		return err
	}
	return w.breaks(ctx, harness.Fault{Kind: harness.FaultStop, Node: host, Service: service})
}

func (w *World) rebooted(ctx context.Context, host string) error {
	if w.faulter == nil || w.trouble.before == nil {
		return lang.Errorf("the tutorial must be performed to its end first")
	}
	w.trouble.at = time.Now()
	return w.faulter.Restart(ctx, host)
}

// takenOff takes off what the scenario put in force, the last one first.
func (w *World) takenOff(ctx context.Context) error {
	for _, f := range slices.Backward(w.trouble.faults) {
		if err := w.faulter.Mend(ctx, f); err != nil && !errors.Is(err, harness.ErrNotInForce) {
			return err
		}
	}
	w.trouble.faults = nil
	return nil
}

// mend leaves the cluster's hosts as the scenario found them, whatever it came
// to.
func (w *World) mend(ctx context.Context) error {
	err := w.takenOff(ctx)
	for _, j := range w.trouble.joins {
		err = errors.Join(err, w.joinsAsBefore(ctx, j.host))
	}
	for _, j := range w.trouble.again {
		err = errors.Join(err, w.cluster.Engine(j.host).SetRestart(ctx, j.pages.ID, "no"))
	}
	if w.trouble.page != nil {
		w.sees(*w.trouble.page)
	}
	w.trouble = trouble{}
	return err
}

func (w *World) swarmSilent(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(ctx, 5*time.Second)
	defer cancel()
	if info, err := w.cluster.Swarm().Info(ctx); err == nil {
		return w.mismatch(w.lang.Say("port 3375"), w.lang.Say("no answer"), w.lang.Say("an answer of %s", info.Name))
	}
	return nil
}

// allHealthy waits for a number of nodes in the cluster's list.
func (w *World) allHealthy(ctx context.Context, nodes, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		info, err := w.swarmInfo(ctx)
		if err != nil {
			return err
		}
		c := w.compare("the cluster")
		c.equal(w.lang.Say("nodes"), fmt.Sprint(nodes), fmt.Sprint(len(info.Swarm.Members)))
		for _, m := range info.Swarm.Members {
			c.equal(m.Name, engine.Healthy, m.Status)
		}
		return c.err()
	})
}

// dropped waits until the cluster no longer lists a node, which must be neither
// sooner nor later than what heartbeat and TTL predict.
func (w *World) dropped(ctx context.Context, node string, from, to int) error {
	earliest, latest := time.Duration(from)*time.Second, time.Duration(to)*time.Second
	err := w.notListed(ctx, node, latest-time.Since(w.trouble.at))
	if took := time.Since(w.trouble.at); err == nil && took < earliest {
		return w.mismatch(w.lang.Say("how long the cluster went on to list %s", node),
			w.lang.Say("%d to %d seconds", from, to), w.lang.Say("%.1f seconds", took.Seconds()))
	}
	return err
}

func (w *World) notListed(ctx context.Context, node string, atMost time.Duration) error {
	return w.until(ctx, atMost, func(ctx context.Context) error {
		info, err := w.swarmInfo(ctx)
		if err != nil {
			return err
		}
		if _, there := info.Swarm.Member(node); there {
			return w.mismatch(w.lang.Say("the cluster's nodes"), w.lang.Say("no %s", node), w.listed(memberNames(info)))
		}
		return nil
	})
}

// asBefore waits until the cluster is as the scenario found it.
func (w *World) asBefore(ctx context.Context, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		now, err := w.likeness(ctx)
		if err != nil {
			return err
		}
		c := w.compare("the cluster")
		for _, line := range without(w.trouble.before, now) {
			c.differs(line, w.lang.Say("not so"))
		}
		for _, line := range without(now, w.trouble.before) {
			c.differs(w.lang.Say("as before"), line)
		}
		return c.err()
	})
}

func without(all, others []string) []string {
	var rest []string
	for _, s := range all {
		if !slices.Contains(others, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

// likeness is what of a cluster must be as it was when a fault was taken off:
// containers and their states, shared networks, Swarm's list, the gossip, and
// what is in force. What scenarios start is not part of it.
func (w *World) likeness(ctx context.Context) ([]string, error) {
	all, err := each(ctx, w.topology().Hosts(), w.likenessOf)
	if err != nil {
		return nil, err
	}
	info, err := w.swarmInfo(ctx)
	if err != nil {
		return nil, err
	}
	lines := slices.Concat(all...)
	for _, m := range info.Swarm.Members {
		lines = append(lines, fmt.Sprintf("Swarm: %s %s %s", m.Name, m.Addr, m.Status))
	}
	faults, err := w.faulter.Faults(ctx)
	for _, f := range faults {
		lines = append(lines, "in force: "+f.String())
	}
	return lines, err
}

func (w *World) likenessOf(ctx context.Context, h harness.Host) ([]string, error) {
	containers, err1 := w.cluster.Engine(h.Name).Containers(ctx)
	networks, err2 := w.cluster.Engine(h.Name).Networks(ctx)
	peers, err3 := engine.Gossip(ctx, w.cluster.Node(h.Name))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	var lines []string
	for _, c := range containers {
		if _, ours := c.Labels[WorkloadLabel]; !ours {
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

// startOn has Swarm start a container on each of several nodes. Engines are told
// of them before a fault may keep them from it.
func (w *World) startOn(ctx context.Context, nodes, network string) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	for i, node := range list(nodes) {
		s := w.spec(ctx, w.name(fmt.Sprintf("%s-%d", node, i)), network)
		s.Env = []string{"constraint:node==" + node}
		if err := w.start(ctx, w.cluster.Swarm(), node, s); err != nil {
			return w.mismatch(w.lang.Say("a container on %s", network), w.lang.Say("one on %s", node), w.lang.Error(err))
		}
	}
	return w.startedAreTold(ctx)
}

func (w *World) stillRun(ctx context.Context) error {
	c := w.compare("the containers")
	for _, s := range w.load.started {
		found, err := w.cluster.Engine(s.host).Inspect(ctx, s.id)
		if err != nil {
			return err
		}
		c.equal(s.name, "running", found.State)
	}
	return c.err()
}

// reachWithin waits until each container reaches every other: after a partition
// engines must first find one another again.
func (w *World) reachWithin(ctx context.Context, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, w.reach)
}

// apart wants containers to reach their own side of a partition and not the
// other.
func (w *World) apart(ctx context.Context, host string) error {
	c := w.compare("which containers reach which")
	for _, from := range w.load.started {
		silent, _, err := w.pingOthers(ctx, from)
		if err != nil {
			return err
		}
		for _, to := range w.load.started {
			way := from.host + " to " + to.host
			cut := slices.Contains(silent, to)
			if want := (from.host == host) != (to.host == host); to.id != from.id && cut != want {
				c.differs(way+": "+w.passes(!want), way+": "+w.passes(!cut))
			}
		}
	}
	return c.err()
}

func (w *World) passes(passes bool) string {
	if passes {
		return w.lang.Say("it passes")
	}
	return w.lang.Say("nothing passes")
}
