package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// clusterListsOwn wants exactly a table's networks of those that the cluster
// lists as a node's own, such as frontend01/bridge. What later scenarios or
// users make a node add to them is let pass.
func (w *World) clusterListsOwn(ctx context.Context, node string, table *godog.Table) error {
	all, err := w.cluster.Swarm().Networks(ctx)
	if err != nil {
		return err
	}
	own := map[string]string{}
	for _, n := range all {
		if name, ok := strings.CutPrefix(n.Name, node+"/"); ok {
			own[name] = n.Driver
		}
	}
	c := w.compare("the networks that the cluster lists of %s", node)
	for _, want := range records(w.here, table) {
		driver, ok := own[want["name"]]
		if !ok {
			driver = w.lang.Say("none; it lists %s", w.listed(sorted(own)))
		}
		c.equal(want["name"], want["driver"], driver)
	}
	return c.err()
}

// named gives the networks of a name that an engine or Swarm has. A node's own
// are listed by Swarm with the node before the name.
func named(ctx context.Context, c *engine.Client, name string) ([]engine.Network, error) {
	all, err := c.Networks(ctx)
	if err != nil {
		return nil, err
	}
	var found []engine.Network
	for _, n := range all {
		if n.Name == name || strings.HasSuffix(n.Name, "/"+name) {
			found = append(found, n)
		}
	}
	return found, nil
}

func (w *World) describeNetworks(all []engine.Network) string {
	var words []string
	for _, n := range all {
		words = append(words, fmt.Sprintf("%s (%s, %.12s)", n.Name, n.Driver, n.ID))
	}
	return w.listed(words)
}

func (w *World) networkOn(ctx context.Context, host, name, driver string) error {
	return w.networkHas(ctx, w.cluster.Engine(host), w.engineOf(host), name, driver)
}

func (w *World) networkOfCluster(ctx context.Context, name, driver string) error {
	return w.networkHas(ctx, w.cluster.Swarm(), w.theCluster(), name, driver)
}

func (w *World) networkHas(ctx context.Context, c *engine.Client, who, name, driver string) error {
	found, err := named(ctx, c, name)
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0].Driver != driver {
		return w.mismatch(w.lang.Say("the networks of %s", who),
			w.lang.Say("one %s, with the driver %s", name, driver), w.describeNetworks(found))
	}
	return nil
}

// networkIsOne wants the same id of every engine and of Swarm, which is the
// host without a name.
func (w *World) networkIsOne(ctx context.Context, name string) error {
	hosts := append(w.topology().Hosts(), harness.Host{})
	found, err := each(ctx, hosts, func(ctx context.Context, h harness.Host) (string, error) {
		c := w.cluster.Swarm()
		if h.Name != "" {
			c = w.cluster.Engine(h.Name)
		}
		all, err := named(ctx, c, name)
		var ids []string
		for _, n := range all {
			ids = append(ids, n.ID)
		}
		return w.listed(ids), err
	})
	if err != nil {
		return err
	}
	if _, err := tutorial.ParseID(found[0]); err == nil && len(slices.Compact(slices.Sorted(slices.Values(found)))) == 1 {
		return nil
	}
	var seen []string
	for i, h := range hosts {
		seen = append(seen, cmp.Or(h.Name, w.theCluster())+": "+found[i])
	}
	return w.mismatch(w.lang.Say("the ids of %s", name), w.lang.Say("one and the same id everywhere"), strings.Join(seen, "\n"))
}

// enginesLook waits until each engine takes part in a gossip, be it alone.
func (w *World) enginesLook(ctx context.Context, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		_, err := each(ctx, w.topology().Hosts(), func(ctx context.Context, h harness.Host) ([]engine.Peer, error) {
			return engine.Gossip(ctx, w.cluster.Node(h.Name))
		})
		return err
	})
}

func (w *World) introduced(ctx context.Context) error {
	_, err := tutorial.Introduce(ctx, w.cluster)
	return err
}

// enginesKnowEachOther waits until each engine has all others in its gossip.
func (w *World) enginesKnowEachOther(ctx context.Context, seconds int) error {
	hosts := w.topology().Hosts()
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		found, err := each(ctx, hosts, func(ctx context.Context, h harness.Host) ([]string, error) {
			return w.unknownTo(ctx, h)
		})
		if err != nil {
			return err
		}
		c := w.compare("the engines' gossip")
		for i, h := range hosts {
			if len(found[i]) > 0 {
				c.differs(w.lang.Say("%s: knows all", h.Name),
					w.lang.Say("%s: lacks %s", h.Name, w.listed(found[i])))
			}
		}
		return c.err()
	})
}

// unknownTo gives the hosts which a host's engine does not have in its gossip.
func (w *World) unknownTo(ctx context.Context, h harness.Host) ([]string, error) {
	peers, err := engine.Gossip(ctx, w.cluster.Node(h.Name))
	if err != nil {
		return nil, err
	}
	var unknown []string
	for _, other := range w.topology().Hosts() {
		knows := slices.ContainsFunc(peers, func(p engine.Peer) bool {
			return p.Addr == other.Addr && p.State == engine.PeerAlive
		})
		if !knows {
			unknown = append(unknown, other.Name)
		}
	}
	return unknown, nil
}

// startOnEach starts a container on each engine, all at once.
func (w *World) startOnEach(ctx context.Context, network string) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	hosts := w.topology().Hosts()
	failed, _ := each(ctx, hosts, func(ctx context.Context, h harness.Host) (error, error) {
		return w.start(ctx, w.cluster.Engine(h.Name), h.Name, w.spec(ctx, w.name(h.Name), network)), nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c := w.compare("a container on each engine")
	for i, h := range hosts {
		if failed[i] != nil {
			c.differs(w.lang.Say("%s: a container on %s", h.Name, network), h.Name+": "+failed[i].Error())
		}
	}
	return c.err()
}

// startOnTwo has Swarm start a container on each of two nodes.
func (w *World) startOnTwo(ctx context.Context, one, other, network string) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	for _, host := range []string{one, other} {
		s := w.spec(ctx, w.name(host), network)
		s.Env = []string{"constraint:node==" + host}
		if err := w.start(ctx, w.cluster.Swarm(), host, s); err != nil {
			return w.mismatch(w.lang.Say("a container on %s", network), w.lang.Say("one on %s", host), err.Error())
		}
	}
	return nil
}

// reachByName has each container that was just started ping every other by its
// name.
func (w *World) reachByName(ctx context.Context) error {
	if err := w.startedAreTold(ctx); err != nil {
		return err
	}
	return w.reach(ctx)
}

func (w *World) reach(ctx context.Context) error {
	if len(w.load.started) < 2 {
		return lang.Errorf("fewer than two containers were started")
	}
	lost := make([][]string, len(w.load.started))
	g, ctx := errgroup.WithContext(ctx)
	for i, from := range w.load.started {
		g.Go(func() error {
			var err error
			lost[i], err = w.cannotReach(ctx, from)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	n := len(w.load.started)
	if missing := slices.Sorted(slices.Values(slices.Concat(lost...))); len(missing) > 0 {
		return w.mismatch(w.lang.Say("the containers"), w.lang.Say("all %d ways carry", n*(n-1)),
			w.lang.Say("%d do not:\n%s", len(missing), strings.Join(missing, "\n")))
	}
	return nil
}

// startedAreTold waits until engines were told where the started containers are,
// and goes on where they were not, or that can't be known: the packets will tell.
// The run's patience is not for this: packets sent too soon would do harm.
func (w *World) startedAreTold(ctx context.Context) error {
	hosts := map[netip.Addr]string{}
	for _, s := range w.load.started {
		addrs, err := overlayAddrs(ctx, w.cluster.Engine(s.host), s.id)
		if err != nil {
			return err
		}
		for _, a := range addrs {
			hosts[a] = s.host
		}
	}
	wait, cancel := context.WithTimeout(ctx, tutorial.TellTime)
	defer cancel()
	_ = w.await(wait, func(ctx context.Context) error { return tutorial.Awaited(tutorial.Told(ctx, w.cluster, hosts)) })
	return ctx.Err()
}

// overlayAddrs are a container's addresses on the networks that engines tell one
// another of.
func overlayAddrs(ctx context.Context, e *engine.Client, id string) ([]netip.Addr, error) {
	c, err := e.Inspect(ctx, id)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, n := range c.Networks {
		all, err := named(ctx, e, n.Network)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(n engine.Network) bool { return n.Driver == engine.Overlay }) {
			addrs = append(addrs, n.Addr)
		}
	}
	return addrs, nil
}

// pings pings all its arguments at once and prints those that answered. An
// engine learns the name of another's new container from Consul, and where it is
// by gossip, a moment after it started, which is seconds where the machines are
// busy; until then there is no such name, or a packet is lost. Both are asked
// again for 10 s, and how many packets were lost is said.
//
// Packets are not sent at once: engines are given tutorial.ActTime.
const pings = `sleep 1
end=$(($(date +%s) + 10))
for name; do {
	lost=0
	until ping -c 1 -W 3 "$name" >/dev/null 2>/tmp/"$name"; do
		grep -q "bad address" /tmp/"$name" || lost=$((lost + 1))
		if [ $(date +%s) -ge $end ]; then cat /tmp/"$name" >&2; exit; fi
		sleep 0.5
	done
	if [ $lost -eq 0 ]; then echo "$name"; else echo "$name (packets lost before: $lost)"; fi
} & done; wait`

// cannotReach says which ways from a container do not carry, and why.
func (w *World) cannotReach(ctx context.Context, from started) ([]string, error) {
	silent, stderr, err := w.pingOthers(ctx, from)
	var lost []string
	for _, to := range silent {
		lost = append(lost, w.lang.Say("%s to %s: %s", from.host, to.host,
			firstLine(stderr+"\n"+w.lang.Say("no answer"))))
	}
	return lost, err
}

// pingOthers gives the containers that do not answer one of them, and what ping
// said.
func (w *World) pingOthers(ctx context.Context, from started) (silent []started, stderr string, err error) {
	argv := []string{"sh", "-c", pings, "sh"}
	for _, to := range w.load.started {
		if to.id != from.id {
			argv = append(argv, to.name)
		}
	}
	res, err := w.cluster.Engine(from.host).Exec(ctx, from.id, argv...)
	var ran *harness.RunError
	if err != nil && !errors.As(err, &ran) {
		return nil, "", err
	}
	res.Argv = append([]string{"docker", "exec", from.name}, argv...) // as one would type it on the node
	w.record(res)
	answered := strings.Fields(res.Stdout)
	for _, to := range w.load.started {
		if to.id != from.id && !slices.Contains(answered, to.name) {
			silent = append(silent, to)
		}
	}
	return silent, res.Stderr, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
