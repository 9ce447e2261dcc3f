package harness

import (
	"context"
	"time"
)

// DefaultTimeout is how long a command may take without --timeout. The limits of
// single waits are chosen for it.
const DefaultTimeout = 10 * time.Minute

type totalKey struct{}

// WithTotal returns ctx for a command that may take total in all, and then ends
// because of cause. Limit extends the limits of its waits if total is longer than
// DefaultTimeout.
func WithTotal(ctx context.Context, total time.Duration, cause error) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithValue(ctx, totalKey{}, total), total, cause)
}

// WithLimit returns ctx for one wait of a command. It ends after Limit(ctx, d) or
// with ctx, whichever is first.
func WithLimit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Limit(ctx, d))
}

// Limit returns how long a wait may take if d is enough for a command that ends
// within DefaultTimeout. A user who gives the command n times as long has a slower
// machine, so the wait may take n times as long. A shorter total changes no limit,
// because ctx ends earlier by itself.
func Limit(ctx context.Context, d time.Duration) time.Duration {
	total, given := ctx.Value(totalKey{}).(time.Duration)
	if !given || total <= DefaultTimeout {
		return d
	}
	return time.Duration(float64(d) * (float64(total) / float64(DefaultTimeout)))
}
