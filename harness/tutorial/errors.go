package tutorial

import "fmt"

// StepError is a step that did not come to its end.
type StepError struct {
	Step Step
	// Err is what lacked; in a *harness.TimeoutError where time ran out.
	Err error
}

func (e *StepError) Error() string {
	return fmt.Sprintf("step %s (%s of the page) on %s: %v", e.Step.ID, e.Step.Page, e.Step.Host, e.Err)
}

func (e *StepError) Unwrap() error { return e.Err }

// WrongError is something on a host that is in the way of a step, and that only
// a person can judge.
type WrongError struct {
	Host string
	What string // such as: container vibrant_tu publishes port 8500, but runs nginx
	Fix  string // the command that makes way
}

func (e *WrongError) Error() string {
	return fmt.Sprintf("%s: %s; mend it with `%s` and try again", e.Host, e.What, e.Fix)
}
