package harness

import (
	"errors"
	"fmt"
	"strings"
)

// said is an error that has its text in both languages.
type said struct {
	err error // the English one, with what it wraps
	ja  string
}

// Errorf is fmt.Errorf with a format in each language, for the same arguments;
// a Text among them is taken in the language.
// Its Error is the English text; a Lang's Error gives it in that language.
func Errorf(en, ja string, args ...any) error {
	return &said{fmt.Errorf(en, local(English, args)...), fmt.Errorf(ja, local(Japanese, args)...).Error()}
}

// Textf writes a text in both languages: a format in each, for the same
// arguments.
func Textf(en, ja string, args ...any) Text {
	return Text{EN: English.Say(en, ja, local(English, args)...), JA: Japanese.Say(en, ja, local(Japanese, args)...)}
}

// local gives arguments of which texts and errors are in a language.
func local(l Lang, args []any) []any {
	all := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Text:
			all[i] = a.In(l)
		case error:
			all[i] = a
			if l != English {
				all[i] = errors.New(l.Error(a))
			}
		default:
			all[i] = a
		}
	}
	return all
}

func (e *said) Error() string { return e.err.Error() }
func (e *said) Unwrap() error { return e.err }

// In is the text in a language.
func (e *said) In(l Lang) string { return Text{EN: e.Error(), JA: e.ja}.In(l) }

// Error is the text of an error in the language. An error that has none in it,
// such as an engine's, keeps its own; so does what wraps others around them.
func (l Lang) Error(err error) string {
	if local, ok := err.(interface{ In(Lang) string }); ok { //nolint:errorlint // each is looked at by itself
		return local.In(l)
	}
	text := err.Error()
	for _, inner := range unwrapped(err) {
		text = strings.Replace(text, inner.Error(), l.Error(inner), 1)
	}
	return text
}

func unwrapped(err error) []error {
	switch e := err.(type) { //nolint:errorlint // each is looked at by itself
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	}
	return nil
}
