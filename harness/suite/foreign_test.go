package suite

import (
	"testing"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/lang"
)

// TestMissingHost: on a cluster without a host of the page, the claims about it are
// known, by their ids, in each language.
func TestMissingHost(t *testing.T) {
	whole := harness.Tutorial()
	smaller := whole
	smaller.Members = whole.Members[1:] // the page's first is frontend01
	var before []string
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		all, err := Load(features.FS, l)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, s := range all {
			if host := s.missingHost(whole); host != "" {
				t.Errorf("%s: %s: %s is missing of the whole topology", l, s.ID, host)
			}
			switch host := s.missingHost(smaller); host {
			case "":
			case whole.Members[0].Name:
				ids = append(ids, s.ID)
			default:
				t.Errorf("%s: %s: %s is missing", l, s.ID, host)
			}
		}
		if len(ids) < 5 || before != nil && len(before) != len(ids) {
			t.Errorf("%s: %d claims are about %s: %v", l, len(ids), whole.Members[0].Name, ids)
		}
		before = ids
	}
}
