package suite

import (
	"testing"

	"labcheck/features"
	"labcheck/harness/lang"
)

func TestLoadReadsTheFeatures(t *testing.T) {
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		t.Run(string(l), func(t *testing.T) { loadReads(t, l) })
	}
}

func loadReads(t *testing.T, l lang.Language) {
	all, err := Load(features.FS, l)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	names := map[string]string{}
	for _, s := range all {
		for _, k := range []string{TagTutorial, TagVerify, TagWorkload, TagFault} {
			if s.Has(k) {
				kinds[k]++
			}
		}
		if was := names[s.Feature+s.Name]; was != "" {
			t.Errorf("%s and %s have one name, %q: a JUnit reader takes them for one", was, s.ID, s.Name)
		}
		names[s.Feature+s.Name] = s.ID
		if s.Line == 0 || s.Steps[0].Line <= 0 || s.Steps[0].Keyword == "" {
			t.Errorf("%s: line %d, first step %+v", s.ID, s.Line, s.Steps[0])
		}
	}
	for _, k := range []string{TagTutorial, TagVerify, TagWorkload, TagFault} {
		if kinds[k] == 0 {
			t.Errorf("no scenario has the tag %s", k)
		}
	}
	t.Logf("%d scenarios: %v", len(all), kinds)
}
