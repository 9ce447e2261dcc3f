package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/workload"
)

// workloads are the test containers that a scenario starts.
type workloads struct {
	*scenario
	counts []counts // as the engines counted before each start, and at the end
}

// Sentences about the packets of all pairs of containers, and of some.
const (
	reachAll  = `^each of them reaches every other by name$`
	reachSome = `^each of them reaches those by name that are 1, 2, 4, … places after it$`
)

// SampleWays returns a line of a feature with the sentence about some pairs in place of
// the one about all.
func SampleWays(l lang.Language, line string) string {
	plain := func(expr string) string { return strings.Trim(l.Format(expr), "^$") }
	return strings.ReplaceAll(line, plain(reachAll), plain(reachSome))
}

func (w *workloads) sentences() []sentence {
	s := w.scenario
	return []sentence{
		{`^a container is started through port 3375$`, w.startThroughSwarm},
		{`^exactly one engine has it on port 2375, a node's$`, w.onOneEngine},
		{`^the cluster names that node as where it runs$`, w.swarmNamesNode},
		{`^the cluster counts the containers of each node as its engine does within (\d+) seconds$`, w.countsAgree},
		{`^(\d+) containers are started through port 3375, one after another$`, w.startMany},
		{`^each went to a node that had the fewest, as the engines count them$`, w.spreadEvenly},
		{`^a container is started on each engine, attached to "([^"]*)"$`, w.startOnEach},
		{`^a container is started through port 3375 on "([^"]*)" and on "([^"]*)", attached to "([^"]*)"$`, w.startOnTwo},
		{`^containers are started through port 3375 on "([^"]*)", attached to "([^"]*)"$`, w.startOn},
		{reachAll, w.reachWhenTold(workload.ByName())},
		{reachSome, w.reachWhenTold(workload.ByName().Sample())},
		{`^within (\d+) seconds each of them reaches every other by name$`, within(s, w.reachEachOther)},
		{`^the containers on "([^"]*)" and those elsewhere reach their own side by name and not the other$`, w.reachOwnSide},
		{`^each of them still runs$`, w.stillRun},
		{`^a container that is to be rescheduled is started through port 3375 on "([^"]*)"$`, w.startToBeRescheduled},
		{`^the container runs on another node within (\d+) seconds$`, within(s, w.runsElsewhere)},
		{`^the container is on one node only within (\d+) seconds$`, within(s, w.onlyOnce)},
	}
}

// startInTurn starts a container when it is the run's turn.
func (w *workloads) startInTurn(ctx context.Context, host, part, network string, env ...string) (*workload.Container, error) {
	if err := w.load.TakeTurn(ctx); err != nil {
		return nil, err
	}
	return w.load.Start(ctx, w.cluster.Swarm(), host, part, network, env...)
}

func (w *workloads) startThroughSwarm(ctx context.Context) error {
	_, err := w.startInTurn(ctx, "", "1", "")
	return err
}

// onOneEngine wants the container on exactly one engine, and not the manager's.
func (w *workloads) onOneEngine(ctx context.Context) error {
	first := w.load.Started()[0]
	where, err := w.load.HostsOf(ctx, first.ID)
	if err != nil {
		return err
	}
	if len(where) != 1 || where[0] == w.topology().Manager.Name {
		return w.mismatch(w.lang.Say("the engines that have the container"), w.lang.Say("one node's"), w.listed(where))
	}
	first.Host = where[0]
	return nil
}

func (w *workloads) swarmNamesNode(ctx context.Context) error {
	first := w.load.Started()[0]
	c, err := w.cluster.Swarm().Inspect(ctx, first.ID)
	if err == nil && c.Node != first.Host {
		err = w.mismatch(w.lang.Say("the node that the cluster names"), first.Host, w.orNone(c.Node))
	}
	return err
}

// countsAgree waits until Swarm, which hears of containers by events, counts
// as many as the engines do.
func (w *workloads) countsAgree(ctx context.Context, seconds int) error {
	if err := w.load.TakeTurn(ctx); err != nil {
		return err
	}
	return within(w.scenario, func(ctx context.Context) error {
		info, err := w.swarmInfo(ctx)
		if err != nil {
			return err
		}
		has, err := w.countContainers(ctx)
		if err != nil {
			return err
		}
		c := w.compare("the containers on each node")
		for _, m := range info.Swarm.Members {
			if want, seen := fmt.Sprint(has[m.Name]), fmt.Sprint(m.Containers); want != seen {
				c.addDifferenceOf([]string{m.Name}, m.Name+": "+want, m.Name+": "+seen)
			}
		}
		return c.mismatch()
	})(ctx, seconds)
}

// counts are numbers of containers by host, stopped ones included, as Swarm's
// strategy counts them.
type counts map[string]int

// countContainers asks each member's engine how many containers it has.
func (w *workloads) countContainers(ctx context.Context) (counts, error) {
	members := w.topology().Members
	numbers, err := askEach(ctx, members, func(ctx context.Context, h harness.Host) (int, error) {
		all, err := w.cluster.Engine(h.Name).Containers(ctx)
		return len(all), err
	})
	c := counts{}
	for i, h := range members {
		c[h.Name] = numbers[i]
	}
	return c, err
}

func (w *workloads) startMany(ctx context.Context, n int) error {
	if err := w.load.TakeTurn(ctx); err != nil {
		return err
	}
	before, err := w.countContainers(ctx)
	w.counts = []counts{before}
	for i := 0; i < n && err == nil; i++ {
		if _, err := w.startInTurn(ctx, "", fmt.Sprint(i+1), ""); err != nil {
			return lang.Errorf("container %d: %w", i+1, err)
		}
		var after counts
		after, err = w.countContainers(ctx)
		w.counts = append(w.counts, after)
	}
	return err
}

// spreadEvenly wants each container on a node that had the fewest before.
func (w *workloads) spreadEvenly() error {
	c := w.compare("where the containers went")
	for i, after := range w.counts[1:] {
		before := w.counts[i]
		for _, h := range w.topology().Members {
			if after[h.Name] > before[h.Name] && before[h.Name] > before.lowestCount() {
				c.addDifference(w.lang.Say("container %d: to a node with %d", i+1, before.lowestCount()),
					w.lang.Say("container %d: to %s with %d", i+1, h.Name, before[h.Name]))
			}
		}
	}
	if len(c.expected) > 0 {
		n := len(w.counts) - 1
		c.addDifference(w.lang.Say("in the end: even"), w.lang.Say("in the end: %s", w.counts[n].String()))
	}
	return c.mismatch()
}

func (c counts) lowestCount() int { return slices.Min(slices.Collect(maps.Values(c))) }

func (c counts) String() string {
	var all []string
	for _, host := range sortedKeys(c) {
		all = append(all, fmt.Sprintf("%s %d", host, c[host]))
	}
	return strings.Join(all, ", ")
}

// startOnEach starts a container on each engine, all at once.
func (w *workloads) startOnEach(ctx context.Context, network string) error {
	if err := w.load.TakeTurn(ctx); err != nil {
		return err
	}
	failed := w.load.StartOnEach(ctx, network)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c := w.compare("a container on each engine")
	for i, h := range w.topology().Hosts() {
		if failed[i] != nil {
			c.addDifferenceOf([]string{h.Name}, w.lang.Say("%s: a container on %s", h.Name, network),
				h.Name+": "+failed[i].Error())
		}
	}
	return c.mismatch()
}

func (w *workloads) startOnTwo(ctx context.Context, one, other, network string) error {
	return w.startOn(ctx, one+","+other, network)
}

// startOn has Swarm start a container on each of several nodes, all at once. Engines
// are told of them before a fault may keep them from it.
func (w *workloads) startOn(ctx context.Context, nodes, network string) error {
	if err := w.load.TakeTurn(ctx); err != nil {
		return err
	}
	places := map[string]string{} // nodes by the part of the container's name
	for i, node := range splitList(nodes) {
		places[fmt.Sprintf("%s-%d", node, i)] = node
	}
	_, err := harness.Each(ctx, sortedKeys(places), func(ctx context.Context, part string) (*workload.Container, error) {
		node := places[part]
		started, err := w.load.Start(ctx, w.cluster.Swarm(), node, part, network, "constraint:node=="+node)
		if err != nil {
			err = w.mismatch(w.lang.Say("a container on %s", network), w.lang.Say("one on %s", node), w.lang.Error(err))
		}
		return started, harness.AboutHosts(err, node)
	})
	if err != nil {
		return err
	}
	return w.load.AwaitTold(ctx)
}

// reachWhenTold returns what wants packets between the containers that were just started
// to arrive, when the engines were told where these are.
func (w *workloads) reachWhenTold(p workload.Packets) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := w.load.AwaitTold(ctx); err != nil {
			return err
		}
		return w.wantAllWays(ctx, p)
	}
}

// reachEachOther wants every way between two containers to carry. After a
// partition engines must first find one another again.
func (w *workloads) reachEachOther(ctx context.Context) error {
	return w.wantAllWays(ctx, workload.ByName())
}

// wantAllWays wants the packets to arrive on all ways that they are sent on.
func (w *workloads) wantAllWays(ctx context.Context, p workload.Packets) error {
	lost, err := w.pingAll(ctx, p)
	if err != nil || len(lost) == 0 {
		return err
	}
	var missing, hosts []string
	var links []harness.Link
	for _, l := range lost {
		hosts = append(hosts, l.From.Host, l.To.Host)
		links = append(links, harness.Link{From: l.From.Host, To: l.To.Host})
		said, _, _ := strings.Cut(strings.TrimSpace(l.Said+"\n"+w.lang.Say("no answer")), "\n")
		missing = append(missing, w.lang.Say("%s to %s: %s", l.From.Host, l.To.Host, said))
	}
	slices.Sort(missing)
	slices.Sort(hosts)
	ways := p.CountWays(len(w.load.Started()))
	return harness.AboutHosts(&harness.Mismatch{
		Lang: w.lang, What: w.lang.Say("the containers"), Expected: w.lang.Say("all %d ways carry", ways),
		Seen: w.lang.Say("%d do not:\n%s", len(missing), strings.Join(missing, "\n")), Links: links,
	}, slices.Compact(hosts)...)
}

func (w *workloads) pingAll(ctx context.Context, p workload.Packets) ([]workload.Lost, error) {
	if len(w.load.Started()) < 2 {
		return nil, lang.Errorf("fewer than two containers were started")
	}
	lost, ran, err := w.load.PingAll(ctx, p)
	if err == nil {
		w.recordCommands(ran...)
	}
	return lost, err
}

// reachOwnSide wants containers to reach their own side of a partition and not the
// other.
func (w *workloads) reachOwnSide(ctx context.Context, host string) error {
	lost, err := w.pingAll(ctx, workload.ByName())
	if err != nil {
		return err
	}
	c := w.compare("which containers reach which")
	says := map[bool]string{true: w.lang.Say("nothing passes"), false: w.lang.Say("it passes")}
	for _, from := range w.load.Started() {
		for _, to := range w.load.Started() {
			way := from.Host + " to " + to.Host
			cut := slices.ContainsFunc(lost, func(l workload.Lost) bool { return l.From == from && l.To == to })
			if wanted := (from.Host == host) != (to.Host == host); to != from && cut != wanted {
				c.addDifference(way+": "+says[wanted], way+": "+says[cut])
			}
		}
	}
	return c.mismatch()
}

func (w *workloads) stillRun(ctx context.Context) error {
	c := w.compare("the containers")
	for _, s := range w.load.Started() {
		found, err := w.cluster.Engine(s.Host).Inspect(ctx, s.ID)
		if err != nil {
			return err
		}
		c.expectEqual(s.Name, "running", found.State)
	}
	return c.mismatch()
}

// startToBeRescheduled has Swarm start a container, on a node if it can be,
// which is to come up elsewhere when that node fails. It is not attached to the
// overlay network: what Swarm takes off that by force stays in the lost engine's
// own records, and after its next reboot nothing can be attached there any more
// (moby/libnetwork#2322).
func (w *workloads) startToBeRescheduled(ctx context.Context, node string) error {
	s, err := w.startInTurn(ctx, node, "rescheduled", "", "constraint:node==~"+node, "reschedule:on-node-failure")
	if err != nil {
		return err
	}
	c, err := w.cluster.Swarm().Inspect(ctx, s.Name)
	if err == nil && c.Node != node {
		err = w.mismatch(w.lang.Say("the node of %s", s.Name), node, c.Node)
	}
	return err
}

// runsElsewhere wants the container to run on another node. The engines are
// asked: Swarm passes the question on to the node that it believes to have it.
func (w *workloads) runsElsewhere(ctx context.Context) error {
	s := w.load.Started()[0]
	others := slices.DeleteFunc(slices.Clone(w.topology().Members), func(h harness.Host) bool { return h.Name == s.Host })
	states, err := askEach(ctx, others, func(ctx context.Context, h harness.Host) (string, error) {
		c, err := w.cluster.Engine(h.Name).Inspect(ctx, s.Name)
		if errors.Is(err, engine.ErrNotFound) {
			return w.orNone(""), nil
		}
		return c.State, err
	})
	if err == nil && !slices.Contains(states, "running") {
		err = w.mismatch(s.Name, w.lang.Say("it runs on another node than %s", s.Host), w.listed(states))
	}
	return err
}

// onlyOnce wants one engine alone to have the container.
func (w *workloads) onlyOnce(ctx context.Context) error {
	name := w.load.Started()[0].Name
	where, err := w.load.HostsOf(ctx, name)
	if err == nil && len(where) != 1 {
		err = w.mismatch(w.lang.Say("the engines that have %s", name), w.lang.Say("one"), w.listed(where))
	}
	return err
}
