package suite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	"github.com/google/go-cmp/cmp"
)

// tagged are scenarios with each set of the tags @x, @y and @z. The id of each is their
// letters.
var tagged = func() string {
	var b strings.Builder
	for set := range 8 {
		id, tags := "", ""
		for i, letter := range []string{"x", "y", "z"} {
			if set&(1<<i) != 0 {
				id, tags = id+letter, tags+" @"+letter
			}
		}
		fmt.Fprintf(&b, "@verify @id:%s%s\nScenario: %d\nThen it holds\n", "s"+id, tags, set)
	}
	return b.String()
}()

// godogChooses returns the ids that godog chooses by an expression of its own.
func godogChooses(t *testing.T, body, tags string) (ids []string) {
	t.Helper()
	o := edition{FS: scenarios(body), language: "en", folder: "en"}.options()
	o.Tags = tags
	parsed, err := godog.TestSuite{Options: o}.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parsed {
		for _, p := range f.Pickles {
			for _, tag := range p.Tags {
				if id, ok := strings.CutPrefix(tag.Name, idTag); ok {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// TestTagForms holds the two forms against each other, against what Cucumber's
// documentation says of its own and against godog, which reads the other one itself.
func TestTagForms(t *testing.T) {
	all, err := Load(scenarios(tagged), "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ cucumber, godog, want string }{
		{"@x", "@x", "sx sxy sxz sxyz"},
		{"not @x", "~@x", "s sy sz syz"},
		{"@x and @y", "@x && @y", "sxy sxyz"},
		{"@x or @y", "@x,@y", "sx sy sxy sxz syz sxyz"},
		{"@x and not @y", "@x && ~@y", "sx sxz"},
		{"@x or @y and @z", "@x,@y && @x,@z", "sx sxy sxz syz sxyz"}, // and binds closer than or
		{"(@x or @y) and @z", "@x,@y && @z", "sxz syz sxyz"},
		{"@z and (@x or @y)", "@z && @x,@y", "sxz syz sxyz"},
		{"@x and not (@y or @z)", "@x && ~@y && ~@z", "sx"},
		{"not (@x and @y)", "~@x,~@y", "s sx sy sz sxz syz"},
		{"not @x and @y", "~@x && @y", "sy syz"}, // not binds closest
		{"not not @x", "@x", "sx sxy sxz sxyz"},
		{"not @x or not @y and @z", "~@x,~@y && ~@x,@z", "s sy sz sxz syz"},
		{"((@x))and(@y)", "@x&&@y", "sxy sxyz"},
		{" \t@x  and\u3000@y ", " @x  &&  @y ", "sxy sxyz"},
		{"@x and @id:sxz", "@x && @id:sxz", "sxz"},
		{"@x or @x", "@x,@x && @x", "sx sxy sxz sxyz"},
	} {
		for _, tags := range []string{test.cucumber, test.godog} {
			done, _, err := runAll(t, &fake{}, Options{Features: scenarios(tagged), Tags: tags})
			if err != nil {
				t.Errorf("%q: %v", tags, err)
				continue
			}
			var ids []string
			for _, s := range done {
				ids = append(ids, s.ID)
			}
			want := strings.Fields(test.want)
			slices.SortFunc(want, func(a, b string) int { return indexOf(all, a) - indexOf(all, b) })
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("%q chooses (-want +got):\n%s", tags, diff)
			}
		}
		if diff := cmp.Diff(len(strings.Fields(test.want)), len(godogChooses(t, tagged, test.godog))); diff != "" {
			t.Errorf("godog itself reads %q otherwise (-want +got):\n%s", test.godog, diff)
		}
	}
}

func indexOf(all []Scenario, id string) int {
	return slices.IndexFunc(all, func(s Scenario) bool { return s.ID == id })
}

// TestWrongTags holds where an expression is said to be wrong.
func TestWrongTags(t *testing.T) {
	fs := scenarios(tagged)
	for tags, want := range map[string]string{
		"x":                    `at character 1: "x" is not a tag`,
		"@x and":               "at character 7: a tag is missing",
		"@x and y":             `at character 8: "y" is not a tag`,
		"and @x":               `at character 1: "and" is not a tag`,
		"@x @y":                `at character 4: "@y" is not expected`,
		"@x not @y":            `at character 4: "not" is not expected`,
		"(@x or @y":            "at character 10: a ) is missing",
		"(@x or @y @z":         "at character 11: a ) is missing",
		"@x or @y)":            `at character 9: ")" is not expected`,
		"()":                   `at character 2: ")" is not a tag`,
		"not":                  "at character 4: a tag is missing",
		"@x AND @y":            `at character 4: "AND" is not expected`,
		"@x || @y":             `at character 4: "||" is not expected`,
		"@x & @y":              `at character 4: "&" is not expected`,
		"@x && ":               "at character 7: a tag is missing",
		"@x,,@y":               `at character 4: "," is not a tag`,
		"~~@x":                 `at character 1: "~~@x" is not a tag`,
		"~ @x":                 `at character 1: "~" is not a tag`,
		"&&":                   `at character 1: "&&" is not a tag`,
		"@x && (@y,@z)":        `at character 7: "(" can't be used together with &&, a comma or ~`,
		"not @x,@y":            `at character 1: "not" can't be used together with &&, a comma or ~`,
		"@é and\u3000é":        `at character 8: "é" is not a tag`,
		"@x@y":                 `at character 1: "@x@y" is not a tag`,
		"@x and not @x":        "no scenario has them",
		"@missing":             "no scenario has them",
		"@verify and @missing": "no scenario has them",
	} {
		want = fmt.Sprintf("tags %q: %s; an expression is like (@verify or @workload) and not @id:spread", tags, want)
		if _, err := Choose(fs, "en", tags); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestBreakingTags wants scenarios that break hosts to be asked for by a kind or an id of
// theirs, and not by what excludes them.
func TestBreakingTags(t *testing.T) {
	fs := scenarios("@verify @id:a @z\nScenario: 1\nThen it holds\n@fault @id:b @z\nScenario: 2\nThen it holds\n" +
		"@replicas @id:c @z\nScenario: 3\nThen it holds\n")
	for tags, want := range map[string]string{
		"":                            "a",
		"@z":                          "a",
		"not @workload":               "a",
		"not @fault":                  "a",
		"~@fault":                     "a",
		"@fault":                      "b",
		"@id:b":                       "b",
		"@fault or @verify":           "a b",
		"@fault,@verify":              "a b",
		"@z and (@fault or @id:c)":    "b c",
		"@z and not (not @replicas)":  "c",
		"@z and not (@verify or @x)":  "",
		"not @id:b and not @replicas": "a",
	} {
		chosen, err := Choose(fs, "en", tags)
		var ids []string
		for _, s := range chosen {
			ids = append(ids, s.ID)
		}
		if got := strings.Join(ids, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("%q chooses %q, %v, want %q", tags, got, err, want)
		}
		if got := slices.ContainsFunc(chosen, Scenario.BreaksHosts); got != strings.ContainsAny(want, "bc") {
			t.Errorf("%q breaks hosts: %v", tags, got)
		}
	}
}

// FuzzTags holds that either form is read or refused, and that godog, which reads one of
// them itself, chooses the same by it.
func FuzzTags(f *testing.F) {
	for _, s := range []string{
		"@verify", "~@x,@y", "@verify && ~@id:s", "&&", ",", "~", "@", "@@a", "not (@x and @y) or @z", "((", "@x or", "\u3000",
	} {
		f.Add(s)
	}
	all, err := Load(scenarios(tagged), "en")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, tags string) {
		chosen, err := chooseScenarios(all, tags)
		if err != nil || !slices.ContainsFunc(splitTokens(tags), token.isOfGodog) {
			return
		}
		if got := godogChooses(t, tagged, tags); len(got) != len(chosen) {
			t.Errorf("%q: chosen %d, godog would run %d", tags, len(chosen), len(got))
		}
	})
}
