package steps

import (
	"time"

	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// Sentence is a sentence as tests outside the package see it.
type Sentence struct {
	Expr lang.Text
	Do   any
}

// Sentences are all sentences of a world that has no cluster.
func Sentences() []Sentence {
	var all []Sentence
	for _, p := range New(nil, lang.English, func(time.Duration, error) {}).patterns {
		all = append(all, Sentence{lang.Text{EN: p.expr}, p.do})
	}
	return all
}

// Typed gives the commands of a doc string.
func Typed(content string) []string { return splitTrimmed(content, "\n") }

// EnglishWord gives a word of the features as the code has it.
func EnglishWord(word string) string {
	if name, err := serviceCalled(tutorial.Default(), word); err == nil {
		return name
	}
	return toEnglish(word)
}

// Words are the words of the features which the code reads.
func Words() []lang.Text {
	var all []lang.Text
	for _, w := range featureWords() {
		all = append(all, lang.Text{EN: w})
	}
	return all
}
