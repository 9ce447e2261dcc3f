package steps

import (
	"time"

	"labcheck/harness"
)

// Sentence is a sentence as tests outside the package see it.
type Sentence struct {
	Expr harness.Text
	Do   any
}

// Sentences are all sentences of a world that has no cluster.
func Sentences() []Sentence {
	var all []Sentence
	for _, s := range New(nil, harness.English, func(time.Duration, error) {}).sentences() {
		all = append(all, Sentence{harness.Text{EN: s.en, JA: s.ja}, s.do})
	}
	return all
}

// Typed gives the commands of a doc string.
func Typed(content string) []string { return typed(content) }

// EnglishWord gives a word of the features as the code has it.
func EnglishWord(word string) string {
	if r, err := roleOf(word); err == nil {
		return r.name.EN
	}
	return english(word)
}

// Words are the words of the features which the code reads.
func Words() []harness.Text { return words() }
