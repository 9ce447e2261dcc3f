package lang

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// textError is an error that can be written in each language.
type textError struct {
	err  error // in English, with what it wraps
	text Text
}

// Errorf is fmt.Errorf whose format is also written in other languages, as Say
// does. Its Error is the English text.
func Errorf(format string, args ...any) error {
	return &textError{fmt.Errorf(format, args...), Textf(format, args...)}
}

func (e *textError) Error() string { return e.err.Error() }
func (e *textError) Unwrap() error { return e.err }

// In writes the error in a language.
func (e *textError) In(l Language) string {
	if l != Japanese {
		return e.Error()
	}
	// Not Sprintf: the format has %w.
	return fmt.Errorf(l.Format(e.text.EN), l.local(e.text.args)...).Error()
}

// Error writes an error in the language. One that is not a Speaker, such as an
// engine's, keeps its own text.
func (l Language) Error(err error) string {
	switch e := err.(type) { //nolint:errorlint // what an error wraps is written by its own In
	case Speaker:
		return e.In(l)
	case interface{ Unwrap() []error }:
		if isJoined(err) {
			return l.joined(e.Unwrap())
		}
	}
	return err.Error()
}

// ErrorLines writes an error in lines: joined errors in their order, and those that say
// the same once.
func (l Language) ErrorLines(err error) (lines []string) {
	for line := range strings.FieldsFuncSeq(l.Error(err), func(r rune) bool { return r == '\n' }) {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// isJoined reports whether errors.Join made an error: it has a line for each of
// those that it wraps, and no In of its own.
func isJoined(err error) bool {
	return reflect.TypeOf(err) == reflect.TypeOf(errors.Join(errors.ErrUnsupported))
}

func (l Language) joined(all []error) string {
	lines := make([]string, len(all))
	for i, err := range all {
		lines[i] = l.Error(err)
	}
	return strings.Join(lines, "\n")
}
