package diagnose_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
)

var updatePages = flag.Bool("update-pages", false, "write docs/codes anew, from the table of codes")

// TestExplain wants each code to be explained whole, in both languages.
func TestExplain(t *testing.T) {
	for _, c := range diagnose.Codes() {
		for _, l := range []lang.Language{lang.English, lang.Japanese} {
			e, ok := diagnose.Explain(c.Code, l)
			if !ok || e.Means == "" || e.Looks == "" || e.Why == "" || len(e.Fix) == 0 || len(e.Links) == 0 && c.Code != "unexplained" {
				t.Errorf("%s in %s: %+v", c.Code, l, e)
			}
		}
	}
	if _, ok := diagnose.Explain("no-such-code", lang.English); ok {
		t.Error("a code is explained that does not exist")
	}
}

// TestPages wants the pages below docs/codes to be what the table says.
func TestPages(t *testing.T) {
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		for name, want := range pages(l) {
			file := filepath.Join("../..", name)
			if *updatePages {
				if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != want {
				t.Errorf("%s is out of date: go test ./harness/diagnose -run TestPages -update-pages (%v)", name, err)
			}
		}
	}
}

// pages returns the pages of a language by their names: a page a section.
func pages(l lang.Language) map[string]string {
	made := map[string]string{}
	for _, c := range diagnose.Codes() {
		e, _ := diagnose.Explain(c.Code, l)
		name, _, _ := strings.Cut(e.Doc, "#")
		if made[name] == "" {
			made[name] = fmt.Sprintf("# %s\n\n%s\n", strings.ReplaceAll(c.Section, "-", " "), intro[l])
		}
		made[name] += pageOf(e, l)
	}
	return made
}

var intro = map[lang.Language]string{
	lang.English:  "What `labcheck explain` says of these codes. Written by `go test ./harness/diagnose -run TestPages -update-pages`.",
	lang.Japanese: "`labcheck explain` がこれらのコードについて表示する内容。`go test ./harness/diagnose -run TestPages -update-pages` が生成する。",
}

func pageOf(e diagnose.Explained, l lang.Language) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s\n", e.Code, e.Means)
	for _, part := range e.Parts(l) {
		text := strings.Join(part.Lines, "\n")
		switch {
		case part.IsCode:
			text = "```\n" + text + "\n```"
		case len(part.Lines) > 1:
			text = "- " + strings.Join(part.Lines, "\n- ")
		}
		fmt.Fprintf(&b, "\n**%s**\n\n%s\n", part.Title, text)
	}
	return b.String()
}

// TestSectionsOrder holds that the codes of a section stand together.
func TestSectionsOrder(t *testing.T) {
	var sections []string
	for _, c := range diagnose.Codes() {
		sections = append(sections, c.Section)
	}
	sections = slices.Compact(sections)
	if n := len(sections); n != len(slices.Compact(slices.Sorted(slices.Values(sections)))) {
		t.Errorf("%q", sections)
	}
}
