package harness

import "fmt"

// Lang is a language that labcheck speaks, as --lang spells it. The empty one
// speaks English.
type Lang string

// The languages.
const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// Say writes a sentence in the language: a format in each, for the same
// arguments. A format takes them in another order by %[2]s.
func (l Lang) Say(en, ja string, args ...any) string {
	if l == Japanese {
		return fmt.Sprintf(ja, args...)
	}
	return fmt.Sprintf(en, args...)
}

// Text is a text in both languages.
type Text struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// In is the text in a language.
func (t Text) In(l Lang) string {
	if l == Japanese {
		return t.JA
	}
	return t.EN
}
