package steps

import (
	"context"
	"time"
)

// patience is how much longer a run may wait, in all, for what is not so yet.
// Once a cluster that stands turns out to be broken, most claims that could be
// waited for are false: to wait for each would take minutes.
type patience struct{ left time.Duration }

// oneLook is how long an answer may take where there is no time left to wait.
const oneLook = 2 * time.Second

// LimitWaits has all waits of the run together take at most that long, beside
// one look that each has in any case.
func (w *World) LimitWaits(total time.Duration) { w.patience = &patience{total} }

// over says that there is no time left to wait.
func (p *patience) over() bool { return p != nil && p.left <= 0 }

// wait gives a wait the time that there is for it. What it took is gone when
// done is called.
func (p *patience) wait(ctx context.Context, atMost time.Duration) (_ context.Context, done func()) {
	switch {
	case p == nil:
		return context.WithTimeout(ctx, atMost)
	case p.over():
		return context.WithTimeout(ctx, oneLook)
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, min(atMost, p.left))
	return ctx, func() {
		cancel()
		p.left -= time.Since(start)
	}
}
