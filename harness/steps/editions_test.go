package steps_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/lang"
	"labcheck/harness/steps"
	"labcheck/harness/suite"
)

// TestEditionsAreEqual holds that the features say the same in each language:
// the same claims in the same order, of the same sentences about the same
// values, with the same commands and the same tables.
func TestEditionsAreEqual(t *testing.T) {
	en, ja := load(t, lang.English), load(t, lang.Japanese)
	if diff := cmp.Diff(outline(en), outline(ja)); diff != "" {
		t.Fatalf("scenarios (-en +ja):\n%s", diff)
	}
	for i, s := range en {
		if diff := cmp.Diff(meaning(t, lang.English, s), meaning(t, lang.Japanese, ja[i])); diff != "" {
			t.Errorf("%s (-%s:%d +%s:%d):\n%s", s.ID, s.File, s.Line, ja[i].File, ja[i].Line, diff)
		}
	}
}

// TestEditionsAreInTheirLanguage holds that nothing was left untranslated.
func TestEditionsAreInTheirLanguage(t *testing.T) {
	for _, l := range languages() {
		for _, s := range load(t, l) {
			texts := []string{s.Feature, s.Name}
			for _, st := range s.Steps {
				texts = append(texts, st.Keyword, st.Text)
			}
			for _, text := range texts {
				if japanese.MatchString(text) != (l == lang.Japanese) {
					t.Errorf("%s:%d: %q", s.File, s.Line, text)
				}
			}
		}
	}
}

var japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)

// outline is what the editions have in common to the letter.
func outline(all []suite.Scenario) []string {
	var lines []string
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("%s %s %s", path.Base(s.File), s.ID, strings.Join(s.Tags, " ")))
	}
	return lines
}

// meaning is a scenario without its language: of each step the kind, which
// sentence it is, the values in it, and what stands below it.
func meaning(t *testing.T, l lang.Language, s suite.Scenario) []string {
	t.Helper()
	lines := []string{"name: " + strings.Join(figures(s.Name), " ")}
	for _, st := range s.Steps {
		as := understood(l, st.Text)
		if len(as) != 1 {
			t.Fatalf("%s:%d: %q is understood as %q", s.File, st.Line, st.Text, as)
		}
		values := compiled(as[0].Expr.In(l)).FindStringSubmatch(st.Text)[1:]
		lines = append(lines, fmt.Sprintf("%s %s %q %q", kind(st.Keyword), as[0].Expr.EN, words(values), figures(st.Text)))
		lines = append(lines, steps.Typed(docString(st))...)
		for _, row := range table(st) {
			lines = append(lines, strings.Join(words(row), " | "))
		}
	}
	return lines
}

// docString returns what a step has below it, between quotation marks; empty if it has none.
func docString(st suite.Step) string {
	if st.Argument == nil || st.Argument.DocString == nil {
		return ""
	}
	return st.Argument.DocString.Content
}

// table returns the cells of the table that a step has below it, by row; nil if it has none.
func table(st suite.Step) (rows [][]string) {
	if st.Argument == nil || st.Argument.DataTable == nil {
		return nil
	}
	for _, r := range st.Argument.DataTable.Rows {
		var cells []string
		for _, c := range r.Cells {
			cells = append(cells, c.Value)
		}
		rows = append(rows, cells)
	}
	return rows
}

// words are values with labcheck's own words in English.
func words(values []string) []string {
	var all []string
	for _, v := range values {
		all = append(all, steps.EnglishWord(v))
	}
	return all
}

// kind is the English keyword of a step.
func kind(keyword string) string {
	if en := map[string]string{"前提": "Given", "もし": "When", "ならば": "Then", "かつ": "And"}[keyword]; en != "" {
		return en
	}
	return keyword
}

// figures are the names and numbers of a text, such as frontend01,
// 192.168.33.20:2375 and 3375, in the order of the alphabet; of three digits or
// more, as each language has its own way to write small numbers.
func figures(text string) []string {
	found := regexp.MustCompile(`[A-Za-z]+\d+|\d[\d.:]+\d`).FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// TestWordsAreUsed holds that each word which the code reads in both languages
// is one that both editions have, and one word in each language.
func TestWordsAreUsed(t *testing.T) {
	for _, l := range languages() {
		var text strings.Builder
		for _, s := range load(t, l) {
			for _, st := range s.Steps {
				fmt.Fprintln(&text, st.Text, table(st))
			}
		}
		seen := map[string]bool{}
		for _, w := range steps.Words() {
			word := w.In(l)
			if !strings.Contains(text.String(), word) {
				t.Errorf("no feature says %q", word)
			}
			if seen[word] {
				t.Errorf("%q has two meanings", word)
			}
			seen[word] = true
		}
	}
}
