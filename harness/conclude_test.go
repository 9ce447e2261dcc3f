package harness_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"labcheck/harness"
)

// TestConclude: a run that could not check all is unreachable, unless what it could
// check is false and counts.
func TestConclude(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	failed := errors.New("lost")
	unreached := errors.Join(&harness.UnreachableError{Node: "store"}, &harness.UnreachableError{Node: "store"})
	for _, test := range []struct {
		ctx    context.Context
		counts harness.Counts
		failed error
		want   harness.Verdict
	}{
		{t.Context(), harness.Counts{Passed: 1}, nil, harness.VerdictHolds},
		{t.Context(), harness.Counts{Passed: 1, Failed: 1}, nil, harness.VerdictFalse},
		{t.Context(), harness.Counts{Passed: 1}, unreached, harness.VerdictUnreachable},
		{t.Context(), harness.Counts{Failed: 1}, unreached, harness.VerdictFalse},
		{t.Context(), harness.Counts{Failed: 1}, failed, harness.VerdictUnreachable},
		{t.Context(), harness.Counts{Passed: 1}, &harness.BusyError{Run: "x"}, harness.VerdictUnreachable},
		{t.Context(), harness.Counts{Failed: 1}, &harness.BusyError{Run: "x"}, harness.VerdictFalse},
		{interrupted, harness.Counts{Failed: 1}, unreached, harness.VerdictInterrupted},
	} {
		e := harness.Evidence{Counts: test.counts}
		if e.Conclude(test.ctx, test.failed); e.Run.Verdict != test.want {
			t.Errorf("%+v, %v: %s, want %s", test.counts, test.failed, e.Run.Verdict, test.want)
		}
		if want := "store can't be reached: "; errors.Is(test.failed, unreached) && e.Run.Error != want {
			t.Errorf("%q, want %q once", e.Run.Error, want)
		}
	}
}

// TestEndedEarly: an error says that the time was up, if it was, and stays what it is.
func TestEndedEarly(t *testing.T) {
	failed := errors.New("it failed")
	if got := harness.EndedEarly(t.Context(), failed); got != failed { //nolint:errorlint // the same one
		t.Errorf("in time: %v", got)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, harness.TotalError{After: time.Minute})
	defer cancel()
	<-ctx.Done()
	if got := harness.EndedEarly(ctx, failed); got.Error() != "not done within 1m0s: it failed" || !errors.Is(got, failed) {
		t.Errorf("late: %v", got)
	}
}
