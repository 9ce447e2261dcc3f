package diagnose_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/suite"
)

// TestNeeds wants the tags of every scenario to say what its claim rests on, in
// kinds of parts that there are, and the rows of an outline to be about the hosts
// that its tags say.
func TestNeeds(t *testing.T) {
	all, err := suite.Claims(features.FS, "en")
	if err != nil {
		t.Fatal(err)
	}
	only := cmpopts.IgnoreFields(harness.Scenario{}, "Name", "Feature", "File", "Line", "Status", "Steps")
	if diff := cmp.Diff(diagnose.FeatureClaims(), all, only); diff != "" {
		t.Errorf("what the tests of rules take for the features (-tests +features):\n%s", diff)
	}
	rows := map[string]int{}
	for _, s := range all {
		kinds := diagnose.NeededKinds(s)
		if len(kinds) == 0 {
			t.Errorf("%s:%d: no tag says what %s needs", s.File, s.Line, s.ID)
		}
		for name, known := range kinds {
			if !known {
				t.Errorf("%s:%d: %s needs %s, which is no kind of part", s.File, s.Line, s.ID, name)
			}
		}
		hosts := diagnose.RowHosts(s)
		base, _, _ := strings.Cut(s.ID, "#")
		if rows[base]++; hosts != nil && (len(hosts) < rows[base] || !strings.Contains(s.Name, hosts[rows[base]-1])) {
			t.Errorf("%s:%d: %s is not about row %d of %q", s.File, s.Line, s.ID, rows[base], hosts)
		}
	}
}
