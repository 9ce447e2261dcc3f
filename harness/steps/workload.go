package steps

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// workload is what the current scenario started.
type workload struct {
	turn    bool
	lasting bool     // outlives the wait for a node that is lost
	counts  []counts // as the engines counted before each start, and at the end

	mu      sync.Mutex
	started []started
}

// started is a container that a scenario started.
type started struct {
	id, name string
	host     string // empty where Swarm chose it
}

// counts are numbers of containers by host, stopped ones included, as Swarm's
// strategy counts them.
type counts map[string]int

const (
	// WorkloadImage is what scenarios start containers of.
	WorkloadImage = "labcheck/workload"
	// WorkloadLabel holds the run that started a container.
	WorkloadLabel = "labcheck.workload"
	// lifetime is how long what a scenario starts lives at most, so that what a
	// crashed run left behind ends by itself.
	lifetime = time.Minute
	// lastingLifetime is the same of scenarios that wait for what faults do.
	lastingLifetime = 5 * time.Minute
	// turnName is the container, on the manager, which the run has whose turn
	// it is to start containers. Two runs at once would see one another's.
	turnName = "labcheck-turn"
)

func (w *World) spec(ctx context.Context, name, network string) engine.RunSpec {
	lives := lifetime
	if w.load.lasting {
		lives = lastingLifetime
	}
	lives = harness.Limit(ctx, lives)
	return engine.RunSpec{
		Name: name, Image: WorkloadImage, Network: network,
		Args:   []string{"sleep", fmt.Sprint(int(lives.Seconds()))},
		Labels: map[string]string{WorkloadLabel: w.run},
	}
}

// takeTurn waits until no other run starts containers on this cluster. The run's
// patience is not for this: it tells nothing of the cluster.
func (w *World) takeTurn(ctx context.Context) error {
	if w.load.turn {
		return nil
	}
	w.load.turn = true // from here on there may be something to remove
	manager := w.cluster.Engine(w.topology().Manager.Name)
	var h holder
	ctx, cancel := harness.WithLimit(ctx, lifetime+10*time.Second)
	defer cancel()
	return w.await(ctx, func(ctx context.Context) error {
		_, err := patiently(ctx, manager, w.spec(ctx, turnName, ""))
		if !errors.Is(err, engine.ErrExists) {
			return err
		}
		c, err := manager.Inspect(ctx, turnName)
		if err != nil {
			return err
		}
		if h.gone(c) {
			return errors.Join(lang.Errorf("a former run left its turn behind"), manager.Remove(ctx, c.ID))
		}
		return lang.Errorf("another labcheck starts containers on this cluster (run %s)", c.Labels[WorkloadLabel])
	})
}

// holder watches the container of a run that has its turn.
type holder struct {
	id    string
	since time.Time
}

// gone tells of a run that crashed: its container ended by itself, or was made
// and never started.
func (h *holder) gone(c engine.Container) bool {
	if h.id != c.ID {
		*h = holder{c.ID, time.Now()}
	}
	return !c.Running && (c.State != "created" || time.Since(h.since) > 5*time.Second)
}

// patiently starts a container. When ctx is cancelled the start is given a
// moment to come to its end, so that nothing appears after the scenario was
// cleaned up.
func patiently(ctx context.Context, c *engine.Client, s engine.RunSpec) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, cancel) })
	defer stop()
	return c.Run(patient, s)
}

// start starts a container through a client, an engine's or Swarm's. The host
// is empty where Swarm chooses it.
func (w *World) start(ctx context.Context, c *engine.Client, host string, s engine.RunSpec) error {
	id, err := patiently(ctx, c, s)
	if err != nil {
		return err
	}
	w.load.mu.Lock()
	defer w.load.mu.Unlock()
	w.load.started = append(w.load.started, started{id, s.Name, host})
	return nil
}

func (w *World) name(what any) string { return fmt.Sprintf("labcheck-%s-%v", w.run, what) }

func (w *World) startThroughSwarm(ctx context.Context) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	return w.start(ctx, w.cluster.Swarm(), "", w.spec(ctx, w.name(1), ""))
}

// onOneEngine wants the container on exactly one engine, and not the manager's.
func (w *World) onOneEngine(ctx context.Context) error {
	where, err := w.hostsOf(ctx, w.load.started[0].id)
	if err != nil {
		return err
	}
	if len(where) != 1 || where[0] == w.topology().Manager.Name {
		return w.mismatch(w.lang.Say("the engines that have the container"), w.lang.Say("one node's"), w.listed(where))
	}
	w.load.started[0].host = where[0]
	return nil
}

// hostsOf asks every engine whether it has a container.
func (w *World) hostsOf(ctx context.Context, id string) ([]string, error) {
	hosts := w.topology().Hosts()
	found, err := each(ctx, hosts, func(ctx context.Context, h harness.Host) (bool, error) {
		_, err := w.cluster.Engine(h.Name).Inspect(ctx, id)
		if errors.Is(err, engine.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
	var where []string
	for i, h := range hosts {
		if found[i] {
			where = append(where, h.Name)
		}
	}
	return where, err
}

func (w *World) swarmNamesNode(ctx context.Context) error {
	s := w.load.started[0]
	c, err := w.cluster.Swarm().Inspect(ctx, s.id)
	if err != nil {
		return err
	}
	if c.Node != s.host {
		return w.mismatch(w.lang.Say("the node that the cluster names"), s.host, w.orNone(c.Node))
	}
	return nil
}

// CleanUp takes off what the scenario broke, removes what it started and, of
// runs that crashed, what ended by itself.
func (w *World) CleanUp(ctx context.Context) error {
	return errors.Join(w.mend(ctx), w.removeStarted(ctx))
}

func (w *World) removeStarted(ctx context.Context) error {
	if !w.load.turn {
		return nil
	}
	w.load = &workload{}
	_, err := each(ctx, w.topology().Hosts(), func(ctx context.Context, h harness.Host) (struct{}, error) {
		return struct{}{}, w.sweep(ctx, w.cluster.Engine(h.Name), func(c engine.Container) bool { return c.Name != turnName })
	})
	// The turn ends when all that was started in it is gone.
	manager := w.cluster.Engine(w.topology().Manager.Name)
	return errors.Join(err, w.sweep(ctx, manager, func(c engine.Container) bool { return c.Name == turnName }))
}

// sweep removes containers from an engine, several at once.
func (w *World) sweep(ctx context.Context, e *engine.Client, which func(engine.Container) bool) error {
	all, err := e.Containers(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range all {
		run, ours := c.Labels[WorkloadLabel]
		if ours && which(c) && (run == w.run || c.State == "exited") {
			g.Go(func() error { return gone(e.Remove(ctx, c.ID)) })
		}
	}
	return g.Wait()
}

// gone takes what was removed already, by another run that swept, as removed.
func gone(err error) error {
	if errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrExists) {
		return nil
	}
	return err
}
