package survey

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// How long answers are waited for: an engine's first, once more if that does not
// come, and all that is asked after it. The last two are those of a machine that
// is not busy: see withPatience.
const (
	FirstAnswer  = 1200 * time.Millisecond
	secondAnswer = 800 * time.Millisecond
	answers      = 1800 * time.Millisecond
	logLines     = 400

	// The time for the way to a host that is reached out of band: what ssh takes to
	// know that nobody answers, and less if nobody answered before.
	wayIn     = 5 * time.Second
	wayToLost = time.Second
)

// promptly is how long an engine takes at the most to tell of itself if its machine
// is not busy, and mostPatience how many times longer than that answers are waited
// for at the most.
const (
	promptly     = 60 * time.Millisecond
	mostPatience = 4
)

// Options say what a survey asks.
type Options struct {
	// OutOfBand says that commands reach hosts by another way than their engines
	// are asked, as by ssh: that none can be run says nothing of the host then. A
	// lab's does not run if none can be.
	OutOfBand bool `json:"out_of_band,omitempty"`
	// Relevant selects the containers to inspect.
	Relevant func(engine.Container) bool `json:"-"`
	// Images are those that each engine may lack.
	Images []string `json:"-"`
	// Suspects are hosts that a false claim is about.
	Suspects []string `json:"-"`
}

// mostForAllProbes is up to how many hosts all are asked by commands. Each command starts
// some 30 processes on a machine that many hosts may share, so of more hosts only those
// are asked that show a fault.
const mostForAllProbes = 12

// Look asks a cluster for all that it says of itself, and changes nothing. It
// always comes to an end within some 5 s; an answer that does not come is part of
// the State. If a command on a host hangs, it takes some 5 s more, and as many if
// hosts are reached out of band and not all let in. If all engines are slow, their
// machine being busy, it waits up to four times as long.
func Look(ctx context.Context, c *engine.Cluster, o Options) State {
	for _, n := range memoryNodes(c) {
		n.forgetSilence() // in what a service is silent is asked again
	}
	l := &look{cluster: c, state: newState(c.Topology(), o)}
	l.onEachHost(func(h *Host) { l.askEngine(ctx, h) })
	l.state.setPatience(ctx)
	l.askAll(ctx)
	l.askSuspects(ctx)
	l.askStarted(ctx)
	l.askSilent(ctx)
	return l.state
}

// GlanceTime is how long a Glance waits for answers of the page's five hosts.
const GlanceTime = 2 * time.Second

// Glance asks each service of a cluster once, and no host by commands. It comes to an
// end within GlanceTime, of a hundred hosts within 17 s.
func Glance(ctx context.Context, c *engine.Cluster, o Options) State {
	l := &look{cluster: c, state: newState(c.Topology(), o)}
	hosts := len(l.state.Hosts)
	// Each engine is asked for three things, one after another.
	ctx, cancel := harness.WithLimit(ctx, GlanceTime+3*AnswerTime(0, hosts))
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { l.askConsul(ctx) })
	group.Go(func() { l.askSwarm(ctx) })
	l.onEachHost(func(h *Host) {
		first, cancel := harness.WithLimit(ctx, AnswerTime(GlanceTime, hosts))
		defer cancel()
		if h.Info, h.InfoError.Err = c.Engine(h.Name).Info(first); h.Answers() {
			l.askAbout(ctx, h)
		}
	})
	group.Wait()
	return l.state
}

// ProbeHost asks one host of a cluster by commands.
func ProbeHost(ctx context.Context, c *engine.Cluster, h harness.Host, o Options) Probe {
	l := &look{cluster: c, state: newState(c.Topology(), o)}
	on := l.state.On(h.Name)
	l.askHost(ctx, on)
	return on.Probe
}

// look is a survey that is under way.
type look struct {
	cluster *engine.Cluster
	state   State
}

// AnswerTime returns how long to wait for answers that so many hosts give at once: as
// long as for the page's five, and longer for more, whose machine or whose Consul is one.
func AnswerTime(five time.Duration, hosts int) time.Duration {
	return five + time.Duration(max(0, hosts-5))*50*time.Millisecond
}

func (l *look) askEngine(ctx context.Context, h *Host) {
	first, cancel := harness.WithLimit(ctx, AnswerTime(FirstAnswer, len(l.state.Hosts)))
	defer cancel()
	conn, err := l.cluster.Node(h.Name).Dial(first, h.Engine().Port())
	if h.DialError.Err = err; err == nil {
		_ = conn.Close() // nothing was said on it
		asked := time.Now()
		h.Info, h.InfoError.Err = l.cluster.Engine(h.Name).Info(first)
		h.InfoTook = time.Since(asked)
	}
}

// setPatience looks at the engine that answered the quickest: one may hang, but
// if all are slow it is their machine that is busy.
func (s *State) setPatience(ctx context.Context) {
	quickest := time.Duration(0)
	for _, h := range s.Hosts {
		if h.Answers() && (quickest == 0 || h.InfoTook < quickest) {
			quickest = h.InfoTook
		}
	}
	most := float64(harness.Limit(ctx, mostPatience*promptly)) / float64(promptly)
	s.Patience = min(max(1, float64(quickest)/float64(promptly)), most)
}

// askAll asks the engines that answer for all that is on them, all hosts by commands,
// and the manager's services.
func (l *look) askAll(ctx context.Context) {
	answering, cancel := context.WithTimeout(ctx, l.withPatience(answers))
	defer cancel()
	var group sync.WaitGroup
	if l.state.Hosts[0].Answers() {
		group.Go(func() { l.askServices(answering) })
	}
	for _, h := range l.state.Topology.Replicated() {
		group.Go(func() { l.askReplica(answering, l.state.On(h.Name)) })
	}
	l.onEachHost(func(h *Host) {
		if !h.Answers() {
			group.Go(func() { l.askWhy(ctx, h) })
			return
		}
		if len(l.state.Hosts) <= mostForAllProbes {
			group.Go(func() { l.askHost(ctx, h) })
			group.Go(func() { l.askLog(ctx, h) })
		}
		l.askAbout(answering, h)
	})
	group.Wait()
}

// askSuspects asks those of many hosts by commands that show a fault.
func (l *look) askSuspects(ctx context.Context) {
	if len(l.state.Hosts) <= mostForAllProbes {
		return
	}
	known := l.state.knownToMost()
	l.onEachHost(func(h *Host) {
		switch {
		case !h.Answers(): // askWhy has asked it
		case l.state.isSuspect(h, known):
			l.askHost(ctx, h)
			l.askLog(ctx, h)
		default:
			h.Probe.Skipped = true
		}
	})
}

// knownToMost returns the hosts that more than half of the engines know by gossip.
func (s *State) knownToMost() map[netip.Addr]bool {
	known := map[netip.Addr]bool{}
	for _, h := range s.Hosts {
		count := 0
		for _, o := range s.Hosts {
			if engine.Knows(o.Peers, h.Addr) {
				count++
			}
		}
		known[h.Addr] = 2*count > len(s.Hosts)
	}
	return known
}

// isSuspect reports whether something may be wrong with a host, as far as its engine, the
// other engines and Consul tell. The manager, which all others depend on, is always
// suspect.
func (s *State) isSuspect(h *Host, known map[netip.Addr]bool) bool {
	lacksKey := func(path string) bool {
		return s.LeaderError.Err == nil && s.KeysError.Err == nil && s.Entries[path+h.Engine().String()].Key == ""
	}
	isAlone := func(o *Host) bool { return engine.Knows(h.Peers, o.Addr) != known[o.Addr] }
	return h.Name == s.Topology.Manager.Name || slices.Contains(s.Suspects, h.Name) ||
		h.ContainersError.Err != nil || h.NetworksError.Err != nil || h.GossipError.Err != nil ||
		len(h.Networks) == 0 || !known[h.Addr] || slices.ContainsFunc(s.Hosts, isAlone) ||
		lacksKey(s.Topology.EngineKeysOf("docker/nodes/")) || lacksKey(s.Topology.KeysOf("docker/swarm/nodes/"))
}

// askServices asks the manager's.
func (l *look) askServices(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { l.askConsul(ctx) })
	group.Go(func() { l.askSettledSwarm(ctx) })
	group.Wait()
}

// askWhy asks a host by commands why its engine does not answer, and the engine once
// more: its machine may have been busy for a moment. One that hangs lists its containers
// all the same.
func (l *look) askWhy(ctx context.Context, h *Host) {
	var group sync.WaitGroup
	group.Go(func() { l.askLog(ctx, h) })
	group.Go(func() { l.askHost(ctx, h) })
	if h.DialError.Err == nil {
		l.askAgain(ctx, h)
	}
	group.Wait()
	if !h.Answers() && !h.Hangs() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.withPatience(answers))
	defer cancel()
	if h == l.state.Hosts[0] {
		group.Go(func() { l.askServices(ctx) })
	}
	if h.Answers() {
		l.askAbout(ctx, h)
	} else {
		l.askContainers(ctx, h)
	}
	group.Wait()
}

// askAgain asks an engine that was silent once more.
func (l *look) askAgain(ctx context.Context, h *Host) {
	ctx, cancel := context.WithTimeout(ctx, l.withPatience(secondAnswer))
	defer cancel()
	h.Info, h.InfoError.Err = l.cluster.Engine(h.Name).Info(ctx)
}

// askStarted asks again for a moment what refuses although a container that runs
// has its port: that may have just been started.
func (l *look) askStarted(ctx context.Context) {
	answering, cancel := context.WithTimeout(ctx, l.withPatience(answers))
	defer cancel()
	moment, cancel := context.WithTimeout(answering, l.withPatience(FirstAnswer))
	defer cancel()
	var group sync.WaitGroup
	again := func(port uint16, failure *Failure, ask func(context.Context)) {
		isUp := func(c Container) bool { return c.State == "running" && Publishes(c.Container, port) }
		if !slices.ContainsFunc(l.state.Hosts[0].Containers, isUp) {
			return
		}
		group.Go(func() {
			_ = harness.Until(moment, 100*time.Millisecond, func(context.Context) error {
				if !errors.Is(failure.Err, engine.ErrRefused) {
					return nil
				}
				ask(answering)
				return failure.Err
			})
		})
	}
	again(l.state.Topology.Consul().Port(), &l.state.LeaderError, l.askConsul)
	again(l.state.Topology.Swarm().Port(), &l.state.SwarmError, l.askSettledSwarm)
	group.Wait()
}

// askSilent asks once more what was silent: its machine may have been busy for a
// moment. If an engine hangs, which was asked twice, that moment is over: it waits
// for a service that is silent indeed.
func (l *look) askSilent(ctx context.Context) {
	s := &l.state
	if slices.ContainsFunc(s.Hosts, (*Host).Hangs) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.withPatience(answers))
	defer cancel()
	var group sync.WaitGroup
	again := func(ask func(), failures ...Failure) {
		if slices.ContainsFunc(failures, Failure.isSilence) {
			group.Go(ask)
		}
	}
	again(func() { l.askConsul(ctx) }, s.LeaderError, s.KeysError)
	again(func() { l.askSettledSwarm(ctx) }, s.SwarmError)
	for _, h := range s.Hosts {
		if h.Answers() {
			again(func() { l.askContainers(ctx, h) }, h.ContainersError)
			again(func() { l.askNetworks(ctx, h) }, h.NetworksError)
			again(func() { l.askGossip(ctx, h) }, h.GossipError)
		}
	}
	group.Wait()
}

// isSilence reports whether no answer came in time, although a way leads there.
func (f Failure) isSilence() bool {
	return errors.Is(f.Err, engine.ErrTimeout) && Unreached(f.Err) == nil
}

func (l *look) askConsul(ctx context.Context) {
	s := &l.state
	s.Leader, s.LeaderError.Err = l.cluster.Consul().Leader(ctx)
	if s.LeaderError.Err != nil {
		return
	}
	var all []engine.Entry
	t := s.Topology
	paths := []string{"docker/", t.KeysOf("docker/"), t.EngineKeysOf("docker/")}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		if all, s.KeysError.Err = l.cluster.Consul().Entries(ctx, path); s.KeysError.Err != nil {
			return
		}
		for _, e := range all {
			s.Entries[e.Key] = e
		}
	}
}

// askSettledSwarm asks again for a moment while members are Pending or not listed:
// so are all of a manager that has just started.
func (l *look) askSettledSwarm(ctx context.Context) {
	s := &l.state
	moment, cancel := context.WithTimeout(ctx, l.withPatience(FirstAnswer))
	defer cancel()
	_ = harness.Until(moment, 100*time.Millisecond, func(context.Context) error {
		l.askSwarm(ctx)
		if s.SwarmError.Err == nil && s.Swarm != nil && isSettling(s.Topology, s.Swarm.Members) {
			return errSettling
		}
		return nil
	})
}

func (l *look) askSwarm(ctx context.Context) {
	info, err := l.cluster.Swarm().Info(ctx)
	s := &l.state
	s.SwarmError.Err, s.Swarm, s.SwarmName, s.SwarmVersion = err, info.Swarm, info.Name, info.ServerVersion
}

// askReplica asks the Swarm manager of a host beside the manager.
func (l *look) askReplica(ctx context.Context, h *Host) {
	if info, err := l.cluster.SwarmOn(h.Name).Info(ctx); err == nil {
		h.Replica = info.Swarm
	}
}

var errSettling = errors.New("the manager does not know all its members yet")

// isSettling reports whether a manager may be about to list more than it does.
func isSettling(t harness.Topology, listed []engine.Member) bool {
	isPending := func(m engine.Member) bool { return m.Status == "Pending" }
	return len(listed) < len(t.Members) || slices.ContainsFunc(listed, isPending)
}

// askAbout asks an engine for all that is on it.
func (l *look) askAbout(ctx context.Context, h *Host) {
	var group sync.WaitGroup
	group.Go(func() { l.askContainers(ctx, h) })
	group.Go(func() { l.askNetworks(ctx, h) })
	group.Go(func() { l.askGossip(ctx, h) })
	group.Wait()
}

// askContainers asks an engine for its containers and images. Only an image that it
// says it lacks is called missing.
func (l *look) askContainers(ctx context.Context, h *Host) {
	on := l.cluster.Engine(h.Name)
	h.MissingImages = nil
	var missing []bool
	var group sync.WaitGroup
	group.Go(func() { h.Containers, h.ContainersError.Err = containersOf(ctx, on, l.state.Relevant) })
	missing = make([]bool, len(l.state.Images))
	for i, ref := range l.state.Images {
		group.Go(func() {
			has, err := on.HasImage(ctx, ref)
			missing[i] = err == nil && !has
		})
	}
	group.Wait()
	for i, ref := range l.state.Images {
		if missing[i] {
			h.MissingImages = append(h.MissingImages, ref)
		}
	}
}

func (l *look) askNetworks(ctx context.Context, h *Host) {
	on := l.cluster.Engine(h.Name)
	h.Networks = nil
	var all []engine.Network
	all, h.NetworksError.Err = on.Networks(ctx)
	for _, n := range all {
		if n.Name != l.state.Topology.Network {
			continue
		}
		// Only asked for by itself does it tell its containers.
		full, err := on.Network(ctx, n.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		h.NetworksError.Err = errors.Join(h.NetworksError.Err, err)
		h.Networks = append(h.Networks, full)
	}
}

func (l *look) askGossip(ctx context.Context, h *Host) {
	h.Peers, h.GossipError.Err = engine.Gossip(ctx, l.cluster.Node(h.Name))
}

// askHost asks a host by commands.
func (l *look) askHost(ctx context.Context, h *Host) {
	ctx, cancel := context.WithTimeout(ctx, l.onHost(h, probeTime))
	defer cancel()
	h.Probe = runProbe(ctx, l.cluster.Node(h.Name), dialsOf(l.state.Topology, h.Host), l.state.OutOfBand)
}

func (l *look) askLog(ctx context.Context, h *Host) {
	n, ok := l.cluster.Node(h.Name).(harness.EngineLogger)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.onHost(h, time.Second))
	defer cancel()
	h.Log, _ = n.EngineLog(ctx, logLines) // what can't be had is as good as empty
}

// onHost is within of a command on a host, which out of band has to find its way
// first.
func (l *look) onHost(h *Host, d time.Duration) time.Duration {
	switch {
	case !l.state.OutOfBand:
		return l.withPatience(d)
	case Unreached(h.DialError.Err) != nil:
		return l.withPatience(d) + wayToLost
	}
	return l.withPatience(d) + wayIn
}

// withPatience returns a time to wait with patience.
func (l *look) withPatience(d time.Duration) time.Duration {
	return AnswerTime(time.Duration(float64(d)*l.state.Patience), len(l.state.Hosts))
}

// atOnce is how many hosts are asked at the same time. To ask more of them keeps their
// machine so busy that engines take one another for lost.
const atOnce = 16

// onEachHost does something for all hosts, many at once.
func (l *look) onEachHost(do func(*Host)) {
	harness.DoAll(l.state.Hosts, atOnce, func(_ int, h *Host) error {
		do(h)
		return nil
	})
}
