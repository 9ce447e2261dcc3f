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

// In returns the event in a line, without the time that it took.
func (e Event) In(l lang.Language) string { return e.Step.ID + ": " + e.What.In(l) }

// Bootstrap performs the steps of the page that are not done yet, on a cluster
// whose engines answer, and tells of each step when it is done. What is done
// already is left as it is. report may be nil and is called by one goroutine at a
// time. The error is a *StepError, of the step that failed first.
func (p *Page) Bootstrap(ctx context.Context, c *engine.Cluster, report func(Event)) error {
	return p.performPhases(ctx, c, report, func([]Step) error { return nil })
}

// Resume is Bootstrap on hosts that were just started. A Swarm manager that starts
// with its host does so before Consul and the other engines answer, and then leaves
// them alone for up to 60 s: Resume restarts it once Consul works.
func (p *Page) Resume(ctx context.Context, c *engine.Cluster, report func(Event)) error {
	return p.performPhases(ctx, c, report, func(phase []Step) error {
		_, err := harness.Each(ctx, phase, func(ctx context.Context, s Step) (struct{}, error) {
			return struct{}{}, refreshManager(ctx, c, s)
		})
		return err
	})
}

// performPhases is Bootstrap, and calls before with the steps of each phase before
// these are performed.
func (p *Page) performPhases(
	ctx context.Context, c *engine.Cluster, report func(Event), before func(phase []Step) error,
) error {
	steps := p.Steps(c.Topology())
	if err := p.checkFirst(ctx, c, steps); err != nil {
		return err
	}
	for _, phase := range stepsByPhase(steps) {
		if err := before(phase); err != nil {
			return err
		}
		if err := performAll(ctx, c, phase, report); err != nil {
			return err
		}
	}
	return nil
}

// checkFirst returns what is in the way of the page's first step, before others
// are performed for it: a cluster on which the page was performed as it is can't
// get replicas.
func (p *Page) checkFirst(ctx context.Context, c *engine.Cluster, steps []Step) error {
	first := p.Steps(printedIn(c.Topology()))[0].ID
	for _, s := range steps {
		if s.ID != first {
			continue
		}
		if err := s.lookForMissing(ctx, c); errors.As(err, new(*WrongError)) {
			return &StepError{s, err}
		}
	}
	return nil
}

// stepsByPhase returns steps by their phase, the first phase first.
func stepsByPhase(steps []Step) [][]Step {
	slices.SortStableFunc(steps, func(a, b Step) int { return a.phase - b.phase })
	return harness.GroupBy(steps, func(s Step) int { return s.phase })
}

// atOnce is how many steps of a phase are performed at the same time.
const atOnce = 16

func performAll(ctx context.Context, c *engine.Cluster, steps []Step, report func(Event)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	var reporting sync.Mutex
	for _, s := range steps {
		group.Go(func() error {
			e := Event{Step: s}
			start := time.Now()
			if err := s.performStep(ctx, c, &e); err != nil {
				return &StepError{s, err}
			}
			e.Elapsed = time.Since(start)
			reporting.Lock()
			defer reporting.Unlock()
			if report != nil {
				report(e)
			}
			return nil
		})
	}
	return group.Wait()
}

// refreshManager restarts the container of a step that starts a Swarm manager, if
// it is there.
func refreshManager(ctx context.Context, c *engine.Cluster, s Step) error {
	service, ok := s.part.(Service)
	if !ok || service.Name != SwarmManager {
		return nil
	}
	found, err := service.findContainer(ctx, c)
	switch {
	case errors.Is(err, errNoContainer), errors.As(err, new(*WrongError)):
		return nil // performing the step says what is in the way
	case err == nil:
		err = c.Engine(service.Host.Name).Restart(ctx, found.ID)
	}
	if err != nil {
		return &StepError{s, err}
	}
	return nil
}
