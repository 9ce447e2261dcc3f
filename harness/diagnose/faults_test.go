package diagnose_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
)

// fault is a way to break a cluster: testdata/faults/README.md.
type fault struct {
	file   string // of the table, without its ending: 1-hosts
	name   string
	what   lang.Text
	steps  []action
	expect []expected
	undo   []action
	long   bool // left to make faults
	remedy bool // the findings' own commands mend it
}

// action is a line that does something to a node, or to several.
type action struct {
	verb  string // on, flags, entry, stop, pause, restart
	nodes []string
	text  string // a command, or a sed expression
}

// expected is a finding.
type expected struct{ code, node string }

func (e expected) String() string { return strings.TrimSpace(e.code + " " + e.node) }

// nothing is what is to be found under a fault that is none.
const nothing = "nothing"

// isSpelling reports whether a fault is none, but what the page has in another form.
func (f fault) isSpelling() bool { return strings.HasSuffix(f.file, "-spellings") }

func readFaults(t *testing.T) []fault {
	t.Helper()
	files, err := filepath.Glob("testdata/faults/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []fault
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range archive.Files {
			f := fault{file: strings.TrimSuffix(filepath.Base(file), ".txtar"), name: section.Name}
			for line := range strings.Lines(string(section.Data)) {
				if err := f.line(strings.TrimSpace(line)); err != nil {
					t.Fatalf("%s, %s: %q: %v", file, f.name, line, err)
				}
			}
			all = append(all, f)
		}
	}
	return all
}

func (f *fault) line(s string) error {
	verb, rest, _ := strings.Cut(s, " ")
	switch verb {
	case "":
		return nil
	case "#":
		f.what.EN = rest
		return nil
	case "#ja":
		f.what.JA = rest
		return nil
	case "expect", "also":
		code, node, _ := strings.Cut(rest, " ")
		if code == nothing {
			return nil
		}
		f.expect = append(f.expect, expected{code, node})
		return nil
	case "long":
		f.long = true
		return nil
	case "by":
		f.remedy = true
		return nil
	case "undo":
		a, err := parseAction(rest)
		f.undo = append(f.undo, a)
		return err
	}
	a, err := parseAction(s)
	f.steps = append(f.steps, a)
	return err
}

func parseAction(s string) (action, error) {
	verb, rest, _ := strings.Cut(s, " ")
	switch verb {
	case "stop", "pause", "restart":
		return action{verb: verb, nodes: strings.Fields(rest)}, nil
	case "on", "flags", "entry":
		node, text, ok := strings.Cut(rest, ": ")
		if !ok {
			return action{}, fmt.Errorf("NODE: TEXT is missing")
		}
		return action{verb, []string{node}, text}, nil
	}
	return action{}, fmt.Errorf("unknown")
}

// TestFaults wants a table that breaks everything, and nothing twice.
func TestFaults(t *testing.T) {
	all := readFaults(t)
	if len(all) < 40 {
		t.Errorf("%d faults", len(all))
	}
	seen := map[string]bool{}
	for _, f := range all {
		switch {
		case seen[f.name]:
			t.Errorf("%s is there twice", f.name)
		case f.what.EN == "" || f.what.JA == "" || len(f.steps) == 0 || len(f.expect) == 0 && !f.isSpelling():
			t.Errorf("%s lacks what it is, does or expects", f.name)
		case !f.remedy && len(f.undo) == 0:
			t.Errorf("%s is not undone", f.name)
		}
		seen[f.name] = true
	}
}

// tablePages are the pages with the tables, by language.
var tablePages = map[lang.Language]string{
	lang.English: "../../docs/diagnosis.md", lang.Japanese: "../../docs/ja/diagnosis.md",
}

// TestSections wants docs/diagnosis.md to have the section that each code names.
func TestSections(t *testing.T) {
	text, err := os.ReadFile(tablePages[lang.English])
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
			anchors[anchor(heading)] = true
		}
	}
	for _, c := range diagnose.Codes() {
		if !anchors[c.Section] {
			t.Errorf("docs/diagnosis.md has no section %s, of %s", c.Section, c.Code)
		}
	}
}

// anchor is how GitHub links to a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "-")
}
