package diagnose_test

import (
	"strings"
	"testing"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/suite"
)

// TestNeeds wants the tags of every scenario to say what its claim rests on, in
// kinds of parts that there are, and the rows of an outline to be about the hosts
// that its tags say.
func TestNeeds(t *testing.T) {
	all, err := suite.Load(features.FS, "en")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, s := range all {
		claim := harness.Scenario{ID: s.ID, Tags: s.Tags}
		kinds := diagnose.NeededKinds(claim)
		if len(kinds) == 0 {
			t.Errorf("%s:%d: no tag says what %s needs", s.File, s.Line, s.ID)
		}
		for name, known := range kinds {
			if !known {
				t.Errorf("%s:%d: %s needs %s, which is no kind of part", s.File, s.Line, s.ID, name)
			}
		}
		hosts := diagnose.RowHosts(claim)
		base, _, _ := strings.Cut(s.ID, "#")
		if rows[base]++; hosts != nil && (len(hosts) < rows[base] || !strings.Contains(s.Name, hosts[rows[base]-1])) {
			t.Errorf("%s:%d: %s is not about row %d of %q", s.File, s.Line, s.ID, rows[base], hosts)
		}
	}
}
