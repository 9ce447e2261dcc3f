// Package lang writes what labcheck says in the languages that it speaks. The
// English text stands in the code and is the key; ja.json has the Japanese one.
package lang

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Language is a language that labcheck speaks, as --lang spells it. The empty
// one is English.
type Language string

// The languages.
const (
	English  Language = "en"
	Japanese Language = "ja"
)

//go:embed ja.json
var catalogue []byte

// japanese returns the Japanese formats by the English ones.
var japanese = sync.OnceValue(func() map[string]string {
	formats := map[string]string{}
	if err := json.Unmarshal(catalogue, &formats); err != nil {
		panic("harness/lang/ja.json: " + err.Error()) // it is compiled in; a test reads it
	}
	return formats
})

// Format returns the format of a text in the language. A format that the
// catalogue does not have is the same in both.
func (l Language) Format(english string) string {
	if l == Japanese {
		if format, ok := japanese()[english]; ok {
			return format
		}
	}
	return english
}

// Say writes a text in the language. The format is the English one; a
// translation takes its arguments in another order by %[2]s. Arguments that are
// texts or errors are written in the language, too.
func (l Language) Say(format string, args ...any) string {
	return fmt.Sprintf(l.Format(format), l.local(args)...)
}

// Count writes a number of things: format one is for 1 of them, more for all
// other numbers. Both have the number as their only argument.
func (l Language) Count(n int, one, more string) string {
	if n == 1 {
		return l.Say(one, n)
	}
	return l.Say(more, n)
}

// local returns arguments with their texts and errors in the language.
func (l Language) local(args []any) []any {
	all := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case error: // also of a %w
			all[i] = errors.New(l.Error(a))
		case Speaker:
			all[i] = a.In(l)
		default:
			all[i] = a
		}
	}
	return all
}

// Speaker is what can be written in each language.
type Speaker interface{ In(Language) string }

// Text is a text that is written when its language is known: a format and its
// arguments.
type Text struct {
	// EN is the English format, and JA the Japanese one if it is not in the
	// catalogue but in the same file, such as that of a page.
	EN string
	JA string
	// args are nil in a text that is not a format.
	args []any
}

// Textf returns the text of an English format and its arguments, as Say takes
// them.
func Textf(format string, args ...any) Text {
	return Text{EN: format, args: append([]any{}, args...)}
}

// Verbatim returns a text that is the same in every language, such as a command
// or a name.
func Verbatim(s string) Text { return Text{EN: s, JA: s} }

// In writes the text in a language.
func (t Text) In(l Language) string {
	format := t.JA
	if l != Japanese || format == "" {
		format = l.Format(t.EN)
	}
	if t.args == nil {
		return format
	}
	return fmt.Sprintf(format, l.local(t.args)...)
}

// String writes the text in English.
func (t Text) String() string { return t.In(English) }

// MarshalText writes the text in English: so it is in JSON.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.In(English)), nil }

// Equal reports whether two texts read the same in each language.
func (t Text) Equal(other Text) bool {
	return t.In(English) == other.In(English) && t.In(Japanese) == other.In(Japanese)
}

// List is texts one after another, with the comma of the language between them.
type List []Text

// In writes the list in a language.
func (all List) In(l Language) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = t.In(l)
	}
	return strings.Join(texts, l.Format(", "))
}
