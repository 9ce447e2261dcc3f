package steps_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/steps"
	"labcheck/harness/suite"
	"labcheck/harness/tutorial"
)

// TestTypedCommandsAreThePages holds the two ways to do the tutorial equal: what
// the features type is what the bootstrap renders as the page's commands, all of
// it, in its order and from the host that the page says.
func TestTypedCommandsAreThePages(t *testing.T) {
	all, err := suite.Load(features.FS, "en")
	if err != nil {
		t.Fatal(err)
	}
	var typed, page []string
	for _, s := range all {
		host := ""
		for _, st := range s.Steps {
			if at, ok := strings.CutPrefix(st.Text, "the reader's terminal on "); ok {
				host = strings.Trim(at, `"`)
			}
			for _, c := range steps.Typed(docString(st)) {
				typed = append(typed, host+"$ "+c)
				if !s.Has(suite.TagTutorial) {
					t.Errorf("%s types %q, but is not tagged %s", s.ID, c, suite.TagTutorial)
				}
			}
		}
	}
	for _, c := range tutorial.Default().Commands(harness.Tutorial()) {
		page = append(page, c.Host+"$ "+c.Text)
	}
	if diff := cmp.Diff(page, typed); diff != "" {
		t.Errorf("commands (-page +features):\n%s", diff)
	}
}
