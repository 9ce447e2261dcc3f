package tutorial

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Event tells that a step is done.
type Event struct {
	Step Step
	// Already says that there was nothing to do.
	Already bool
	Elapsed time.Duration
}

// StepError is a step that did not come to its end.
type StepError struct {
	Step Step
	Err  error // the last state seen, in a *harness.TimeoutError where time ran out
}

func (e *StepError) Error() string {
	return fmt.Sprintf("step %s (%s) on %s: %v", e.Step.ID, e.Step.Page, e.Step.Host, e.Err)
}

func (e *StepError) Unwrap() error { return e.Err }

// pause is how long a step waits before it looks again whether it is done.
const pause = 50 * time.Millisecond

// Bootstrap performs what of the tutorial is not done yet on a cluster whose
// engines answer, and tells of each step when it is done; report may be nil and
// is called by one goroutine at a time. What is done already is left as it is.
// An error is a *StepError, or several, joined.
func Bootstrap(ctx context.Context, c *engine.Cluster, report func(Event)) error {
	var mu sync.Mutex
	tell := func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if report != nil {
			report(e)
		}
	}
	for _, phase := range phases(Steps(c.Topology())) {
		if err := perform(ctx, c, phase, tell); err != nil {
			return err
		}
	}
	return nil
}

// phases are steps that can go side by side. Swarm's manager and the joins do:
// each waits for Consul, and a join for the manager to list its host. The
// manager must not start before Consul has a leader: it would look again only
// after a minute (docker/swarm v1.2.9, discovery/kv/kv.go, func Watch).
func phases(steps []Step) [][]Step {
	last := len(steps) - 1
	return [][]Step{steps[:1], steps[1:last], steps[last:]}
}

func perform(ctx context.Context, c *engine.Cluster, steps []Step, tell func(Event)) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range steps {
		group.Go(func() error {
			start := time.Now()
			already, err := s.perform(ctx, c)
			if err != nil {
				return &StepError{s, err}
			}
			tell(Event{s, already, time.Since(start)})
			return nil
		})
	}
	return group.Wait()
}

// perform brings a step to its end; already says that it was there.
func (s Step) perform(ctx context.Context, c *engine.Cluster) (already bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	missing := s.part.done(ctx, c)
	if missing == nil {
		return true, nil
	}
	if wrong := new(WrongError); errors.As(missing, &wrong) {
		return false, wrong
	}
	if err := s.part.apply(ctx, c); err != nil {
		return false, err
	}
	return false, s.await(ctx, c)
}

// await waits for a step's part to work; what apply can't mend it does not
// wait for.
func (s Step) await(ctx context.Context, c *engine.Cluster) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return harness.Until(ctx, pause, func(ctx context.Context) error {
		err := s.part.done(ctx, c)
		if wrong := new(WrongError); errors.As(err, &wrong) {
			giveUp(wrong)
		}
		return err
	})
}

// Undo takes the steps back, the last one first, and leaves engines with no
// step done. Workload containers on the network are in its way: that is an
// error, of the engine.
func Undo(ctx context.Context, c *engine.Cluster) error {
	steps := Steps(c.Topology())
	for i := len(steps) - 1; i >= 0; i-- {
		if err := steps[i].part.undo(ctx, c); err != nil {
			return &StepError{steps[i], fmt.Errorf("undo: %w", err)}
		}
	}
	return nil
}

// eachHost does something with all hosts at once and returns the first error,
// in the hosts' order.
func eachHost(hosts []harness.Host, do func(int, harness.Host) error) error {
	errs := make([]error, len(hosts))
	var group sync.WaitGroup
	for i, h := range hosts {
		group.Go(func() { errs[i] = do(i, h) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
