package steps_test

import (
	"context"
	"reflect"
	"regexp"
	"sync"
	"testing"

	"github.com/cucumber/godog"

	"labcheck/features"
	"labcheck/harness/lang"
	"labcheck/harness/steps"
	"labcheck/harness/suite"
)

// languages are those that there is an edition of the features in.
func languages() []lang.Language { return []lang.Language{lang.English, lang.Japanese} }

// TestSentences holds that every sentence of the features is understood in one
// way, that nothing is understood which no feature says, and that each function
// takes what its expression gives.
func TestSentences(t *testing.T) {
	for _, l := range languages() {
		t.Run(string(l), func(t *testing.T) {
			used := map[string]bool{}
			for _, s := range load(t, l) {
				for _, st := range s.Steps {
					text := st.Text
					if s.ID == "reach-everywhere" { // as clusters of many hosts have it
						text = steps.SampleWays(l, text)
					}
					as := understood(l, text)
					if len(as) != 1 {
						t.Errorf("%s:%d: %q is understood as %q", s.File, st.Line, st.Text, as)
					}
					for _, e := range as {
						used[e.Expr.In(l)] = true
					}
				}
			}
			for _, e := range steps.Sentences() {
				if expr := e.Expr.In(l); !used[expr] {
					t.Errorf("no feature says %s", expr)
				}
				checkParameters(t, e.Expr.In(l), e.Do)
			}
		})
	}
}

func load(t *testing.T, l lang.Language) []suite.Scenario {
	t.Helper()
	all, err := suite.Load(features.FS, l)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// understood gives the sentences of the table which a text may be.
func understood(l lang.Language, text string) []steps.Sentence {
	var all []steps.Sentence
	for _, e := range sentences() {
		if compiled(e.Expr.In(l)).MatchString(text) {
			all = append(all, e)
		}
	}
	return all
}

// sentences are those of the table, made once.
var sentences = sync.OnceValue(steps.Sentences)

// expressions are those that were compiled: each is needed for every text.
var expressions = map[string]*regexp.Regexp{}

func compiled(expr string) *regexp.Regexp {
	if expressions[expr] == nil {
		expressions[expr] = regexp.MustCompile(expr)
	}
	return expressions[expr]
}

// checkParameters wants a parameter for each group, besides the context and a
// doc string or a table.
func checkParameters(t *testing.T, expr string, do any) {
	t.Helper()
	f := reflect.TypeOf(do)
	n := 0
	for i := range f.NumIn() {
		switch f.In(i) {
		case reflect.TypeFor[context.Context](), reflect.TypeFor[*godog.DocString](), reflect.TypeFor[*godog.Table]():
		default:
			n++
		}
	}
	if groups := regexp.MustCompile(expr).NumSubexp(); n != groups {
		t.Errorf("%s has %d groups, its function takes %d", expr, groups, n)
	}
	if expr[0] != '^' || expr[len(expr)-1] != '$' {
		t.Errorf("%s matches a part of a sentence", expr)
	}
}
