package harness

import (
	"context"
	"time"

	"labcheck/harness/lang"
)

// TimeoutError is a wait that ended before what it waited for came true.
type TimeoutError struct {
	After time.Duration
	Last  error // why the last attempt was not enough
}

func (e *TimeoutError) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e *TimeoutError) In(l lang.Language) string {
	return l.Say("after %s still: %s", e.After.Round(100*time.Millisecond), l.Error(e.Last))
}

func (e *TimeoutError) Unwrap() error { return e.Last }

// Until calls probe, waits for the given pause and calls it again, until it
// returns nil or ctx ends. Then the error is a *TimeoutError with what probe
// said last, or ctx's cause where the wait was cancelled rather than too long.
// Each probe is given ctx, so one that hangs ends with it.
func Until(ctx context.Context, pause time.Duration, probe func(context.Context) error) error {
	start := time.Now()
	var last error
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // what the end of ctx itself broke says nothing of the cluster
		}
		select {
		case <-ctx.Done():
			if ctx.Err() == context.Canceled {
				return context.Cause(ctx)
			}
			return &TimeoutError{After: time.Since(start), Last: last}
		case <-time.After(pause):
		}
	}
}
