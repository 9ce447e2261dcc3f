package steps

import (
	"context"
	"errors"
	"time"

	"labcheck/harness"
)

// patience is how much longer a run may wait, in all, for what is not so yet.
// Once a cluster that stands turns out to be broken, most claims that could be
// waited for are false: to wait for each would take minutes. What is so when it
// is looked at takes none of it, however slow the answer was.
type patience struct{ left time.Duration }

// oneLook is how long an answer may take that is looked at once, however little
// time is left to wait.
const oneLook = 5 * time.Second

// LimitWaits has all waits of the run together take at most that long, beside
// one look that each has in any case.
func (w *World) LimitWaits(total time.Duration) { w.patience = &patience{total} }

// until waits for a probe to succeed, within the run's patience.
func (w *World) until(ctx context.Context, atMost time.Duration, probe func(context.Context) error) error {
	ctx, cancel := harness.WithLimit(ctx, atMost)
	defer cancel()
	if w.patience == nil {
		return w.await(ctx, probe)
	}
	start := time.Now()
	look, cancel := harness.WithLimit(ctx, oneLook)
	err := probe(look)
	cancel()
	if err == nil || errors.As(err, new(*harness.UnreachableError)) || w.patience.left <= 0 {
		return err
	}
	defer func() { w.patience.left -= time.Since(start) }()
	ctx, cancel = context.WithDeadline(ctx, start.Add(w.patience.left))
	defer cancel()
	if ctx.Err() != nil {
		return err
	}
	return w.await(ctx, probe)
}
