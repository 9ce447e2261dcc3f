package diagnose

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
)

// askHosts asks each engine for itself, and each host of which the engine does
// not answer why that is.
func (f *facts) askHosts(ctx context.Context) {
	f.each(func(h *hostFacts) {
		first, cancel := harness.WithLimit(ctx, firstAnswer)
		defer cancel()
		conn, err := f.cluster.Node(h.host.Name).Dial(first, h.host.Engine().Port())
		if h.dialErr = err; err == nil {
			_ = conn.Close() // nothing was said on it
			asked := time.Now()
			h.info, h.infoErr = f.cluster.Engine(h.host.Name).Info(first)
			h.infoTook = time.Since(asked)
		}
	})
	f.setPatience(ctx)
	f.each(func(h *hostFacts) {
		if !h.answers() {
			if h.probe = f.ask(ctx, h.host); h.probe.unasked == nil {
				h.log = f.engineLog(ctx, h)
			}
		}
	})
}

func (f *facts) engineLog(ctx context.Context, h *hostFacts) string {
	n, ok := f.cluster.Node(h.host.Name).(harness.EngineLogger)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, f.onHost(h.host, time.Second))
	defer cancel()
	log, _ := n.EngineLog(ctx, logLines) // what can't be had is as good as empty
	return log
}

// askServices asks the engines that answer for all that is on them, and the
// manager's services.
func (f *facts) askServices(ctx context.Context) {
	answering, cancel := context.WithTimeout(ctx, f.within(answers))
	defer cancel()
	var group sync.WaitGroup
	if m := f.hosts[f.cluster.Topology().Manager.Name]; m.answers() || m.hangs() {
		group.Go(func() { f.askConsul(answering) })
		group.Go(func() { f.askSwarm(answering) })
	}
	f.each(func(h *hostFacts) {
		if h.hangs() {
			f.askAgain(answering, h)
		}
		switch {
		case h.answers():
			f.askHost(ctx, h, func() { f.askEngine(answering, h) })
		case h.hangs(): // it lists its containers all the same
			on := f.cluster.Engine(h.host.Name)
			h.containers, h.boxesErr = boxes(answering, on, f.cluster.Topology())
			h.hasConsul = hasImage(answering, on, consulImage)
		}
	})
	group.Wait()
	f.askStarted(ctx)
	f.askSilent(ctx)
}

// askStarted asks again for a moment what refuses although its container runs, and
// has its port: that may have just been started.
func (f *facts) askStarted(ctx context.Context) {
	answering, cancel := context.WithTimeout(ctx, f.within(answers))
	defer cancel()
	moment, cancel := context.WithTimeout(answering, f.within(firstAnswer))
	defer cancel()
	t := f.cluster.Topology()
	m := f.hosts[t.Manager.Name]
	var group sync.WaitGroup
	again := func(s tutorial.Service, port uint16, err *error, ask func(context.Context)) {
		up := func(b box) bool {
			return b.State == "running" && s.Matches(b.Container) && publishes(b.Container, port)
		}
		if !slices.ContainsFunc(m.containers, up) {
			return
		}
		group.Go(func() {
			_ = harness.Until(moment, 100*time.Millisecond, func(context.Context) error {
				if !errors.Is(*err, engine.ErrRefused) {
					return nil
				}
				ask(answering)
				return *err
			})
		})
	}
	again(tutorial.Default().Service(tutorial.Consul, t, t.Manager), t.Consul().Port(), &f.leaderErr, f.askConsul)
	again(tutorial.Default().Service(tutorial.SwarmManager, t, t.Manager), t.Swarm().Port(), &f.swarmErr, f.askSwarm)
	group.Wait()
}

// askSilent asks once more what was silent: its machine may have been busy for a
// moment. Where an engine hangs, which was asked twice, that moment is over: it
// waits for a service that is silent indeed.
func (f *facts) askSilent(ctx context.Context) {
	for _, h := range f.hosts {
		if h.hangs() {
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, f.within(answers))
	defer cancel()
	var group sync.WaitGroup
	if silent(f.leaderErr) || silent(f.keysErr) {
		group.Go(func() { f.askConsul(ctx) })
	}
	if silent(f.swarmErr) {
		group.Go(func() { f.askSwarm(ctx) })
	}
	t := f.cluster.Topology()
	for _, h := range f.hosts {
		if !h.answers() {
			continue
		}
		on := f.cluster.Engine(h.host.Name)
		if silent(h.boxesErr) {
			group.Go(func() { h.containers, h.boxesErr = boxes(ctx, on, t) })
		}
		if silent(h.netErr) {
			group.Go(func() { h.askNetworks(ctx, on, t.Network) })
		}
		if silent(h.gossipErr) {
			group.Go(func() { h.peers, h.gossipErr = engine.Gossip(ctx, f.cluster.Node(h.host.Name)) })
		}
	}
	group.Wait()
}

// silent tells that no answer came in time, although a way leads there.
func silent(err error) bool { return errors.Is(err, engine.ErrTimeout) && unreached(err) == nil }

// askAgain gives an engine that was silent a second chance: its machine may have
// been busy for a moment.
func (f *facts) askAgain(ctx context.Context, h *hostFacts) {
	ctx, cancel := context.WithTimeout(ctx, f.within(secondAnswer))
	defer cancel()
	h.info, h.infoErr = f.cluster.Engine(h.host.Name).Info(ctx)
}

func (f *facts) askConsul(ctx context.Context) {
	f.leader, f.leaderErr = f.cluster.Consul().Leader(ctx)
	if f.leaderErr != nil {
		return
	}
	var all []engine.Entry
	all, f.keysErr = f.cluster.Consul().Entries(ctx, "docker/")
	for _, e := range all {
		f.entries[e.Key] = e
	}
}

// askSwarm asks again for a moment while members are Pending or not listed: so
// are all of a manager that has just started.
func (f *facts) askSwarm(ctx context.Context) {
	moment, cancel := context.WithTimeout(ctx, f.within(firstAnswer))
	defer cancel()
	_ = harness.Until(moment, 100*time.Millisecond, func(context.Context) error {
		info, err := f.cluster.Swarm().Info(ctx)
		f.swarmErr, f.swarm, f.swarmName = err, info.Swarm, info.Name
		if err == nil && info.Swarm != nil && f.settling(info.Swarm.Members) {
			return errSettling
		}
		return nil
	})
}

var errSettling = errors.New("the manager does not know all its members yet")

// settling tells whether a manager may be about to list more than it does.
func (f *facts) settling(listed []engine.Member) bool {
	pending := func(m engine.Member) bool { return m.Status == "Pending" }
	return len(listed) < len(f.cluster.Topology().Members) || slices.ContainsFunc(listed, pending)
}

// askHost asks a host by commands while its engine is asked.
func (f *facts) askHost(ctx context.Context, h *hostFacts, askEngine func()) {
	var group sync.WaitGroup
	group.Go(askEngine)
	group.Go(func() { h.probe = f.ask(ctx, h.host) })
	group.Go(func() { h.log = f.engineLog(ctx, h) })
	group.Wait()
}

func (f *facts) askEngine(ctx context.Context, h *hostFacts) {
	on, t := f.cluster.Engine(h.host.Name), f.cluster.Topology()
	var group sync.WaitGroup
	group.Go(func() { h.containers, h.boxesErr = boxes(ctx, on, t) })
	group.Go(func() { h.hasSwarm = hasImage(ctx, on, swarmImage) })
	group.Go(func() { h.hasConsul = hasImage(ctx, on, consulImage) })
	group.Go(func() { h.askNetworks(ctx, on, t.Network) })
	group.Go(func() { h.peers, h.gossipErr = engine.Gossip(ctx, f.cluster.Node(h.host.Name)) })
	group.Wait()
}

// hasImage is true also where the engine does not say: only what it said that it
// lacks is called missing.
func hasImage(ctx context.Context, on *engine.Client, ref string) bool {
	has, err := on.HasImage(ctx, ref)
	return has || err != nil
}

// dials is what a host has to reach: Consul, all others' gossip and, from the
// manager, their engines.
func dials(t harness.Topology, from harness.Host) []string {
	var all []string
	add := func(proto string, to netip.AddrPort) {
		all = append(all, dial(proto, to))
	}
	add("tcp", t.Consul())
	for _, to := range t.Hosts() {
		if to == from {
			continue
		}
		add("udp", gossipOf(to))
		add("tcp", gossipOf(to))
		if from == t.Manager {
			add("tcp", to.Engine())
		}
	}
	return all
}

func dial(proto string, to netip.AddrPort) string {
	return fmt.Sprintf("%s %s %d", proto, to.Addr(), to.Port())
}

// gossipOf is where a host's engine takes gossip, and datagrams of it.
func gossipOf(h harness.Host) netip.AddrPort {
	return netip.AddrPortFrom(h.Addr, harness.GossipPort)
}

func (h *hostFacts) askNetworks(ctx context.Context, on *engine.Client, name string) {
	h.networks = nil
	h.all, h.netErr = on.Networks(ctx)
	for _, n := range h.all {
		if n.Name != name {
			continue
		}
		// Only asked for by itself does it tell its containers.
		full, err := on.Network(ctx, n.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		h.netErr = errors.Join(h.netErr, err)
		h.networks = append(h.networks, full)
	}
}
