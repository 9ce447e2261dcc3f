package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/images/debian"
)

// The exit codes.
const (
	exitHolds       = 0   // all claims hold; the command did what it was to do
	exitFalse       = 1   // a claim is false, a document stale
	exitUsage       = 2   // wrong flags, arguments or files
	exitUnreachable = 3   // the lab could not be brought up or reached
	exitInterrupted = 130 // by a signal, after cleaning up
)

// usageError is a command line that can't be carried out.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// In writes the error in a language.
func (e *usageError) In(l lang.Language) string { return l.Error(e.err) }

// errFalse is that claims are false. The report has said which.
var errFalse = lang.Errorf("a claim is false")

// hintError is an error of which the place where it came up knows what to do.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// In writes the error in a language.
func (e *hintError) In(l lang.Language) string { return l.Error(e.err) }

// exitError is a command that has said what there is to say, and its exit code.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// errTimeout is that --timeout is over.
type errTimeout struct{ after time.Duration }

func (e errTimeout) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e errTimeout) In(l lang.Language) string {
	return l.Say("not done within %s", e.after)
}

// endedError is a command that was ended, by a signal or --timeout, and what
// it was about then.
type endedError struct{ cause, err error }

func (e *endedError) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e *endedError) In(l lang.Language) string {
	if errors.Is(e.err, e.cause) || errors.Is(e.err, context.Canceled) {
		return l.Error(e.cause)
	}
	return l.Error(e.cause) + ": " + l.Error(e.err)
}

func (e *endedError) Unwrap() []error { return []error{e.cause, e.err} }

// outOfTime adds to an error that --timeout is over, where it is.
func outOfTime(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.As(cause, new(errTimeout)) {
		return &endedError{cause, err}
	}
	return err
}

// finish says what went wrong, if anything did, and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if err != nil {
		a.screen.endLine()
	}
	code := exitCode(ctx, err)
	var said *exitError
	if code == exitHolds || errors.As(err, &said) || onlyFalse(err) {
		return code
	}
	text := a.message(err)
	if code == exitInterrupted {
		text = a.interrupted()
	}
	if a.json && !a.printed {
		_ = json.NewEncoder(a.out).Encode(map[string]string{"error": text, "hint": a.hint(err)})
	}
	fmt.Fprintln(a.err, "labcheck:", text)
	if h := a.hint(err); h != "" && code != exitInterrupted {
		fmt.Fprintln(a.err, a.lang.Say("   try:"), h)
	}
	return code
}

// interrupted is what becomes of what a command had done when a signal ended it.
func (a *app) interrupted() string {
	if a.goesOn {
		return a.lang.Say("interrupted; what was done stays, and the same command goes on from there")
	}
	return a.lang.Say("interrupted; what was made is removed again")
}

func exitCode(ctx context.Context, err error) int {
	var wrong *usageError
	var said *exitError
	switch {
	case err == nil:
		return exitHolds
	case errors.As(err, &said):
		return said.code
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, errFalse) || errors.Is(err, errStale):
		return exitFalse
	case errors.As(err, &wrong) || strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	}
	return exitUnreachable
}

// onlyFalse says that nothing went wrong beside the claims that are false.
func onlyFalse(err error) bool {
	return errors.Is(err, errFalse) && err.Error() == errFalse.Error()
}

// message is the error in one paragraph; joined errors are told in order, and
// those that say the same once.
func (a *app) message(err error) string {
	said := strings.FieldsFunc(a.lang.Error(err), func(r rune) bool { return r == '\n' })
	return strings.Join(slices.Compact(said), "; ")
}

// hint is what to do about an error.
func (a *app) hint(err error) string {
	var wrong *usageError
	var hinted *hintError
	var taken *sim.SubnetError
	var refused *sim.EngineError
	var blocked *sim.BlockedError
	var inTheWay *tutorial.WrongError
	var lost *harness.UnreachableError
	switch {
	case errors.As(err, &wrong):
		return wrong.hint
	case errors.As(err, &hinted):
		return hinted.hint
	case errors.As(err, &refused):
		return refused.Hint.In(a.lang)
	case errors.As(err, &taken):
		return taken.Hint.In(a.lang)
	case errors.As(err, &blocked):
		return blocked.Hint.In(a.lang)
	case errors.As(err, &inTheWay):
		return inTheWay.Fix
	case errors.As(err, &lost):
		return lost.Hint.In(a.lang)
	case errors.As(err, new(*debian.FetchError)):
		return a.lang.Say("--debian-mirror URL, or HTTPS_PROXY, or --registry HOST, or labcheck images load FILE")
	case errors.Is(err, sim.ErrEngine), errors.As(err, new(*silentError)):
		return "labcheck doctor"
	case errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error()):
		return a.lang.Say("make room, for instance with docker system df to see what takes it; labcheck doctor")
	case errors.As(err, new(errTimeout)):
		return a.lang.Say("a longer --timeout, or labcheck doctor")
	case strings.HasPrefix(err.Error(), "unknown command"):
		return "labcheck --help"
	}
	return ""
}
