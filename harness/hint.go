package harness

import (
	"errors"
	"strings"
	"syscall"

	"labcheck/harness/lang"
)

// Hinter is an error that knows what a user can do about it.
type Hinter interface {
	error
	// HintIn returns an imperative, or a command to type, in a language; it is
	// empty if nothing is known to help.
	HintIn(lang.Language) string
}

// HintError is an error to which the place where it came up adds a hint.
type HintError struct {
	Err  error
	Hint lang.Text
}

// WithHint returns err with a hint.
func WithHint(err error, hint lang.Text) error { return &HintError{err, hint} }

func (e *HintError) Error() string { return e.Err.Error() }
func (e *HintError) Unwrap() error { return e.Err }

// In writes the error in a language.
func (e *HintError) In(l lang.Language) string { return l.Error(e.Err) }

// HintIn implements Hinter.
func (e *HintError) HintIn(l lang.Language) string { return e.Hint.In(l) }

// SettingError is what a flag, a variable or a file says and what can't be right. Its
// hint says where to correct it.
type SettingError struct{ HintError }

// WithSetting returns the error that a setting can't be used, and where to correct it.
func WithSetting(err error, hint lang.Text) error { return &SettingError{HintError{err, hint}} }

// WrongVariable returns the error that a variable of the environment can't be used.
func WrongVariable(name string, err error) error {
	return WithSetting(lang.Errorf("%s can't be used: %w", name, err), lang.Textf("correct %s, or unset it", name))
}

// IsDiskFull reports whether an error comes from a full disk: one of this machine,
// or one of an engine's, which has only words for it.
func IsDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error())
}
