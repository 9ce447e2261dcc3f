package harness

import (
	"context"
	"errors"
	"time"

	"labcheck/harness/lang"
)

// TotalError reports that the time which something may take in all is over.
type TotalError struct{ After time.Duration }

func (e TotalError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e TotalError) In(l lang.Language) string { return l.Say("not done within %s", e.After) }

// EndedError reports why something was ended, and what it was about then.
type EndedError struct{ Cause, Err error }

func (e *EndedError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *EndedError) In(l lang.Language) string {
	if errors.Is(e.Err, e.Cause) || errors.Is(e.Err, context.Canceled) {
		return l.Error(e.Cause)
	}
	return l.Error(e.Cause) + ": " + l.Error(e.Err)
}

func (e *EndedError) Unwrap() []error { return []error{e.Cause, e.Err} }

// EndedEarly adds to an error that ctx has ended because a total time is over.
func EndedEarly(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.As(cause, new(TotalError)) {
		return &EndedError{cause, err}
	}
	return err
}
