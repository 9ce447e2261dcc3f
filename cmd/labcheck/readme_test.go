package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmesAreEqual holds that README.md and README.ja.md say the same, as far
// as that can be seen: the same headings, tables, lists and blocks in the same
// order, and the same commands, flags and files in each of them.
func TestReadmesAreEqual(t *testing.T) {
	en, ja := readme(t, "README.md"), readme(t, "README.ja.md")
	if len(en) < 50 {
		t.Fatalf("README.md has %d parts", len(en))
	}
	if diff := cmp.Diff(en, ja); diff != "" {
		t.Errorf("README.md and README.ja.md (-en +ja):\n%s", diff)
	}
}

// readme is a page without its language: each of its parts with what is code in
// it, and each part of a table or a list.
func readme(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for i, fenced := range strings.Split(string(text), "\n```") {
		if i%2 == 1 {
			parts = append(parts, block(fenced))
			continue
		}
		for _, part := range strings.Split(strings.TrimSpace(fenced), "\n\n") {
			parts = append(parts, markup(part)...)
		}
	}
	return parts
}

// block is code: how many lines, and which of them are typed.
func block(code string) string {
	typed := regexp.MustCompile(`(?m)^(\$ |    ).*$`).FindAllString(code, -1)
	return fmt.Sprintf("block of %d lines: %q", strings.Count(code, "\n"), typed)
}

// markup gives a heading, a paragraph, an indented block, the rows of a table
// or the items of a list.
func markup(part string) []string {
	switch kind, _, _ := strings.Cut(part, " "); {
	case strings.HasPrefix(part, "    "):
		return []string{block(part)}
	case strings.HasPrefix(part, "<!-- faults "):
		return nil // its table is in README.md alone
	case strings.HasPrefix(part, "#"):
		return []string{kind}
	case kind == "|":
		var rows []string
		for _, row := range strings.Split(part, "\n") {
			rows = append(rows, fmt.Sprintf("row of %d: %q", strings.Count(row, "|")-1, code(row)))
		}
		return rows
	case kind == "-":
		var items []string
		for _, item := range strings.Split(part, "\n- ") {
			items = append(items, fmt.Sprintf("item: %q", code(item)))
		}
		return items
	}
	return []string{fmt.Sprintf("paragraph: %q", code(part))}
}

// code is what a text has as code, and where it links to, in the order of the
// alphabet: sentences have theirs in each language. What labcheck says and links
// to headings are left out, they are in the language.
func code(text string) []string {
	text = strings.ReplaceAll(text, "\n", " ")
	var all []string
	for _, m := range regexp.MustCompile("`([^`]+)`|\\]\\(([^)]+)\\)").FindAllStringSubmatch(text, -1) {
		found := m[1] + m[2]
		if !strings.HasPrefix(m[2], "#") && !said.MatchString(found) && !strings.HasPrefix(found, "README") {
			all = append(all, strings.Join(strings.Fields(found), " "))
		}
	}
	slices.Sort(all)
	return all
}

var said = regexp.MustCompile(`can't be used|can be reached|[\p{Hiragana}\p{Katakana}\p{Han}]`)
