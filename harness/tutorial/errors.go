package tutorial

import "labcheck/harness/lang"

// StepError is a step that did not come to its end.
type StepError struct {
	Step Step
	// Err says what is missing, in a *harness.TimeoutError if time ran out.
	Err error
}

func (e *StepError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *StepError) In(l lang.Language) string {
	return l.Say("step %s (%s of the page) on %s: %s", e.Step.ID, e.Step.Page, e.Step.Host, l.Error(e.Err))
}

func (e *StepError) Unwrap() error { return e.Err }

// WrongError is something on a host that is in the way of a step, and that only
// a person can judge.
type WrongError struct {
	Host string
	What lang.Text // such as: container vibrant_tu publishes port 8500, but runs nginx
	Fix  string    // the command that makes way
}

func (e *WrongError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *WrongError) In(l lang.Language) string {
	return l.Say("%s: %s; fix it with `%s` and try again", e.Host, e.What.In(l), e.Fix)
}

// HintIn implements harness.Hinter.
func (e *WrongError) HintIn(lang.Language) string { return e.Fix }
