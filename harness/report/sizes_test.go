package report

import (
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// TestSizes holds that each report of a cluster which is no lab tells where the
// sizes that were expected come from, and shows no subnet where there is none.
func TestSizes(t *testing.T) {
	e := harness.Evidence{
		Run:    harness.Run{Verdict: harness.VerdictHolds},
		Target: harness.TargetInfo{Name: "ec2", Topology: harness.Tutorial()},
	}
	own := harness.Sizes{CPUs: true, Memory: true}
	for _, tt := range []struct {
		given int // hosts whose sizes the inventory gives
		want  string
	}{
		{0, "the page's"},
		{4, "the inventory's; the page's for the CPUs of store, memory of store"},
		{5, "the inventory's"},
	} {
		topology := harness.Tutorial()
		for i := range topology.Members {
			if i+1 < tt.given {
				topology.Members[i].Own = own
			}
		}
		if tt.given > 0 {
			topology.Manager.Own = own
		}
		if got := Sizes(lang.English, topology); got != tt.want {
			t.Errorf("%d: %q, want %q", tt.given, got, tt.want)
		}
	}
	e.Target.Topology.Subnet = harness.Topology{}.Subnet
	page := render(t, e, lang.English)
	if !strings.Contains(page, "<dt>Expected sizes</dt><dd>the page&#39;s</dd>") || strings.Contains(page, "invalid") {
		t.Errorf("the page says nothing of the sizes, or of a subnet that is none")
	}
	var summary strings.Builder
	err := Markdown(&summary, e, lang.Japanese)
	if err != nil || !strings.Contains(summary.String(), "期待するサイズ: ページの値。") {
		t.Errorf("%v: %s", err, summary.String())
	}
}
