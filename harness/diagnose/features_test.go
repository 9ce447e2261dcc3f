package diagnose_test

import (
	"strings"
	"testing"

	"labcheck/features"
	"labcheck/harness/diagnose"
	"labcheck/harness/suite"
)

// TestClaims wants every claim of the table in the features, and its rows about
// the hosts that the table has them about.
func TestClaims(t *testing.T) {
	all, err := suite.Load(features.FS, "en")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{} // the scenarios' names, by id
	for _, s := range all {
		base, _, _ := strings.Cut(s.ID, "#")
		rows[base] = append(rows[base], s.Name)
	}
	for id, hosts := range diagnose.ClaimHosts() {
		names := rows[id]
		if len(names) == 0 {
			t.Errorf("no feature has %s", id)
		}
		if hosts != nil && len(names) != len(hosts) {
			t.Errorf("%s has %d rows, not %d", id, len(names), len(hosts))
		}
		for i := range min(len(names), len(hosts)) {
			if !strings.Contains(names[i], hosts[i]) {
				t.Errorf("%s#%d is not about %s: %s", id, i+1, hosts[i], names[i])
			}
		}
	}
}
