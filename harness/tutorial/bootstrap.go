package tutorial

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Event tells that a step is done.
type Event struct {
	Step Step
	// Already says that there was nothing to do.
	Already bool
	// What says what was done: made, started again, …
	What    lang.Text
	Elapsed time.Duration
}

// In is the event in a line, without the time that it took.
func (e Event) In(l lang.Language) string { return e.Step.ID + ": " + e.What.In(l) }

// pause is how long a step waits before it looks again whether it is done.
const pause = 50 * time.Millisecond

// Bootstrap does what of the tutorial is not done yet, on a cluster whose
// engines answer, and tells of each step when it is done. What is done already
// is left as it is. report may be nil and is called by one goroutine at a time.
// The error is a *StepError, of the step that failed first.
func Bootstrap(ctx context.Context, c *engine.Cluster, report func(Event)) error {
	tell := serialized(report)
	all := Steps(c.Topology())
	if err := inTheWay(ctx, c, all); err != nil {
		return err
	}
	for _, steps := range phases(all) {
		if err := performAll(ctx, c, steps, tell); err != nil {
			return err
		}
	}
	return nil
}

// inTheWay is what stops the page's first step, before others are done for it:
// where the page was performed as it is there is no way to replicas.
func inTheWay(ctx context.Context, c *engine.Cluster, steps []Step) error {
	for _, s := range steps {
		if s.phase != consulPhase {
			continue
		}
		if err := s.look(ctx, c); errors.As(err, new(*WrongError)) {
			return &StepError{s, err}
		}
	}
	return nil
}

func serialized(report func(Event)) func(Event) {
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if report != nil {
			report(e)
		}
	}
}

// phases are the steps by their phase.
func phases(steps []Step) [][]Step {
	var all [networkPhase + 1][]Step
	for _, s := range steps {
		all[s.phase] = append(all[s.phase], s)
	}
	return all[:]
}

func performAll(ctx context.Context, c *engine.Cluster, steps []Step, tell func(Event)) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range steps {
		group.Go(func() error {
			e := Event{Step: s}
			start := time.Now()
			if err := s.perform(ctx, c, &e); err != nil {
				return &StepError{s, err}
			}
			e.Elapsed = time.Since(start)
			tell(e)
			return nil
		})
	}
	return group.Wait()
}

// perform brings a step to its end and notes what was done for it.
func (s Step) perform(ctx context.Context, c *engine.Cluster, e *Event) error {
	missing := s.look(ctx, c)
	if missing == nil {
		e.Already, e.What = true, lang.Text{EN: "done already"}
		return nil
	}
	if errors.As(missing, new(*WrongError)) {
		return missing
	}
	var err error
	if e.What, err = s.apply(ctx, c); err != nil {
		return err
	}
	return s.await(ctx, c)
}

func (s Step) look(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := harness.WithLimit(ctx, s.within)
	defer cancel()
	return s.part.missing(ctx, c)
}

// apply does the step, and gets its image first where the engine lacks it.
func (s Step) apply(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	what, err := s.try(ctx, c)
	service, ok := s.part.(service)
	if !ok || !errors.Is(err, engine.ErrNoImage) {
		return what, err
	}
	if err := getImage(ctx, c, s.Host, service.spec.Image); err != nil {
		return lang.Text{}, err
	}
	return s.try(ctx, c)
}

// getImage pulls an image, as `docker run` does. Consul's is copied from the
// manager's engine: servers that vote together are to be of one version.
func getImage(ctx context.Context, c *engine.Cluster, host, image string) error {
	ctx, cancel := harness.WithLimit(ctx, pullImage)
	defer cancel()
	manager := c.Engine(c.Topology().Manager.Name)
	if on := c.Engine(host); on != manager && image == consulImage {
		return on.CopyImage(ctx, manager, image)
	}
	return c.Engine(host).Pull(ctx, image)
}

func (s Step) try(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	ctx, cancel := harness.WithLimit(ctx, s.within)
	defer cancel()
	return s.part.apply(ctx, c)
}

// await waits until a step's part works, or never will.
func (s Step) await(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := harness.WithLimit(ctx, s.within)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return harness.Until(ctx, pause, func(ctx context.Context) error {
		err := s.part.working(ctx, c)
		if errors.As(err, new(*WrongError)) || errors.Is(err, errEnded) {
			giveUp(err)
		}
		return err
	})
}

// Undo takes back all steps but Consul, the last one first, and leaves a cluster
// at the stage consul. Consul stays: after their cluster store has forgotten
// what they wrote there, engines may not make an overlay network again before
// they are restarted; `network create` then hangs, or fails with "pool
// configuration failed" (Engine 20.10.5; in most tries, not in all). Containers
// on the network are in Undo's way: the error is the engine's own.
func Undo(ctx context.Context, c *engine.Cluster) error {
	backwards := phases(Steps(c.Topology()))[swarmPhase:]
	slices.Reverse(backwards)
	for _, steps := range backwards {
		if err := undoAll(ctx, c, steps); err != nil {
			return err
		}
	}
	return nil
}

func undoAll(ctx context.Context, c *engine.Cluster, steps []Step) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range steps {
		group.Go(func() error {
			if err := s.part.undo(ctx, c); err != nil {
				return &StepError{s, lang.Errorf("undo: %w", err)}
			}
			return nil
		})
	}
	return group.Wait()
}
