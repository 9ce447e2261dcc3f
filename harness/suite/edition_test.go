package suite

import (
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// TestAdapt: on other hosts than the page's an outline with a row for each host has
// theirs, in each language, at the lines of the source, and nothing else differs.
func TestAdapt(t *testing.T) {
	seven, err := harness.Numbered(7, netip.MustParsePrefix("10.20.0.0/20"))
	if err != nil {
		t.Fatal(err)
	}
	seven.Network = "web"
	twelve, err1 := harness.Numbered(12, seven.Subnet)
	thirteen, err2 := harness.Numbered(13, seven.Subnet)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		page, err := openEdition(features.FS, l)
		if err != nil {
			t.Fatal(err)
		}
		before, err1 := page.load()
		adapted, err2 := page.adaptTo(seven)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		after, err := adapted.load()
		if err != nil {
			t.Fatal(err)
		}
		largest, err1 := page.adaptTo(twelve)
		larger, err2 := page.adaptTo(thirteen)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for edition, want := range map[*edition]bool{&adapted: false, &largest: false, &larger: true} {
			content, _ := fs.ReadFile(edition.FS, string(l)+"/03_overlay_a_container_network.feature")
			if got := strings.Contains(string(content), "1, 2, 4") || strings.Contains(string(content), "1、2、4"); got != want {
				t.Errorf("%s: a sample of the pairs: %v, want %v", l, got, want)
			}
		}
		count := func(all []Scenario, id string) (n int) {
			for _, s := range all {
				if s.baseID() == id {
					n++
				}
			}
			return n
		}
		for id, want := range map[string]int{"node-healthy": 6, "join-container": 6, "cluster-store": 7, "swarm-filters": 5} {
			if got := count(after, id); got != want {
				t.Errorf("%s: %d of %s, want %d", l, got, id, want)
			}
		}
		for _, s := range after {
			if count(before, s.baseID()) == 0 {
				t.Errorf("%s: %s is new", l, s.ID)
			}
			content, _ := fs.ReadFile(features.FS, strings.TrimPrefix(s.File, "features/"))
			source := strings.Split(string(content), "\n")
			if st := s.Steps[0]; !strings.Contains(source[st.Line-1], st.Keyword) {
				t.Errorf("%s: %s: line %d of the source is %q", l, s.ID, st.Line, source[st.Line-1])
			}
		}
		i := slices.IndexFunc(after, func(s Scenario) bool { return s.ID == "network-on-node#7" })
		if text := after[i].Steps[0].Text; !strings.Contains(text, `"node6"`) || !strings.Contains(text, `"web"`) {
			t.Errorf("%s: %q", l, text)
		}
		here := tutorial.AddressesOf(seven)
		i = slices.IndexFunc(after, func(s Scenario) bool { return s.ID == "node-size#6" })
		text := here.Here(after[i].Name + " " + after[i].Steps[0].Text)
		if !strings.Contains(text, "node6") || !strings.Contains(text, "1.017 GiB") {
			t.Errorf("%s: %q", l, text)
		}
		i = slices.IndexFunc(after, func(s Scenario) bool { return s.ID == "registered#6" })
		if text := here.Here(after[i].Steps[0].Text); !strings.Contains(text, "10.20.0.8:2375") {
			t.Errorf("%s: %q", l, text)
		}
	}
}

// TestAdaptRules: an outline within a rule has the rows of other hosts, too.
func TestAdaptRules(t *testing.T) {
	five, err := harness.Numbered(5, netip.MustParsePrefix("10.20.0.0/20"))
	if err != nil {
		t.Fatal(err)
	}
	done, _, err := runAll(t, &fake{topology: &five}, Options{Features: scenarios("Rule: Of hosts\n@rows:as-hosts @verify @id:a\nScenario Outline: <node> holds\nThen it holds\n" +
		"Examples:\n|node|\n|manager|\n|store|\n\n@verify @id:b\nScenario: 2\nThen it holds\n")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range done {
		got = append(got, fmt.Sprintf("%d %s", s.Line, s.Name))
	}
	want := []string{"8 manager holds", "8 node1 holds", "8 node2 holds", "8 node3 holds", "8 node4 holds", "12 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
