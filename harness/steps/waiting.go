package steps

import (
	"context"
	"errors"
	"time"

	"labcheck/harness"
)

// patience is how much longer a run may wait, in all, for conditions that are not
// met yet. Once a cluster that is running turns out to be broken, most claims that
// could be waited for are false: to wait for each would take minutes. A condition
// that is met at the first look takes none of it, however slow the answer was.
type patience struct {
	left time.Duration
	// inProgress says that the scenario itself changes what its sentences wait for:
	// they then wait for as long as they say.
	inProgress bool
}

// oneLook is how long an answer may take that is looked at once, however little
// time is left to wait.
const oneLook = 5 * time.Second

// waitFor waits for a probe to succeed until ctx is done.
func (s *scenario) waitFor(ctx context.Context, probe func(context.Context) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	start := time.Now()
	told := start
	return harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		err := probe(ctx)
		if errors.As(err, new(*harness.UnreachableError)) {
			giveUp(err) // what can't be asked does not come about by waiting
		}
		if err != nil && time.Since(told) >= time.Second {
			told = time.Now()
			s.waiting(time.Since(start), err)
		}
		return err
	})
}

// waitAtMost waits for a probe to succeed, within the run's patience.
func (s *scenario) waitAtMost(ctx context.Context, atMost time.Duration, probe func(context.Context) error) error {
	ctx, cancel := harness.WithLimit(ctx, atMost)
	defer cancel()
	if s.patience == nil || s.patience.inProgress {
		return s.waitFor(ctx, probe)
	}
	start := time.Now()
	look, cancel := harness.WithLimit(ctx, oneLook)
	err := probe(look)
	cancel()
	if err == nil || errors.As(err, new(*harness.UnreachableError)) || s.patience.left <= 0 {
		return err
	}
	defer func() { s.patience.left -= time.Since(start) }()
	ctx, cancel = context.WithDeadline(ctx, start.Add(s.patience.left))
	defer cancel()
	if ctx.Err() != nil {
		return err
	}
	return s.waitFor(ctx, probe)
}

// within makes a sentence's function of a probe: it also takes the seconds that
// the sentence gives the probe to succeed.
func within(s *scenario, probe func(context.Context) error) func(context.Context, int) error {
	return func(ctx context.Context, seconds int) error {
		return s.waitAtMost(ctx, time.Duration(seconds)*time.Second, probe)
	}
}

// withinFor is within for a probe that takes a value.
func withinFor[A any](s *scenario, probe func(context.Context, A) error) func(context.Context, A, int) error {
	return func(ctx context.Context, a A, seconds int) error {
		return within(s, func(ctx context.Context) error { return probe(ctx, a) })(ctx, seconds)
	}
}
