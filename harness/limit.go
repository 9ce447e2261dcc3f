package harness

import (
	"context"
	"time"
)

// DefaultTimeout is how long a command may take if --timeout does not say it.
// The limits of single waits are written for it.
const DefaultTimeout = 10 * time.Minute

type totalKey struct{}

// WithTotal is ctx for a command that may take total in all; then cause is why
// it ended. Limit stretches the limits of its waits if total is longer than
// DefaultTimeout.
func WithTotal(ctx context.Context, total time.Duration, cause error) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithValue(ctx, totalKey{}, total), total, cause)
}

// WithLimit is ctx for one wait of a command, which ends after Limit(ctx, d) or
// with ctx, whichever is first.
func WithLimit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Limit(ctx, d))
}

// Limit is how long a wait may take that d is enough for if the command is done
// within DefaultTimeout. Someone who gives the command n times as long has a
// slower machine, and the wait may take n times as long. A shorter total changes
// no limit: ctx ends earlier by itself.
func Limit(ctx context.Context, d time.Duration) time.Duration {
	total, given := ctx.Value(totalKey{}).(time.Duration)
	if !given || total <= DefaultTimeout {
		return d
	}
	return time.Duration(float64(d) * (float64(total) / float64(DefaultTimeout)))
}
