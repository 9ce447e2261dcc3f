package diagnose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// How long answers are waited for: an engine's first, all that comes after it,
// and what is asked of a host that is silent.
const (
	firstAnswer = 1200 * time.Millisecond
	answers     = 1800 * time.Millisecond
	logLines    = 40
)

// facts is what a cluster answered.
type facts struct {
	cluster *engine.Cluster
	hosts   map[string]*hostFacts

	leader    string
	leaderErr error
	entries   map[string]engine.Entry // of Consul, below docker/, by key
	keysErr   error
	swarm     *engine.Swarm
	swarmName string // who answers on Swarm's port, where it is an engine
	swarmErr  error
}

// hostFacts is what one host answered.
type hostFacts struct {
	host    harness.Host
	dialErr error
	infoErr error
	info    engine.Info
	probe   probe
	log     string // the end of the engine's, where the target can tell it

	containers []box
	boxesErr   error
	networks   []engine.Network // those of the overlay network's name
	all        []engine.Network
	netErr     error
	hasSwarm   bool // the image
	hasConsul  bool
	peers      []engine.Peer
	gossipErr  error
}

// box is a container and, where it does not run well, the end of its log.
type box struct {
	engine.Container
	log string
}

// logger is a node that can tell what its engine wrote last. Not every target's
// can.
type logger interface {
	EngineLog(ctx context.Context, lines int) (string, error)
}

func newFacts(c *engine.Cluster) *facts {
	f := &facts{cluster: c, hosts: map[string]*hostFacts{}, entries: map[string]engine.Entry{}}
	for _, h := range c.Topology().Hosts() {
		f.hosts[h.Name] = &hostFacts{host: h}
	}
	return f
}

// each does something for all hosts at once.
func (f *facts) each(do func(*hostFacts)) {
	var group sync.WaitGroup
	for _, h := range f.hosts {
		group.Go(func() { do(h) })
	}
	group.Wait()
}

// askHosts asks each engine for itself, and each host of which the engine does
// not answer why that is.
func (f *facts) askHosts(ctx context.Context) {
	f.each(func(h *hostFacts) {
		first, cancel := context.WithTimeout(ctx, firstAnswer)
		defer cancel()
		conn, err := f.cluster.Node(h.host.Name).Dial(first, harness.EnginePort)
		if h.dialErr = err; err == nil {
			_ = conn.Close() // nothing was said on it
			h.info, h.infoErr = f.cluster.Engine(h.host.Name).Info(first)
		}
		if h.dialErr != nil || h.infoErr != nil {
			h.probe = ask(ctx, f.cluster.Node(h.host.Name), dials(f.cluster.Topology(), h.host))
			h.log = f.engineLog(ctx, h)
		}
	})
}

func (f *facts) engineLog(ctx context.Context, h *hostFacts) string {
	n, ok := f.cluster.Node(h.host.Name).(logger)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	log, _ := n.EngineLog(ctx, logLines) // what can't be had is as good as empty
	return log
}

func (h *hostFacts) answers() bool { return h.dialErr == nil && h.infoErr == nil }

// hangs tells whether the engine runs, takes connections and says nothing: so
// does one that waits for its cluster store.
func (h *hostFacts) hangs() bool {
	return h.dialErr == nil && errors.Is(h.infoErr, engine.ErrTimeout) &&
		h.probe.err == nil && h.probe.state != 0 && h.probe.state != 'T'
}

// askServices asks the engines that answer for all that is on them, and the
// manager's services.
func (f *facts) askServices(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	var group sync.WaitGroup
	if m := f.hosts[f.cluster.Topology().Manager.Name]; m.answers() || m.hangs() {
		group.Go(func() { f.askConsul(ctx) })
		group.Go(func() { f.askSwarm(ctx) })
	}
	f.each(func(h *hostFacts) {
		switch {
		case h.answers():
			f.askHost(ctx, h)
		case h.hangs(): // it lists its containers all the same
			on := f.cluster.Engine(h.host.Name)
			h.containers, h.boxesErr = boxes(ctx, on)
			h.hasConsul, _ = on.HasImage(ctx, consulImage)
		}
	})
	group.Wait()
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

// askSwarm asks again for a moment while members are Pending: so are all of a
// manager that has just started.
func (f *facts) askSwarm(ctx context.Context) {
	moment, cancel := context.WithTimeout(ctx, firstAnswer)
	defer cancel()
	_ = harness.Until(moment, 100*time.Millisecond, func(context.Context) error {
		info, err := f.cluster.Swarm().Info(ctx)
		f.swarmErr, f.swarm, f.swarmName = err, info.Swarm, info.Name
		if err == nil && info.Swarm != nil && slices.ContainsFunc(info.Swarm.Members, pending) {
			return errPending
		}
		return nil
	})
}

var errPending = errors.New("pending")

func pending(m engine.Member) bool { return m.Status == "Pending" }

func (f *facts) askHost(ctx context.Context, h *hostFacts) {
	on, t := f.cluster.Engine(h.host.Name), f.cluster.Topology()
	var group sync.WaitGroup
	group.Go(func() { h.containers, h.boxesErr = boxes(ctx, on) })
	group.Go(func() { h.hasSwarm, _ = on.HasImage(ctx, swarmImage) })
	group.Go(func() { h.hasConsul, _ = on.HasImage(ctx, consulImage) })
	group.Go(func() { h.askNetworks(ctx, on, t.Network) })
	group.Go(func() { h.peers, h.gossipErr = engine.Gossip(ctx, f.cluster.Node(h.host.Name)) })
	group.Go(func() { h.probe = ask(ctx, f.cluster.Node(h.host.Name), dials(t, h.host)) })
	group.Go(func() { h.log = f.engineLog(ctx, h) })
	group.Wait()
}

// dials is what a host has to reach: Consul, all others' gossip and, from the
// manager, their engines.
func dials(t harness.Topology, from harness.Host) []string {
	var all []string
	add := func(proto string, to harness.Host, port uint16) {
		all = append(all, dial(proto, to, port))
	}
	add("tcp", t.Manager, harness.ConsulPort)
	for _, to := range t.Hosts() {
		if to == from {
			continue
		}
		add("udp", to, harness.GossipPort)
		add("tcp", to, harness.GossipPort)
		if from == t.Manager {
			add("tcp", to, harness.EnginePort)
		}
	}
	return all
}

func dial(proto string, to harness.Host, port uint16) string {
	return fmt.Sprintf("%s %s %d", proto, to.Addr, port)
}

// boxes are all containers that could be the tutorial's, and those that have
// one of its ports, with the logs of those that do not run well.
func boxes(ctx context.Context, on *engine.Client) ([]box, error) {
	listed, err := on.Containers(ctx)
	if err != nil {
		return nil, err
	}
	listed = slices.DeleteFunc(listed, func(c engine.Container) bool { return !relevant(c) })
	all := make([]box, len(listed))
	var group sync.WaitGroup
	for i, l := range listed {
		group.Go(func() {
			c, err := on.Inspect(ctx, l.ID)
			if err != nil {
				return // it was just removed
			}
			all[i].Container = c
			if c.State != "running" || c.RestartCount > 0 {
				all[i].log, _ = on.Log(ctx, c.ID, logLines)
			}
		})
	}
	group.Wait()
	return slices.DeleteFunc(all, func(b box) bool { return b.ID == "" }), nil
}

// relevant tells what could be a container of the tutorial, whatever its image
// is called by now, or stand in its place.
func relevant(c engine.Container) bool {
	return strings.Contains(c.Image, swarmImage) || strings.Contains(c.Image, "consul") ||
		runs(c, "manage") || runs(c, "join") || strings.HasPrefix(c.Command, "/bin/start") ||
		publishes(c, harness.ConsulPort) || publishes(c, harness.SwarmPort)
}

// runs tells whether a container's program is Swarm's, with that argument.
func runs(c engine.Container, arg string) bool {
	words := strings.Fields(c.Command)
	return len(words) > 1 && strings.HasSuffix(words[0], "/swarm") && words[1] == arg
}

func publishes(c engine.Container, port uint16) bool {
	return slices.ContainsFunc(c.Ports, func(p engine.Port) bool { return p.Host == port })
}

func (h *hostFacts) askNetworks(ctx context.Context, on *engine.Client, name string) {
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

// line is the last line of a log that has one of the words.
func line(log string, words ...string) string {
	lines := strings.Split(log, "\n")
	for _, l := range slices.Backward(lines) {
		for _, w := range words {
			if strings.Contains(l, w) {
				return strings.TrimSpace(l)
			}
		}
	}
	return ""
}
