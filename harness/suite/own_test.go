package suite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/lang"
)

// TestOwnFeatures: scenarios of a person's own need no tags, have files as the person
// names them, and only sentences that there are.
func TestOwnFeatures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "own")
	write := func(name, content string) {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("deep/Web app.feature", "Feature: Own\n\nScenario Outline: It is <x>\nThen Consul has a leader within <x> seconds\nExamples:\n|x|\n|1|\n|2|\n\n"+
		"@verify @id:mine\nScenario: Mine\nThen Consul has a leader within 5 seconds\n")
	all, err := Load(OwnFeatures(dir), lang.English)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		kind := TagWorkload
		if s.Has(TagVerify) {
			kind = TagVerify
		}
		got = append(got, s.ID+" "+kind)
	}
	want := []string{"deep-web-app-it-is-x#1 @workload", "deep-web-app-it-is-x#2 @workload", "mine @verify"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if want := filepath.Join(dir, "deep/Web app.feature"); all[0].File != want || all[0].Line != 7 {
		t.Errorf("%s:%d, want %s:7", all[0].File, all[0].Line, want)
	}
	checkChosen(t, all, "@workload", "deep-web-app-it-is-x#1", "deep-web-app-it-is-x#2")
	checkChosen(t, all, "not @id:deep-web-app-it-is-x", "mine")
	write("wrong.feature", "Feature: Wrong\nScenario: A\nThen all is well\n")
	wrong := filepath.Join(dir, "wrong.feature") + `:3: "all is well" is none of labcheck's sentences`
	if _, err := Load(OwnFeatures(dir), lang.English); err == nil || err.Error() != wrong {
		t.Errorf("a sentence that there is not: %v, want %s", err, wrong)
	}
}

// TestWrongOwnFeatures: what is wrong with a folder of a person's own is said with the names
// that the person knows, also if tools of the person left something in it.
func TestWrongOwnFeatures(t *testing.T) {
	leader := "Then Consul has a leader within 5 seconds\n"
	for name, c := range map[string]struct{ body, want string }{
		"nothing":      {"", "the .feature files in DIR have no scenarios"},
		"no colon":     {"Feature: A\nScenario B\n" + leader, "the .feature files in DIR have no scenarios"},
		"no steps":     {"Feature: A\nScenario: B\n", `DIR/a.feature:2: scenario "B" has no steps`},
		"byte order":   {"\ufeffFeature: A\r\n@verify\r\nScenario: B\r\n" + leader, ""},
		"only faults":  {"Feature: A\n@fault\nScenario: B\n" + leader, "all scenarios inject faults: they run only if --tags asks for them, as --tags @fault does"},
		"two of a tag": {"Feature: A\n@verify @fault\nScenario: B\n" + leader, `DIR/a.feature:3: scenario "B" needs one @id:… tag and one of @tutorial, @verify, @workload, @fault, @replicas; it has @verify @fault @id:a-b`},
		"same name": {
			"Feature: A\nRule: 1\nScenario: B\n" + leader + "Rule: 2\nScenario: B\n" + leader,
			"DIR/a.feature:6: the id a-b is taken by another scenario: give this one an @id:… tag of its own",
		},
	} {
		dir := t.TempDir()
		err := errors.Join(os.WriteFile(filepath.Join(dir, "a.feature"), []byte(c.body), 0o644),
			os.Mkdir(filepath.Join(dir, "folder.feature"), 0o755))
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if _, err := Choose(OwnFeatures(dir), lang.English, ""); err != nil {
			got = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	dir := t.TempDir()
	if _, err := Load(OwnFeatures(dir), lang.English); err == nil || err.Error() != dir+" has no .feature files" {
		t.Errorf("an empty folder: %v", err)
	}
	lost := filepath.Join(dir, "lost.feature")
	if err := os.Symlink("nowhere", lost); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(OwnFeatures(dir), lang.English); err == nil || !strings.Contains(err.Error(), lost) {
		t.Errorf("a link to nowhere: %v, want its name", err)
	}
}

// TestRules: scenarios and rows within a rule of a feature are named and found as others
// are, and have the steps of the backgrounds of both.
func TestRules(t *testing.T) {
	leader := func(seconds string) string { return "Consul has a leader within " + seconds + " seconds" }
	body := "Feature: Own\n" +
		"Background:\nGiven " + leader("1") + "\n" +
		"Rule: A rule\n" +
		"Background:\nGiven " + leader("2") + "\n" +
		"@verify\nScenario: Single\nThen " + leader("3") + "\n" +
		"Scenario Outline: Of <x>\nThen " + leader("<x>") + "\nExamples:\n|x|\n|4|\n|5|\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.feature"), []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := Load(OwnFeatures(dir), lang.English)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		line := fmt.Sprintf("%s %d:", s.ID, s.Line)
		for _, st := range s.Steps {
			line += fmt.Sprintf(" %s:%d", st.Keyword, st.Line)
		}
		got = append(got, line)
	}
	want := []string{
		"a-single 8: Given:3 Given:6 Then:9",
		"a-of-x#1 14: Given:3 Given:6 Then:11",
		"a-of-x#2 15: Given:3 Given:6 Then:11",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// checkChosen wants scenarios of a person's own to be chosen by an expression, also by the
// tags that they lacked.
func checkChosen(t *testing.T, all []Scenario, tags string, want ...string) {
	t.Helper()
	chosen, err := chooseScenarios(all, tags)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range chosen {
		got = append(got, s.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", tags, diff)
	}
}
