package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
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

// verdictCodes are the exit codes of verdicts.
var verdictCodes = map[harness.Verdict]int{
	harness.VerdictHolds: exitHolds, harness.VerdictFalse: exitFalse,
	harness.VerdictUnreachable: exitUnreachable, harness.VerdictInterrupted: exitInterrupted,
}

// usageError returns the error that a command line can't be carried out, and what to
// type instead.
func usageError(err error, hint string) error { return harness.WithSetting(err, lang.Verbatim(hint)) }

// errFalse reports that a claim is false. The report has said which.
var errFalse = lang.Errorf("a claim is false")

// toldError is the verdict of a command that has told why.
type toldError struct{ harness.Verdict }

func (e toldError) Error() string { return string(e.Verdict) }

// remoteError is the exit code, not 0, of a command on a host, which becomes labcheck's.
type remoteError struct{ code int }

func (e remoteError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exitCode returns the exit code of a command that ended with an error. ctx ends
// with a signal.
func exitCode(ctx context.Context, err error) int {
	var told toldError
	var remote remoteError
	switch {
	case err == nil:
		return exitHolds
	case errors.As(err, &told):
		return verdictCodes[told.Verdict]
	case errors.As(err, &remote):
		return remote.code
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, errFalse), errors.Is(err, errStale):
		return exitFalse
	case errors.As(err, new(*harness.SettingError)):
		return exitUsage
	}
	return exitUnreachable
}

// isTold reports whether the command has said all there is to say of an error.
func isTold(err error) bool {
	return err == nil || err == errFalse || //nolint:errorlint // alone: another error beside it is to be told
		errors.As(err, new(toldError)) || errors.As(err, new(remoteError))
}

// finish tells what went wrong, if anything did, and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if err != nil {
		a.screen.EndLine()
	}
	code := exitCode(ctx, err)
	if isTold(err) {
		return a.checkOutput(code)
	}
	lines, hint := a.lang.ErrorLines(err), a.hintText(err)
	if code == exitInterrupted {
		lines = []string{a.interruptionText()}
	}
	if a.json = a.json || a.asJSON; !a.printed {
		a.printJSON(failure{strings.Join(lines, "; "), hint})
	}
	fmt.Fprintln(a.err, "labcheck:", strings.Join(lines, "\n          "))
	if hint != "" && code != exitInterrupted {
		fmt.Fprintln(a.err, a.lang.Say("   try:"), hint)
	}
	return code
}

// checkOutput returns the exit code of a command that is done: what could not be
// written to stdout nobody has read.
func (a *app) checkOutput(code int) int {
	err := a.screen.Out.Err()
	if err == nil {
		return code
	}
	fmt.Fprintln(a.err, "labcheck:", a.lang.Say("write to stdout: %s", a.lang.Error(err)))
	return cmp.Or(code, exitUnreachable)
}

// warn tells what a person must know of what went well.
func (a *app) warn(err error) {
	fmt.Fprintln(a.err, "labcheck:", a.errorText(err))
	if hint := a.hintText(err); hint != "" {
		fmt.Fprintln(a.err, a.lang.Say("   try:"), hint)
	}
}

// failure is the document of a command that failed before it had one of its own, and
// part of the other ones.
type failure struct {
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// failureOf returns what a document says of an error; nil of none.
func (a *app) failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	return &failure{a.errorText(err), a.hintText(err)}
}

// interruptionText says what becomes of what a command had done when a signal
// ended it.
func (a *app) interruptionText() string {
	if a.goesOn {
		return a.lang.Say("interrupted; what was done stays, and the same command goes on from there")
	}
	return a.lang.Say("interrupted; what was made is removed again")
}

// errorText returns the error in one paragraph.
func (a *app) errorText(err error) string { return strings.Join(a.lang.ErrorLines(err), "; ") }

// hintText says what to do about an error.
func (a *app) hintText(err error) string {
	var hinter harness.Hinter
	switch {
	case errors.As(err, &hinter):
		return hinter.HintIn(a.lang)
	case errors.Is(err, debian.ErrUnavailable):
		return a.lang.Say("--debian-mirror URL, or HTTPS_PROXY, or --registry HOST, or labcheck images load FILE")
	case errors.Is(err, sim.ErrEngine):
		return a.commandLine("doctor")
	case harness.IsDiskFull(err):
		return a.lang.Say("make room, for instance with docker system df to see what takes it; labcheck doctor")
	case errors.As(err, new(harness.TotalError)), errors.As(err, new(*harness.TimeoutError)):
		return a.lang.Say("a longer --timeout, or labcheck doctor")
	}
	return ""
}
