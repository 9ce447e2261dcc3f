package steps_test

import (
	"context"
	"reflect"
	"regexp"
	"testing"

	"github.com/cucumber/godog"

	"labcheck/features"
	"labcheck/harness/steps"
	"labcheck/harness/suite"
)

// TestSentences holds that every sentence of the features is understood in one
// way, that nothing is understood which no feature says, and that each function
// takes what its expression gives.
func TestSentences(t *testing.T) {
	all, err := suite.Load(features.FS, "en")
	if err != nil {
		t.Fatal(err)
	}
	table := steps.Sentences()
	used := map[string]bool{}
	for _, s := range all {
		for _, st := range s.Steps {
			var as []string
			for _, e := range table {
				if regexp.MustCompile(e.Expr).MatchString(st.Text) {
					as = append(as, e.Expr)
					used[e.Expr] = true
				}
			}
			if len(as) != 1 {
				t.Errorf("%s:%d: %q is understood as %q", s.File, st.Line, st.Text, as)
			}
		}
	}
	for _, e := range table {
		if !used[e.Expr] {
			t.Errorf("no feature says %s", e.Expr)
		}
		checkParameters(t, e)
	}
}

// checkParameters wants a parameter for each group, besides the context and a
// doc string or a table.
func checkParameters(t *testing.T, e steps.Sentence) {
	t.Helper()
	f := reflect.TypeOf(e.Do)
	n := 0
	for i := range f.NumIn() {
		switch f.In(i) {
		case reflect.TypeFor[context.Context](), reflect.TypeFor[*godog.DocString](), reflect.TypeFor[*godog.Table]():
		default:
			n++
		}
	}
	if groups := regexp.MustCompile(e.Expr).NumSubexp(); n != groups {
		t.Errorf("%s has %d groups, its function takes %d", e.Expr, groups, n)
	}
	if e.Expr[0] != '^' || e.Expr[len(e.Expr)-1] != '$' {
		t.Errorf("%s matches a part of a sentence", e.Expr)
	}
}
