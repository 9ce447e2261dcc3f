// Package workload starts test containers on a cluster, has them send packets to
// one another, and removes them again.
package workload

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
)

const (
	// Image is what test containers are made of.
	Image = "labcheck/workload"
	// Label holds the run that started a container.
	Label = "labcheck.workload"
	// lifetime is how long a test container lives at most, so that what a crashed
	// run left behind ends by itself.
	lifetime = time.Minute
	// lastingLifetime is the same of a Workload that is Lasting.
	lastingLifetime = 5 * time.Minute
)

// Container is a test container that was started.
type Container struct {
	ID, Name string
	Host     string // empty if Swarm chose it
	// Addrs are its addresses on overlay networks. They are known from AwaitTold on.
	Addrs []netip.Addr
}

// WaitFunc calls a probe again and again until it returns nil or ctx ends.
type WaitFunc func(ctx context.Context, probe func(context.Context) error) error

// Workload is what one run of labcheck has started on a cluster. Its methods may
// be called by several goroutines at once.
type Workload struct {
	// Lasting is set if the containers must outlive a wait for a lost node.
	Lasting bool

	cluster *engine.Cluster
	wait    WaitFunc
	run     string // the value of Label
	turn    bool

	mu      sync.Mutex
	used    bool // there may be something to remove
	started []*Container
}

// New returns the workload of a new run, of which nothing was started yet.
func New(c *engine.Cluster, wait WaitFunc) *Workload {
	return &Workload{cluster: c, wait: wait, run: strings.ToLower(rand.Text()[:12])}
}

// Run returns the value of Label on what this run starts.
func (w *Workload) Run() string { return w.run }

// Started returns what was started, in its order.
func (w *Workload) Started() []*Container {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.started)
}

// unattached is the network of containers that need none. To start one on any other, an
// engine starts itself twice more: half of the time that it takes.
const unattached = "host"

// Start starts a container through a client, an engine's or Swarm's. The host is
// empty if Swarm is to choose it, and the network if none is needed. The name is made of
// the run and part.
func (w *Workload) Start(
	ctx context.Context, on *engine.Client, host, part, network string, env ...string,
) (*Container, error) {
	spec := w.newSpec(ctx, fmt.Sprintf("labcheck-%s-%s", w.run, part))
	spec.Network, spec.Env = cmp.Or(network, unattached), env
	w.mu.Lock()
	w.used = true
	w.mu.Unlock()
	id, err := startPatiently(ctx, on, spec)
	if err != nil {
		return nil, err
	}
	c := &Container{ID: id, Name: spec.Name, Host: host}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started = append(w.started, c)
	return c, nil
}

// StartOnEach starts a container on each engine, all at once, and returns what
// became of each, in the order of the topology's hosts.
func (w *Workload) StartOnEach(ctx context.Context, network string) []error {
	return w.onEachHost(func(h harness.Host) error {
		_, err := w.Start(ctx, w.cluster.Engine(h.Name), h.Name, h.Name, network)
		return err
	})
}

// AwaitTold waits until engines were told where the started containers are, and
// goes on if they were not, or that can't be known: the packets will tell.
func (w *Workload) AwaitTold(ctx context.Context) error {
	all := w.Started()
	failed := harness.DoAll(all, atOnce, func(_ int, c *Container) (err error) {
		c.Addrs, err = overlayAddrs(ctx, w.cluster.Engine(c.Host), c.ID)
		return err
	})
	if err := errors.Join(failed...); err != nil {
		return err
	}
	hosts := map[netip.Addr]string{}
	for _, c := range all {
		for _, a := range c.Addrs {
			hosts[a] = c.Host
		}
	}
	wait, cancel := context.WithTimeout(ctx, tutorial.TellTime)
	defer cancel()
	_ = w.wait(wait, func(ctx context.Context) error {
		return tutorial.CheckTold(ctx, w.cluster, hosts)
	})
	return ctx.Err()
}

// HostsOf asks every engine whether it has a container and returns the hosts of
// those that do.
func (w *Workload) HostsOf(ctx context.Context, id string) ([]string, error) {
	hosts := w.cluster.Topology().Hosts()
	found := w.onEachHost(func(h harness.Host) error {
		_, err := w.cluster.Engine(h.Name).Inspect(ctx, id)
		return err
	})
	var where []string
	for i, h := range hosts {
		switch {
		case found[i] == nil:
			where = append(where, h.Name)
		case !errors.Is(found[i], engine.ErrNotFound):
			return where, found[i]
		}
	}
	return where, nil
}

// Remove removes what was started and, of runs that crashed, what ended by
// itself. The turn ends when all that was started in it is gone.
func (w *Workload) Remove(ctx context.Context) error {
	w.mu.Lock()
	used := w.used
	w.used, w.turn, w.Lasting, w.started = false, false, false, nil
	w.mu.Unlock()
	if !used {
		return nil
	}
	all, err := Leftovers(ctx, w.cluster)
	ours := slices.DeleteFunc(all, func(l Leftover) bool { return l.Labels[Label] != w.run && l.State != "exited" })
	isTurn := func(l Leftover) bool { return l.Name == turnName }
	turn := slices.DeleteFunc(slices.Clone(ours), func(l Leftover) bool { return !isTurn(l) })
	_, failed := RemoveLeftovers(ctx, w.cluster, slices.DeleteFunc(ours, isTurn))
	_, turnFailed := RemoveLeftovers(ctx, w.cluster, turn)
	return errors.Join(err, failed, turnFailed)
}

// onEachHost does something for every host at once and returns what became of
// each, in the topology's order.
func (w *Workload) onEachHost(do func(harness.Host) error) []error {
	return harness.DoAll(w.cluster.Topology().Hosts(), atOnce, func(_ int, h harness.Host) error { return do(h) })
}

func (w *Workload) newSpec(ctx context.Context, name string) engine.RunSpec {
	lives := lifetime
	if w.Lasting {
		lives = lastingLifetime
	}
	lives += TimeOfMany(w.cluster.Topology())
	return engine.RunSpec{
		Name: name, Image: Image, Labels: map[string]string{Label: w.run},
		Args: []string{"sleep", fmt.Sprint(int(harness.Limit(ctx, lives).Seconds()))},
	}
}

// TimeOfMany returns how much longer than on the page's five hosts a workload may take:
// to start a container on each, to ping from it, and to remove it. Every engine takes
// note of each container on an overlay network, so that on two CPUs which share a hundred
// hosts a start takes 1.5 s, and pinging all others a little less.
func TimeOfMany(t harness.Topology) time.Duration {
	return time.Duration(max(0, len(t.Hosts())-5)) * 8 * time.Second
}

// startPatiently starts a container. When ctx is cancelled the start is given a
// moment to come to its end, so that nothing appears after the workload was
// removed.
func startPatiently(ctx context.Context, c *engine.Client, s engine.RunSpec) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, cancel) })
	defer stop()
	return c.Run(patient, s)
}

// overlayAddrs returns a container's addresses on the networks that engines tell
// one another of.
func overlayAddrs(ctx context.Context, e *engine.Client, id string) ([]netip.Addr, error) {
	c, err := e.Inspect(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := e.Networks(ctx)
	var addrs []netip.Addr
	for _, n := range c.Networks {
		attached := func(o engine.Network) bool { return o.Name == n.Network && o.Driver == engine.Overlay }
		if slices.ContainsFunc(all, attached) {
			addrs = append(addrs, n.Addr)
		}
	}
	return addrs, err
}

// ignoreGone takes what was removed already, by another run, as removed.
func ignoreGone(err error) error {
	if errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrExists) {
		return nil
	}
	return err
}

// atOnce is with how many containers something is done at the same time: each of them
// costs the engines' machine processes, and engines that want addresses of one network
// from Consul at the same time have to try again.
const atOnce = 8
