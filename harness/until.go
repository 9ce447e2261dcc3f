package harness

import (
	"context"
	"time"

	"labcheck/harness/lang"
)

// TimeoutError reports that a condition was not met before the end of a wait.
type TimeoutError struct {
	After time.Duration
	Last  error // of the last attempt
}

func (e *TimeoutError) Error() string { return e.In(lang.English) }

// In returns the message in a language.
func (e *TimeoutError) In(l lang.Language) string {
	return l.Say("after %s still: %s", e.After.Round(100*time.Millisecond), l.Error(e.Last))
}

func (e *TimeoutError) Unwrap() error { return e.Last }

// Until calls probe, waits for the given pause and calls it again, until it returns
// nil or ctx ends. If ctx ends the error is a *TimeoutError with the last error of
// probe, or ctx's cause if ctx was cancelled. A probe that hangs ends with ctx.
func Until(ctx context.Context, pause time.Duration, probe func(context.Context) error) error {
	start := time.Now()
	var last error
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // an error because ctx ended says nothing about the cluster
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
