package steps

import "time"

// Sentence is a sentence as tests outside the package see it.
type Sentence struct {
	Expr string
	Do   any
}

// Sentences are all sentences of a world that has no cluster.
func Sentences() []Sentence {
	var all []Sentence
	for _, s := range New(nil, func(time.Duration, error) {}).sentences() {
		all = append(all, Sentence{s.en, s.do})
	}
	return all
}

// Typed gives the commands of a doc string.
func Typed(content string) []string { return typed(content) }
