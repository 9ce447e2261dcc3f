//go:build lab

package suite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/features"
	"labcheck/harness/suite"
)

// TestFaultScenarios breaks a lab on which nothing of the tutorial was done yet,
// and once more: the first run must have left it whole, as far as the scenarios
// see. Whether containers that are started later reach one another is not asked:
// README, "Breaking it on purpose".
func TestFaultScenarios(t *testing.T) {
	lab, c := freshHosts(t)
	o := suite.Options{Features: features.FS, Lang: "en", Tags: suite.TagFault, Cluster: c, Faulter: lab, Fresh: true}
	done, err := suite.Run(t.Context(), o)
	wantAll(t, done, err)
	slowest(t, done)
	if t.Failed() {
		return
	}
	before := everything(t, c)
	o.Tags, o.Fresh, o.Lang = "@id:partition,@id:reboot-drops-out", false, "ja"
	done, err = suite.Run(t.Context(), o)
	wantAll(t, done, err)
	if diff := cmp.Diff(before, everything(t, c)); diff != "" {
		t.Errorf("containers (-before +after):\n%s", diff)
	}
}
